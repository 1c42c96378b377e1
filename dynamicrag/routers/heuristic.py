"""One documented set of rules per stage, on lexical, retrieval and response signals.

The rules need no training and hold for any options: a rule returns a strength from 0 (the weakest
option) to 1 (the strongest), and the reason. They are the starting point that a learnt router must beat.
"""

from collections.abc import Callable, Mapping, Sequence

from dynamicrag.errors import PolicyError
from dynamicrag.features.nearness import nearness
from dynamicrag.routers.base import ROUTERS, Choice, Router, StageContext
from dynamicrag.types import Option

Rule = Callable[[Mapping[str, float], Mapping[str, str]], tuple[float | str, str]]
"""Features and path to a strength, or to a name where no option is the stronger; and the reason."""

NONE, SINGLE, ITERATIVE = 0.0, 0.5, 1.0
NOTHING = -1.0
"""Strength of a context that shows nothing, where there is one."""
NO_DOCUMENTS = {
    "greeting": "small talk",
    "sum": "a sum",
    "about_conversation": "about the conversation",
    "follows_none": "it goes on with what was not looked up",
}
"""Signs, with their reasons, that a question needs no documents."""


def retrieval(features: Mapping[str, float], path: Mapping[str, str]) -> tuple[float, str]:  # noqa: ARG001
    """Retrieve once, but for small talk, sums and what is about the conversation itself.

    Words that the documents lack are no reason: people ask in words of their own. Iterative retrieval is left
    to policies that fix it, and to learnt routers.
    """
    for sign, reason in NO_DOCUMENTS.items():
        if features.get(sign):
            return NONE, reason
    return SINGLE, "a question for the documents"


def retriever(features: Mapping[str, float], path: Mapping[str, str]) -> tuple[float, str]:  # noqa: ARG001
    """Take the last: retrievers are listed weakest first, and all are cheap beside a model's call."""
    return 1.0, "the one that misses least"


def context(features: Mapping[str, float], path: Mapping[str, str]) -> tuple[float, str]:  # noqa: ARG001
    """Show nothing of documents that do not speak of the question; else take the short context first.

    A longer one costs in proportion, and is there to escalate to.
    """
    if nearness(features) == "far":
        return NOTHING, "the documents do not speak of it"
    return 0.0, "short first"


def prompt(features: Mapping[str, float], path: Mapping[str, str]) -> tuple[str, str]:
    """Answer directly; compare dates and origins that passages give; reason over sums in words without any.

    Of 44 questions of 2WikiMultihopQA that compare, the 1.5B answers .56 directly and .66 by comparing, in
    the first wording of the prompt, at 1.34 times the joules. Lengths and sizes are left to the direct
    prompt: they come in too many units.
    """
    if path.get("retrieval") == "none":
        wordy = features["numbers"] >= 2 and features["words"] > 12
        return ("cot", "a sum in words") if wordy else ("direct", "short answer")
    return ("compare", "dates or origins to compare") if features["ranks"] else ("direct", "short answer")


def generator(features: Mapping[str, float], path: Mapping[str, str]) -> tuple[float, str]:
    """Let the strongest model answer, but for small talk, and save on what it reads.

    Of HotpotQA's first 30 questions with four passages the 1.5B has an F1 of .57 and the 0.5B of .38 at half
    the energy; with twice the passages, which cost as much as the larger model does, neither is better.
    Without any a question is short: on 10 such ones the 1.5B has .80 and the 0.5B .44, at 4.0 and 3.2 J.
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
_RETRIEVAL: dict[str, float] = {"none": NONE, "single": SINGLE, "iterative": ITERATIVE}


@ROUTERS.register("heuristic")
class Heuristic(Router):
    """Rules by hand, one set per stage; see the functions of this module.

    Verification has ``thresholds`` instead.
    """

    paper = "Jeong et al. 2024, Adaptive-RAG, arXiv 2403.14403 (the idea; the rules are our own)"

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
    if stage == "context" and isinstance(wanted, float):  # strengths are those of options that show anything
        blank = sum(option.params.get("chunks") == 0 for option in options)
        shown = max(0, len(names) - blank - 1)
        return 0 if wanted < 0 else min(blank, len(names) - 1) + round(wanted * shown)
    if isinstance(wanted, str):
        return names.index(wanted) if wanted in names else 0
    if stage == "retrieval":  # by name: 'single' stays 'single' where 'iterative' is not offered
        return min(range(len(names)), key=lambda i: abs(_RETRIEVAL[names[i]] - wanted))
    return round(wanted * (len(names) - 1))
