"""The retriever contract.

A retriever is built from its YAML parameters, then bound to the corpora and to the other options of its
stage, then called. Heavy work (opening indexes, loading models) waits for the first question. A new retriever
is a new file in this package.
"""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, TypeVar

from dynamicrag.call_options import NO_FILTER, Filter
from dynamicrag.cost.profiles import Profile
from dynamicrag.errors import PolicyError, unknown
from dynamicrag.records import Passage
from dynamicrag.registry import Registry
from dynamicrag.retrieval.corpus import Corpus
from dynamicrag.types import Usage

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The usage of a remote model by a search.

    Attributes:
        name: The model.
        profile: The model's cost profile.
        usage: Tokens and calls; the time is in the search's own usage.
    """

    name: str
    profile: Profile
    usage: Usage


@dataclass(frozen=True, slots=True)
class Retrieved:
    """The result of a retriever.

    Attributes:
        passages: Passages, best first.
        usage: Consumption of the search (wall and declared CPU-seconds).
        confidence: Weight of the ranking relative to others, 0 to 1.
        elsewhere: Usage of remote models, for example to embed the question.
    """

    passages: list[Passage]
    usage: Usage
    confidence: float = 1.0
    elsewhere: tuple[Elsewhere, ...] = ()


@dataclass(frozen=True, slots=True)
class RetrievalContext:
    """The resources of a retriever.

    Attributes:
        corpora: Corpora of the policy, by name.
        default: Name of the default corpus.
        siblings: All options of the stage, by name; not necessarily bound yet.
        where: Place of this option in the policy, for messages.
        trust: Whether modules named by the policy may be imported, which runs them.
    """

    corpora: Mapping[str, Corpus]
    default: str
    siblings: Mapping[str, "Retriever"] = field(default_factory=dict)
    where: str = "retriever"
    trust: bool = True

    def corpus(self, name: str | None) -> Corpus:
        """Return the corpus of this name, or the default one.

        Raises:
            PolicyError: There is no corpus of this name.
        """
        name = self.default if name is None else name
        if not name and not self.corpora:
            raise PolicyError(
                f"{self.where}: there are no documents; give a corpus (from_policy(…, corpus='docs/')) or a "
                "retriever (from_policy(…, retrievers={'kb': retriever})), or set "
                "stages.retrieval: {options: [none]} for models without documents"
            )
        if name not in self.corpora:
            raise PolicyError(unknown(f"{self.where}.corpus", "corpus", name, self.corpora))
        return self.corpora[name]


class Retriever(ABC):
    """Finds passages for a question. Constructors take keyword arguments, the YAML parameters.

    Attributes:
        sources: Corpora of the passages; empty for foreign ones. Chunk and document ids are unique within a
            corpus.
        embedded: Corpora among them whose vector index it uses.
        of: Names of the other options of the stage that it calls.
        finds: Ways of its search: ``words``, ``meaning``, ``links``; empty if unknown.
        needs_vectors: Whether it uses the vector index of a corpus, so that the corpus must be embedded.
    """

    sources: tuple[Corpus, ...] = ()
    embedded: tuple[Corpus, ...] = ()
    of: tuple[str, ...] = ()
    finds: frozenset[str] = frozenset()
    needs_vectors: ClassVar[bool] = False

    @property
    def shows_itself(self) -> bool:
        """Whether its search is a run of LangChain already, so that tracers see it without us."""
        return False

    @abstractmethod
    def bind(self, context: RetrievalContext) -> None:
        """Take the required resources from ``context`` and check every name; no heavy work.

        Raises:
            PolicyError: A name does not exist.
        """

    @abstractmethod
    async def retrieve(self, query: str, k: int, filter: Filter = NO_FILTER) -> Retrieved:  # noqa: A002
        """Find up to ``k`` passages for ``query``, best first.

        Args:
            query: The question.
            k: Largest number of passages.
            filter: Required metadata of every passage. Passages from outside our corpora have the filter's
                fields in ``metadata``; without them they are dropped.

        Raises:
            CorpusError: The corpus cannot be read, or a foreign retriever failed.
        """


async def in_thread(work: Callable[[], T]) -> tuple[T, Usage]:
    """Run blocking ``work`` off the event loop; return its result and the CPU time of its thread."""

    def timed() -> tuple[T, Usage]:
        wall, cpu = time.perf_counter(), time.thread_time()
        result = work()
        wall, cpu = time.perf_counter() - wall, time.thread_time() - cpu
        return result, Usage(calls=1, seconds=wall, cpu_seconds=cpu)

    return await asyncio.to_thread(timed)


RETRIEVERS = Registry[Retriever]("retriever", "dynamicrag.retrieval", Retriever)
