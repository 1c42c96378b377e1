"""Stage ``context``: how much of the retrieved text goes into the prompt (Self-Route, Li et al., 2024)."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dynamicrag.cost.expect import Plan
from dynamicrag.errors import PolicyError, unknown
from dynamicrag.features.worth import enough, looked_at, worth
from dynamicrag.plain_values import shown
from dynamicrag.priors.context import shows
from dynamicrag.records import Passage
from dynamicrag.retrieval.compress import compress
from dynamicrag.routers.base import Router
from dynamicrag.stages.base import STAGES, Run, StageBase, StageDeps
from dynamicrag.stages.section import StageSection, check_options
from dynamicrag.turn import TurnState
from dynamicrag.types import Option

DOCUMENTS = 2
LEAST_DEPTH = 8
MOST = {"chunks": 1000, "documents": 1000, "tokens": 1_000_000}
FLAGS = ("whole", "adaptive")
ADAPTIVE_TOKENS = 1000
"""Limit of an adaptive context's tokens, unless the option sets ``tokens``."""
KEPT = 0.4
"""Share of the passages that an adaptive context keeps on average, before the retrieval is known.

On HotpotQA and 2WikiMultihopQA it keeps 2.6 to 3.9 of 8 passages, and 3.2 to 5.3 of 12.
"""


def _check_kinds(params: Mapping[str, Any], where: str) -> None:
    """Refuse numbers for flags and flags for numbers: YAML's ``yes`` is 1 to Python."""
    for flag in FLAGS:
        if not isinstance(params.get(flag, False), bool):
            raise PolicyError(f"{where}.{flag}: expected true or false, got {shown(params[flag])}")
    for key in MOST:
        if isinstance(params.get(key), bool):
            raise PolicyError(f"{where}.{key}: expected a whole number, got {params[key]}")
    if params.get("adaptive"):
        if params.get("whole"):
            raise PolicyError(f"{where}: 'adaptive' chooses among chunks; remove 'whole' or 'adaptive'")
        if not params.get("chunks"):
            raise PolicyError(f"{where}: 'adaptive' needs 'chunks: K', the largest number of chunks, from 1")
        if "documents" in params:
            raise PolicyError(f"{where}.documents: an adaptive context has none; remove this")
    elif not params.get("whole") and "chunks" not in params:
        flag = next(flag for flag in FLAGS if flag in params)
        raise PolicyError(f"{where}: {flag!r} is false, so it needs 'chunks: K'")


def context_option(name: str, params: Any, where: str) -> Option:
    """Return the option described in a policy.

    Raises:
        PolicyError: Neither chunks nor whole documents, unknown keys, or numbers out of range.
    """
    if not isinstance(params, dict) or not {"chunks", *FLAGS} & set(params):
        raise PolicyError(
            f"{where}: expected {{chunks: K}}, {{adaptive: true, chunks: K}} or "
            "{whole: true, documents: N}, each with 'tokens: T' to compress it to the best sentences, "
            f"got {shown(params)}"
        )
    _check_kinds(params, where)
    for key, value in params.items():
        if key not in (*FLAGS, *MOST):
            raise PolicyError(unknown(where, "key", key, (*FLAGS, *MOST)))
        least = int(key != "chunks")
        if key in MOST and not (isinstance(value, int) and least <= value <= MOST[key]):
            raise PolicyError(
                f"{where}.{key}: expected a whole number from {least} to {MOST[key]:,}, got {shown(value)}"
            )
    return Option(name, {"tokens": ADAPTIVE_TOKENS, **params} if params.get("adaptive") else params)


def depth(options: Iterable[Option]) -> int:
    """Return the number of passages to retrieve, enough for every option."""
    wanted = (
        2 * option.params.get("documents", DOCUMENTS)
        if option.params.get("whole")
        else option.params["chunks"]
        for option in options
    )
    deepest: int = max(LEAST_DEPTH, *wanted)
    return deepest


