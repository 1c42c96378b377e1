"""One documented set of rules per stage, on lexical, retrieval and response signals.

The rules need no training and work for any options: a rule returns a strength from 0 (the weakest option) to
1 (the strongest), and the reason. They are the starting point that a learnt router must beat.
"""

from collections.abc import Callable, Mapping, Sequence

from dynamicrag.errors import PolicyError
from dynamicrag.features.nearness import nearness
from dynamicrag.features.needless import needless
from dynamicrag.routers.base import ROUTERS, Choice, Router, StageContext
from dynamicrag.types import Option

Rule = Callable[[Mapping[str, float], Mapping[str, str]], tuple[float | str, str]]
"""Function from features and path to a strength, or to a name if options have no order; with the reason."""

NONE, REUSE, SINGLE, EXTEND, ITERATIVE = 0.0, 0.4, 0.5, 0.6, 1.0
NOTHING = -1.0
"""Strength of a context that shows nothing, if there is one."""


def retrieval(features: Mapping[str, float], path: Mapping[str, str]) -> tuple[float, str]:  # noqa: ARG001
    """Retrieve once, except for small talk, sums and questions about the conversation itself.

    A question that plainly continues the turn before is answered from the passages of that turn if they have
    all of its own words; otherwise, they are added to what is found. Words missing from the documents are no
    reason to skip retrieval: people use their own words. Iterative retrieval is left to policies that fix it,
    and to learnt routers.
    """
    if reason := needless(features):
        return NONE, reason
    if features.get("leans") and features.get("last_passages"):
        if features["leans"] == 1.0 and features["last_matched"] == 1.0:
            return REUSE, "it continues the turn before, whose passages have its words"
        return EXTEND, "it continues the turn before"
    return SINGLE, "a question for the documents"


def retriever(features: Mapping[str, float], path: Mapping[str, str]) -> tuple[float, str]:  # noqa: ARG001
    """Take the last: retrievers are listed weakest first, and all are cheap compared with a model's call."""
    return 1.0, "the strongest retriever"


def context(features: Mapping[str, float], path: Mapping[str, str]) -> tuple[float, str]:  # noqa: ARG001
    """Show nothing if the documents do not cover the question; otherwise take the short context first.

    A longer context costs in proportion; escalation can still choose it.
    """
    if nearness(features) == "far":
        return NOTHING, "the documents do not cover it"
    return 0.0, "short first"


def prompt(features: Mapping[str, float], path: Mapping[str, str]) -> tuple[str, str]:
    """Answer directly; compare dates and origins from passages; reason over verbal sums without passages.

    On 44 comparison questions of 2WikiMultihopQA, the 1.5B model answers .56 directly and .66 by comparing,
    in the first wording of the prompt, at 1.34 times the joules. Lengths and sizes are left to the direct
    prompt: they have too many units.
    """
    if path.get("retrieval") == "none":
        wordy = features["numbers"] >= 2 and features["words"] > 12
        return ("cot", "a sum in words") if wordy else ("direct", "short answer")
    return ("compare", "dates or origins to compare") if features["ranks"] else ("direct", "short answer")


def generator(features: Mapping[str, float], path: Mapping[str, str]) -> tuple[float, str]:
    """Use the strongest model, except for small talk, and save on its input instead.

    On HotpotQA's first 30 questions with four passages the 1.5B model has an F1 of .57 and the 0.5B of .38 at
    half the energy; twice the passages cost as much as the larger model, and improve neither. Without
    passages the prompt is short: on 10 such questions the 1.5B has .80 and the 0.5B .44, at 4.0 and 3.2 J.
    """
    if path.get("retrieval") == "none":
        return (0.0, "small talk") if features["greeting"] else (1.0, "general knowledge")
    return 1.0, "passages to read"


_RULES: dict[str, Rule] = {
    "retrieval": retrieval,
    "retriever": retriever,
    "context": context,
    "prompt": prompt,
    "generator": generator,
}
_PLANNED: dict[str, float] = {"retrieval": SINGLE, "retriever": 1.0, "context": 0.0, "generator": 1.0}
_RETRIEVAL: dict[str, float] = {
    "none": NONE, "reuse": REUSE, "single": SINGLE, "extend": EXTEND, "iterative": ITERATIVE
}  # fmt: skip


@ROUTERS.register("heuristic")
class Heuristic(Router):
    """Hand-written rules, one set per stage; see the functions of this module.

    Verification uses ``thresholds`` instead.
    """

    paper = "Jeong et al. 2024, Adaptive-RAG, arXiv 2403.14403 (the idea; the rules are our own)"
    reads_text = False

    def check(self, stage: str, options: Sequence[Option], where: str) -> None:  # noqa: ARG002
        """See the base class."""
        if stage not in _RULES:
            raise PolicyError(f"{where}: 'heuristic' has no rules for {stage}; use 'thresholds'")

    def planned(self, stage: str, options: Sequence[Option]) -> int:
        """See the base class."""
        return _position(stage, options, _PLANNED.get(stage, 0.0))

    async def choose(self, context: StageContext) -> Choice:
        """See the base class."""
        strength, reason = _RULES[context.stage](context.features, context.path)
        wanted = _position(context.stage, context.options, strength)
        index = context.nearest(wanted)
        if index != wanted:
            reason = f"{context.options[wanted].name!r} is closed: the nearest option that is open"
        return Choice(index, reason)


def _position(stage: str, options: Sequence[Option], wanted: float | str) -> int:
    names = [option.name for option in options]
    if stage == "context" and isinstance(wanted, float):  # strengths apply to options that show passages
        blank = sum(option.params.get("chunks") == 0 for option in options)
        shown = max(0, len(names) - blank - 1)
        return 0 if wanted < 0 else min(blank, len(names) - 1) + round(wanted * shown)
    if isinstance(wanted, str):
        return names.index(wanted) if wanted in names else 0
    if stage == "retrieval":  # by name: 'single' stays 'single' without 'iterative'
        return min(range(len(names)), key=lambda i: abs(_RETRIEVAL[names[i]] - wanted))
    return round(wanted * (len(names) - 1))
