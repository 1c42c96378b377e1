"""Verification by thresholds on the verifiers' signals."""

from collections.abc import Mapping, Sequence

from dynamicrag.errors import PolicyError
from dynamicrag.routers.base import ROUTERS, Choice, Router, StageContext
from dynamicrag.types import Option, Stage


@ROUTERS.register("thresholds")
class Thresholds(Router):
    """Accepts what passes every threshold; else does what the policy's table says of the first failing.

    The order is ``unanswerable``, then ``ungrounded`` (groundedness below its threshold), then
    ``unsure`` (token margin below its threshold). For the one that fails, the stages that
    ``escalate`` lists for it are tried in turn; when none of them has a stronger option left that
    may still be tried, the answer is given up if ``abstain`` lists the finding, and else stands. A
    signal that is not there cannot fail.

    Args:
        groundedness: Least share of the answer's words found in the passages.
        token_margin: Least margin of the first token.
        abstain: Findings that are worth abstaining for.
    """

    when = ("post-generation", "multi-stage")
    uses = ("query", "response")
    paper = "Chen et al. 2023, FrugalGPT, arXiv 2305.05176; Ramirez et al. 2024 (first-token margin)"
    computes = True

    def __init__(
        self,
        *,
        groundedness: float = 0.0,
        token_margin: float = 0.0,
        abstain: Sequence[str] = ("unanswerable",),
    ) -> None:
        self.limits: Mapping[str, tuple[str, float]] = {
            "unanswerable": ("unanswerable", 0.5),
            "ungrounded": ("groundedness", groundedness),
            "unsure": ("token_margin", token_margin),
        }
        if unknown := set(abstain) - set(self.limits):
            raise ValueError(f"abstain: unknown finding {sorted(unknown)}; valid: {', '.join(self.limits)}")
        self.abstain = tuple(abstain)

    def check(self, stage: Stage, options: Sequence[Option], where: str) -> None:  # noqa: ARG002
        """See the base class."""
        if stage != "verification":
            raise PolicyError(f"{where}: 'thresholds' judges drafts; it belongs to the stage 'verification'")

    async def choose(self, context: StageContext) -> Choice:
        """See the base class."""
        finding, reason = self.finding(context.features)
        if finding is None:
            return self._take(context, "accept", reason)
        for stage in context.settings.get("escalate", {}).get(finding, ()):
            index = context.index(f"escalate:{stage}")
            if index is not None:
                return Choice(index, reason)
        if finding in self.abstain:
            return self._take(context, "abstain", reason)
        return self._take(context, "accept", f"{reason}; nothing left to try")

    def finding(self, features: Mapping[str, float]) -> tuple[str | None, str]:
        """Return the first finding against the draft, if any, with its figures."""
        for finding, (signal, limit) in self.limits.items():
            value = features.get(signal)
            if value is None:
                continue
            if signal == "unanswerable":
                if value > limit:
                    return finding, finding
            elif value < limit:
                return finding, f"{finding}: {signal} {value:.2f} < {limit:.2f}"
        return None, "passes"

    @staticmethod
    def _take(context: StageContext, name: str, reason: str) -> Choice:
        index = context.index(name)
        return Choice(context.nearest(0) if index is None else index, reason)