@STAGES.register("context")
class ContextStage(StageBase):
    """Options ``{chunks: k}``, ``{adaptive: true, chunks: k}`` or ``{whole: true, documents: n}``.

    ``adaptive`` keeps as many of the best ``k`` chunks as the evidence asks for (see
    :mod:`dynamicrag.features.worth`), within ``tokens`` (1,000 by default). ``whole`` shows the parents of
    the best chunks.

    With ``tokens: t``, longer text is compressed to the best sentences. ``{chunks: 0}`` shows nothing: it is
    for questions outside the documents, which the model then answers by itself.

    Text beyond the model's context is dropped later, when the model is known.

    Args:
        corpora: Corpora by name, to read whole documents.
        chunk_tokens: Tokens of an average chunk, for the expected cost before any is retrieved.
        document_tokens: Tokens of an average document.
    """

    def __init__(
        self,
        options: Sequence[Option],
        router: Router,
        *,
        corpora: Mapping[str, Any],
        chunk_tokens: float = 150.0,
        document_tokens: float = 600.0,
    ) -> None:
        super().__init__(options, router)
        self._corpora = corpora
        self._chunk_tokens = chunk_tokens
        self._document_tokens = document_tokens

    @classmethod
    def build(cls, section: StageSection, deps: StageDeps) -> "ContextStage":
        """See the base class."""
        options = [
            context_option(name, params, deps.where("options", name))
            for name, params in check_options(section, deps.where).items()
        ]
        size = next((corpus.chunk_size for corpus in deps.corpora.values()), 256)
        return cls(options, deps.route(options), corpora=deps.corpora, chunk_tokens=0.6 * size)

    def depth(self) -> int:
        """See the base class; enough for every option."""
        return depth(self.options)

    def apply(self, option: Option, plan: Plan) -> Plan:
        """Fill the prompt."""
        if option.params.get("whole"):
            tokens = self._document_tokens * option.params.get("documents", DOCUMENTS)
        else:
            count = _expected(option, plan) if option.params.get("adaptive") else option.params["chunks"]
            tokens = (plan.chunk_tokens or self._chunk_tokens) * count
        return plan._replace(context_tokens=min(tokens, option.params.get("tokens", tokens)))

    async def act(self, option: Option, turn: TurnState, run: Run) -> TurnState:  # noqa: ARG002
        """Keep the best chunks, or their whole documents, or the best sentences of these."""
        if not shows(option):
            return {"passages": [], "outside": True}
        passages = await self._kept(option, turn)
        if "tokens" in option.params:
            passages = await asyncio.to_thread(compress, turn["text"], passages, option.params["tokens"])
        return {"passages": passages, "outside": not passages}

    async def _kept(self, option: Option, turn: TurnState) -> list[Passage]:
        candidates = turn.get("candidates", [])
        if option.params.get("adaptive"):
            best = candidates[: option.params["chunks"]]
            return [best[i] for i in enough(worth(turn["text"], looked_at(best)), len(best))]
        if not option.params.get("whole"):
            return candidates[: option.params["chunks"]]
        wanted: dict[tuple[str, str], Passage] = {}
        for passage in candidates:
            wanted.setdefault((passage.get("corpus", ""), passage["document"]), passage)
        chosen = list(wanted.values())[: option.params.get("documents", DOCUMENTS)]
        return await asyncio.to_thread(lambda: [self._whole(passage) for passage in chosen])

    def _whole(self, passage: Passage) -> Passage:
        corpus = self._corpora.get(passage.get("corpus", ""))
        documents = corpus.documents([passage["document"]]) if corpus else []
        return {**passage, "id": passage["document"], "text": documents[0]["text"]} if documents else passage


def _expected(option: Option, plan: Plan) -> float:
    """Return the expected number of passages of an adaptive context."""
    most: float = option.params["chunks"]
    return max(1.0, KEPT * most) if plan.enough is None else min(most, max(1.0, plan.enough))
