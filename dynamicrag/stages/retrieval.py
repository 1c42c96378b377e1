"""Stage ``retrieval``: whether to retrieve, and in how many rounds (Adaptive-RAG, Jeong et al., 2024)."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dynamicrag.call_options import Filter
from dynamicrag.cost.expect import Plan
from dynamicrag.routers.base import Router
from dynamicrag.stages.base import STAGES, Run, StageBase, StageDeps
from dynamicrag.stages.section import StageSection, named_options
from dynamicrag.types import Option, TurnState

ROUNDS = {"none": 0, "single": 1, "iterative": 3}

Coverage = Callable[[str, Filter], Mapping[str, float]]


@STAGES.register("retrieval")
class RetrievalStage(StageBase):
    """Options ``none``, ``single`` and ``iterative`` (at most three rounds).

    Args:
        options: The options.
        router: The router.
        settings: Unused.
        coverage: Returns the share of a question's vocabulary that occurs in the filtered documents.
    """

    def __init__(
        self,
        options: Sequence[Option],
        router: Router,
        settings: Mapping[str, Any] | None = None,
        *,
        coverage: Coverage | None = None,
    ) -> None:
        super().__init__(options, router, settings)
        self._coverage = coverage

    @classmethod
    def build(cls, section: StageSection, deps: StageDeps) -> "RetrievalStage":
        """See the base class."""
        options = named_options(section, deps.where, ROUNDS)
        corpora = list(deps.corpora.values())

        def coverage(text: str, filter: Filter) -> dict[str, float]:  # noqa: A002
            # coverage is that of the best corpus
            found = [corpus.coverage(text, filter) for corpus in corpora]
            return max(found, key=lambda f: f["idf_coverage"]) if found else {}

        return cls(options, deps.route(options), coverage=coverage if len(options) > 1 else None)

    async def corpus_features(self, text: str, filter: Filter) -> dict[str, float]:  # noqa: A002
        """Return the corpora's coverage of the question's words."""
        return {} if self._coverage is None else dict(await asyncio.to_thread(self._coverage, text, filter))

    async def features(self, turn: TurnState) -> dict[str, float]:
        """Return ``follows_none`` if the question inherits the decision not to retrieve."""
        return {"follows_none": 1.0} if turn.get("follow_up") == "closed" else {}

    def apply(self, option: Option, plan: Plan) -> Plan:
        """Set the number of rounds; an iterative retrieval usually stops before its last."""
        return plan._replace(rounds={"none": 0, "single": 1, "iterative": 2}[option.name])

    async def act(self, option: Option, turn: TurnState, run: Run) -> TurnState:  # noqa: ARG002
        """Clear the passages of an earlier attempt if nothing is to be retrieved now."""
        return {"candidates": [], "passages": []} if option.name == "none" else {}
