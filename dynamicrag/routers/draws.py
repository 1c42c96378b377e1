"""Draws among options whose probability is exactly the one in the decision's record.

Off-policy evaluation divides by that probability, so every router with a random element draws here, or by
:func:`~dynamicrag.predictors.selection.select`, which uses the same two functions: mix, then draw.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from hashlib import sha256

import numpy as np

from dynamicrag.predictors.drawing import draw, mixed
from dynamicrag.predictors.exploration import Exploration
from dynamicrag.routers.base import Choice, StageContext

__all__ = ["FIELDS", "Explore", "drawn", "generator", "replaced"]


@dataclass(frozen=True, slots=True)
class Explore(Exploration):
    """A router's exploration, in a policy: ``explore: {epsilon: 0.05}``.

    Attributes:
        seed: Seed of the draws.
    """

    seed: int = 0


FIELDS = tuple(field.name for field in fields(Explore))
"""Keys of ``explore`` in a policy."""


def generator(seed: int, context: StageContext) -> np.random.Generator:
    """Return the random generator of one decision.

    It depends only on the seed, the stage, the query's id, the open options and the number of drafts. So a
    draw can be repeated and does not depend on concurrent work; and a stage that is decided again within a
    query, with other options open or after another draft, draws independently of the first time.
    """
    open_ = "".join("01"[allowed] for allowed in context.allowed)
    key = f"{seed}:{context.stage}:{context.query.id}:{open_}:{len(context.attempts)}"
    return np.random.default_rng(int.from_bytes(sha256(key.encode()).digest()))


def drawn(context: StageContext, chances: Sequence[float], *, seed: int, epsilon: float = 0.0) -> Choice:
    """Draw an open option from ``(1 - ε) · chances + ε · uniform``.

    Args:
        context: The decision.
        chances: Weights of the options, as for :func:`~dynamicrag.predictors.selection.mixed`.
        seed: Seed of the draw.
        epsilon: ε: share of the uniform distribution over the open options.
    """
    own = mixed(chances, list(context.allowed), epsilon)
    index = int(own.argmax()) if own.max() == 1.0 else int(draw(own, generator(seed, context)))
    chance = float(own[index])
    return Choice(index, f"drawn with probability {chance:.2f}", chance, chances=own.tolist())


def replaced(choice: Choice, context: StageContext) -> Choice:
    """Return a choice whose option is replaced by the nearest open option if it has closed since.

    An option is then taken whenever it, or an option that it replaces, is drawn: their probabilities add up.
    """
    index, propensity = context.nearest(choice.index), choice.propensity
    if choice.chances is not None:
        drawn = (p for i, p in enumerate(choice.chances) if p > 0 and context.nearest(i) == index)
        propensity = min(1.0, sum(drawn))
    if index == choice.index:
        return replace(choice, propensity=propensity)
    why = f"{choice.reason}; no longer fits after asking: the nearest option that fits"
    return replace(choice, index=index, reason=why, propensity=propensity)
