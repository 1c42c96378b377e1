"""Verification by thresholds on the verifiers' signals."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from dynamicrag.errors import PolicyError
from dynamicrag.features.nearness import nearness
from dynamicrag.routers.base import ROUTERS, Choice, Router, StageContext
from dynamicrag.types import Option

FINDINGS = ("unanswerable", "ungrounded", "unsure")


class Limit(NamedTuple):
    """A limit of a signal, and the finding if it is violated."""

    finding: str
    signal: str
    least: float = -math.inf
    most: float = math.inf

    @property
    def bounds(self) -> bool:
        """Whether the limit has an effect: no share or probability is below 0."""
        return self.least not in (0.0, -math.inf) or self.most < math.inf


@ROUTERS.register("thresholds")
class Thresholds(Router):
    """Accepts a draft that passes every threshold.

    Otherwise follows the policy's table for the first finding.

    The order is ``unanswerable``, then ``ungrounded``, then ``unsure``. For the first finding, the stages
    that ``escalate`` lists for it (or ``refine``) are tried in turn. When none of them is left, a draft that
    declines or is ungrounded is asked for again, if the policy has the option ``ask_again`` and it is open.
    After that it abstains if ``abstain`` lists the finding, and otherwise accepts the draft. A missing signal
    cannot fail. If a verifier failed and the policy then does not accept the draft, the finding is
    ``unverified``.

    If the documents may not cover the question at all (see :func:`~dynamicrag.features.nearness.nearness`)
    and the policy's ``outside`` is ``answer``, an ungrounded draft is accepted as the model's own answer, and
    marked.

    Args:
        groundedness: Minimum share of the answer's words found in the passages.
        token_margin: Minimum margin of the first token.
        ungrounded: Minimum value by signal; a draft below one is ungrounded.
        unsure: Minimum value by signal; a draft below one is unsure.
        unsure_above: Maximum value by signal, for example of ``perplexity``; a draft above one is unsure.
        abstain: Findings that justify abstaining.
    """

    when = ("post-generation", "multi-stage")
    uses = ("query", "response")
    reads_text = False
    parameter_hint = "a signal of another verifier goes under 'unsure' or 'ungrounded': {unsure: {tone: 0.5}}"
    paper = "Chen et al. 2023, FrugalGPT, arXiv 2305.05176; Ramirez et al. 2024 (first-token margin)"

    def __init__(
        self,
        *,
        groundedness: float = 0.0,
        token_margin: float = 0.0,
        ungrounded: Mapping[str, float] | None = None,
        unsure: Mapping[str, float] | None = None,
        unsure_above: Mapping[str, float] | None = None,
        abstain: Sequence[str] = ("unanswerable",),
    ) -> None:
        grounded = {"groundedness": groundedness, **(ungrounded or {})}
        sure = {"token_margin": token_margin, **(unsure or {})}
        self.limits = (
            Limit("unanswerable", "unanswerable", most=0.5),
            *(Limit("ungrounded", signal, least=least) for signal, least in grounded.items()),
            *(Limit("unsure", signal, least=least) for signal, least in sure.items()),
            *(Limit("unsure", signal, most=most) for signal, most in (unsure_above or {}).items()),
        )
        self.reads = tuple(dict.fromkeys((*(ungrounded or ()), *(unsure or ()), *(unsure_above or ()))))
        if unknown := set(abstain) - set(FINDINGS):
            raise ValueError(f"abstain: unknown finding {sorted(unknown)}; valid: {', '.join(FINDINGS)}")
        self.abstain = tuple(abstain)

    def check(self, stage: str, options: Sequence[Option], where: str) -> None:  # noqa: ARG002
        """See the base class."""
        if stage != "verification":
            raise PolicyError(f"{where}: 'thresholds' judges drafts; it belongs to the stage 'verification'")

    def verdict(self, signal: str) -> Callable[[float], bool] | None:
        """See the base class."""
        own = [limit for limit in self.limits if limit.signal == signal and limit.bounds]
        return (lambda value: all(limit.least <= value <= limit.most for limit in own)) if own else None

    async def choose(self, context: StageContext) -> Choice:
        """See the base class."""
        finding, reason = self.finding(context.features)
        accept = context.move("accept")
        if finding is None and accept is not None:
            return Choice(accept, reason)
        if finding is None:
            finding, reason = "unverified", "unverified: a verifier failed"
        for name in context.settings.get("escalate", {}).get(finding, ()):
            index = context.move("refine") if name == "refine" else context.move("redo", name)
            if index is not None:
                return Choice(index, reason)
        again = context.move("ask_again") if finding in ("unanswerable", "ungrounded") else None
        if again is not None:
            return Choice(again, f"{reason}: asked for once more")
        if accept is None:
            return Choice(context.nearest(0), reason)
        if finding == "ungrounded" and context.settings.get("outside") == "answer":
            near = nearness(context.features)
            if near != "near":
                return Choice(accept, f"not from the documents ({near}): {reason}", outside=True)
        given_up = context.move("abstain") if finding in self.abstain else None
        if given_up is not None:
            return Choice(given_up, reason)
        return Choice(accept, reason if finding in self.abstain else f"{reason}; nothing left to try")

    def finding(self, features: Mapping[str, float]) -> tuple[str | None, str]:
        """Return the first finding against the draft, if any, with its figures."""
        for finding, signal, least, most in self.limits:
            value = features.get(signal)
            if value is None or least <= value <= most:
                continue
            if signal == finding:
                return finding, finding
            limit = f"< {least:.2f}" if value < least else f"> {most:.2f}"
            return finding, f"{finding}: {signal} {value:.2f} {limit}"
        return None, "passes"
