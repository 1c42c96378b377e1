"""Stage ``retrieval``: whether to retrieve, in how many rounds, and whether to use passages again.

The options without a conversation are those of Adaptive-RAG, Jeong et al., 2024.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from dynamicrag.call_options import CallOptions, Filter
from dynamicrag.cost.expect import Plan
from dynamicrag.errors import InputError, PolicyError
from dynamicrag.features.last_turn import last_turn
from dynamicrag.features.retrieval import retrieval
from dynamicrag.records import Passage
from dynamicrag.routers.base import Router
from dynamicrag.stages.base import STAGES, Run, StageBase, StageDeps
from dynamicrag.stages.section import StageSection, named_options
from dynamicrag.turn import TurnState
from dynamicrag.types import Option

REUSE, EXTEND = "reuse", "extend"
CONVERSATION = (REUSE, EXTEND)
"""Options that need the passages of the turn before."""
ROUNDS = {"none": 0, REUSE: 0, "single": 1, EXTEND: 1, "iterative": 3}
PLANNED = {**ROUNDS, "iterative": 2}
"""Expected number of rounds; an iterative retrieval usually stops before its last."""

Coverage = Callable[[str, Filter], Mapping[str, float]]


def scored_first(passages: Sequence[Passage]) -> list[Passage]:
    """Return passages in their order, but those without a score, from the turn before, at the end."""
    return sorted(passages, key=lambda passage: passage["score"] == 0)


def known_before(turn: TurnState) -> list[Passage]:
    """Return the passages of the turn before, as far as they are known and permitted."""
    last = turn.get("last")
    return last["candidates"] if last else []


@STAGES.register("retrieval")
class RetrievalStage(StageBase):
    """Options ``none``, ``reuse``, ``single``, ``extend`` and ``iterative`` (at most three rounds).

    In a conversation, ``reuse`` answers from the passages of the turn before, without a search, and
    ``extend`` searches once and adds them. Both are closed if that turn is not known or had no passages, and
    use only passages that the call's filter permits.

    Args:
        coverage: Returns the share of a question's vocabulary that occurs in the filtered documents.
    """

    def __init__(
        self, options: Sequence[Option], router: Router, *, coverage: Coverage | None = None
    ) -> None:
        super().__init__(options, router)
        self._coverage = coverage

    @classmethod
    def build(cls, section: StageSection, deps: StageDeps) -> "RetrievalStage":
        """See the base class."""
        options = named_options(section, deps.where, ROUNDS)
        if all(option.name in CONVERSATION for option in options):
            raise PolicyError(
                f"{deps.where('options')}: the first question of a conversation has no turn before it; "
                f"add one of {', '.join(name for name in ROUNDS if name not in CONVERSATION)}"
            )
        corpora = list(deps.corpora.values())

        def coverage(text: str, filter: Filter) -> dict[str, float]:  # noqa: A002
            # coverage is that of the best corpus
            found = [corpus.coverage(text, filter) for corpus in corpora]
            return max(found, key=lambda f: f["idf_coverage"]) if found else {}

        return cls(options, deps.route(options), coverage=coverage if len(options) > 1 else None)

    @property
    def looks_back(self) -> bool:
        """Whether an option needs the passages of the turn before."""
        return any(option.name in CONVERSATION for option in self.options)

    def planned(self) -> Option:
        """Return the option assumed before the decision, or the nearest that needs no turn before it."""
        names = [option.name for option in self.options]
        at = self.index(super().planned().name)
        order = (*names[at:], *reversed(names[:at]))  # stronger ones first
        return self.options[self.index(next(name for name in order if name not in CONVERSATION))]

    def available(self, turn: TurnState) -> list[bool]:
        """Return whether each option has its means: ``reuse`` and ``extend`` need passages from before."""
        known = bool(known_before(turn))
        return [known or option.name not in CONVERSATION for option in self.options]

    def opened(self, turn: TurnState, call: CallOptions) -> list[bool]:
        """See the base class.

        Raises:
            InputError: The call forces an option that needs the turn before, which is not known.
        """
        forced = call.options.get(self.name)
        if forced in CONVERSATION and not known_before(turn):
            raise InputError(
                f"stages.retrieval: {forced!r} needs the passages of the turn before, and none are known: "
                "this is the first question, its documents are not permitted, or the state of a parent "
                "graph lacks our channel"
            )
        return super().opened(turn, call)

    async def corpus_features(self, text: str, filter: Filter) -> dict[str, float]:  # noqa: A002
        """Return the corpora's coverage of the question's words."""
        return {} if self._coverage is None else dict(await asyncio.to_thread(self._coverage, text, filter))

    async def features(self, turn: TurnState) -> dict[str, float]:
        """Return the signals about the turn before.

        With ``follows_none`` if the question inherits the decision not to retrieve.
        """
        signals = last_turn(turn["original"], known_before(turn)) if turn.get("last") else {}
        return signals | ({"follows_none": 1.0} if turn.get("follow_up") == "closed" else {})

    async def evidence(self, turn: TurnState) -> dict[str, float]:
        """Return the retrieval signals of passages that are used again."""
        reused = turn["path"].get(self.name) == REUSE
        return retrieval(turn["text"], turn.get("candidates", [])) if reused else {}

    def apply(self, option: Option, plan: Plan) -> Plan:
        """Set the number of rounds."""
        return plan._replace(rounds=PLANNED[option.name])

    async def act(self, option: Option, turn: TurnState, run: Run) -> TurnState:  # noqa: ARG002
        """Clear the passages of an earlier attempt, or take those of the turn before, without a search."""
        if option.name == REUSE:
            return {"candidates": known_before(turn), "passages": [], "queries": []}
        return {"candidates": [], "passages": []} if option.name == "none" else {}
