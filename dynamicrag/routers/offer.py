"""Routers that estimate every option's quality; :func:`take` alone trades it against cost."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dynamicrag.cost.vector import Cost
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.selection import select
from dynamicrag.routers.base import Choice, Router, StageContext
from dynamicrag.routers.draws import Explore, generator

SHOWN = 0.005
"""Weighted cost from which a reason names it."""


@dataclass(frozen=True, slots=True)
class Offer:
    """The estimates of a stage's options, before selection; each sequence has one entry per option.

    Attributes:
        quality: Estimated quality, (k,); NaN for an option without an estimate, which must be closed.
        price: Weighted expected cost, (k,), in units of quality.
        open: Whether each option is a candidate; at least one is.
        spread: Standard deviation of the estimates, (k,); ``None`` if unknown.
        expected: Expected costs, if the router assumes another path than the planned one.
        reason: The evidence for each option; ``""`` if there is none.
        base: The estimates before online learning, (k,); ``None`` without it.
        state: See :class:`~dynamicrag.routers.base.Choice`.
    """

    quality: Floats
    price: Floats
    open: Sequence[bool]
    spread: Floats | None = None
    expected: Sequence[Cost] | None = None
    reason: Sequence[str] = ()
    base: Floats | None = None
    state: int | None = None


class Estimating(Router):
    """A router that estimates, and leaves the choice to selection.

    Attributes:
        explore: The rate of options other than the best.
    """

    explore: Explore

    @abstractmethod
    async def offer(self, context: StageContext) -> Offer | Choice:
        """Return the estimates of the options; or a choice where nothing is to be traded."""

    async def choose(self, context: StageContext) -> Choice:
        """See the base class."""
        offer = await self.offer(context)
        return offer if isinstance(offer, Choice) else take(offer, context, self.explore)


def take(offer: Offer, context: StageContext, explore: Explore) -> Choice:
    """Return the open option with the highest quality minus price, or a draw by the exploration."""
    chosen = select(
        offer.quality, offer.price[:, None], [1.0], allowed=offer.open, spread=offer.spread,
        explore=explore, rng=generator(explore.seed, context) if explore.draws else None,
    )  # fmt: skip
    index = int(chosen.index)
    return Choice(
        index=index,
        reason=_reason(context, offer, index),
        propensity=float(chosen.propensity),
        chances=None if chosen.drawn is None else chosen.drawn.tolist(),
        quality=_known(offer.quality),
        spread=None if offer.spread is None else _known(offer.spread),
        expected=offer.expected,
        base=None if offer.base is None else _known(offer.base),
        state=offer.state,
    )


def _known(values: Floats) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in values]


def _reason(context: StageContext, offer: Offer, index: int) -> str:
    """Return the figures that decided, of the chosen option and of its best rival, and the evidence."""
    quality, price = offer.quality, offer.price
    others = [i for i, is_open in enumerate(offer.open) if is_open and i != index]
    why = f"; {offer.reason[index]}" if offer.reason and offer.reason[index] else ""
    own = f"estimated {_worth(quality[index], price[index])}"
    own += " for its cost" if price[index] >= SHOWN else ""
    if not others:
        return f"{own}; nothing else is open{why}"
    rival = max(others, key=lambda i: quality[i] - price[i])
    other = _worth(quality[rival], price[rival])
    return f"{own}, against {other} for {context.options[rival].name}{why}"


def _worth(quality: float, price: float) -> str:
    return f"{quality:.2f} less {price:.2f}" if price >= SHOWN else f"{quality:.2f}"
