"""The retriever contract.

A retriever is built from its YAML parameters alone, then bound to the corpora and to the other
options of its stage, then asked. Heavy work (opening indexes, loading models) waits for the first
question. Adding one is adding a file to this package.
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
from dynamicrag.registry import Registry
from dynamicrag.retrieval.corpus import Corpus
from dynamicrag.types import Passage, Usage

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What a search used of a model that does not compute in this process.

    Attributes:
        name: The model.
        profile: What it costs.
        usage: Tokens and calls; the time is in the search's own usage.
    """

    name: str
    profile: Profile
    usage: Usage


@dataclass(frozen=True, slots=True)
class Retrieved:
    """What a retriever found.

    Attributes:
        passages: Passages, best first.
        usage: What finding them consumed (wall and declared CPU-seconds).
        confidence: How much the ranking is worth beside another's, 0 to 1.
        elsewhere: What was used of other machines' models, such as to embed the question.
    """

    passages: list[Passage]
    usage: Usage
    confidence: float = 1.0
    elsewhere: tuple[Elsewhere, ...] = ()


@dataclass(frozen=True, slots=True)
class RetrievalContext:
    """What a retriever may use.

    Attributes:
        corpora: Corpora of the policy, by name.
        default: Name of the corpus for retrievers that name none.
        siblings: All options of the stage, by name; not necessarily bound yet.
        where: Place of this option in the policy, for messages.
        trust: Whether modules that the policy names may be imported, which runs them.
    """

    corpora: Mapping[str, Corpus]
    default: str
    siblings: Mapping[str, "Retriever"] = field(default_factory=dict)
    where: str = "retriever"
    trust: bool = True

    def corpus(self, name: str | None) -> Corpus:
        """The corpus of that name, or the default one.

        Raises:
            PolicyError: There is none of that name.
        """
        name = self.default if name is None else name
        if name not in self.corpora:
            raise PolicyError(unknown(f"{self.where}.corpus", "corpus", name, self.corpora))
        return self.corpora[name]


class Retriever(ABC):
    """Finds passages for a question. Constructors take keyword arguments, the YAML parameters.

    Attributes:
        sources: Corpora that the passages come from; empty where they are not ours. Chunk and document
            ids are unique within a corpus.
        embedded: Those of them that it asks for what is nearest in meaning to a question.
        of: Names of the other options of the stage that it asks.
        needs_vectors: Whether it asks a corpus for what is nearest in meaning, so that it must be embedded.
    """

    sources: tuple[Corpus, ...] = ()
    embedded: tuple[Corpus, ...] = ()
    of: tuple[str, ...] = ()
    needs_vectors: ClassVar[bool] = False

    @abstractmethod
    def bind(self, context: RetrievalContext) -> None:
        """Take what is needed from ``context`` and check every name in it; no heavy work.

        Raises:
            PolicyError: A name does not exist.
        """

    @abstractmethod
    async def retrieve(self, query: str, k: int, filter: Filter = NO_FILTER) -> Retrieved:  # noqa: A002
        """Find up to ``k`` passages for ``query``, best first.

        Args:
            query: The question.
            k: How many passages at most.
            filter: What the metadata of every passage must say. Passages that are not from our corpora carry
                the fields of the filter in ``metadata``; without them they are dropped.

        Raises:
            CorpusError: The corpus cannot be read, or a foreign retriever failed.
        """


def part_of(context: RetrievalContext, whole: Retriever, name: str, path: tuple[str, ...] = ()) -> Retriever:
    """Return the option that ``whole`` asks by ``name``; not necessarily bound yet.

    Raises:
        PolicyError: There is none of that name, or asking it would lead back to ``whole``.
    """
    if name not in context.siblings:
        raise PolicyError(unknown(f"{context.where}.of", "option", name, context.siblings))
    part = context.siblings[name]
    if part is whole or name in path:
        chain = " -> ".join([*path, name])
        raise PolicyError(f"{context.where}.of: {chain} leads back to itself; name other options")
    for further in part.of:
        part_of(context, whole, further, (*path, name))
    return part


async def in_thread(work: Callable[[], T]) -> tuple[T, Usage]:
    """Run blocking ``work`` off the event loop; its CPU time is that of its thread."""

    def timed() -> tuple[T, Usage]:
        wall, cpu = time.perf_counter(), time.thread_time()
        result = work()
        wall, cpu = time.perf_counter() - wall, time.thread_time() - cpu
        return result, Usage(calls=1, seconds=wall, cpu_seconds=cpu)

    return await asyncio.to_thread(timed)


RETRIEVERS = Registry[Retriever]("retriever", "dynamicrag.retrieval", Retriever)
