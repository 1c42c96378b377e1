"""Retrievers of other libraries as options: LangChain's and LlamaIndex's, with vector stores and indexes."""

import time
from abc import abstractmethod
from importlib import import_module
from typing import Any, ClassVar

from dynamicrag import portal
from dynamicrag.call_options import NO_FILTER, Filter, matches
from dynamicrag.errors import CorpusError, PolicyError, unknown
from dynamicrag.records import Passage
from dynamicrag.retrieval.base import RETRIEVERS, RetrievalContext, Retrieved, Retriever
from dynamicrag.retrieval.foreign import listed, passage, unique
from dynamicrag.retrieval.foreign_filters import langchain_arguments, llama_index_filtered
from dynamicrag.types import Usage
from dynamicrag.whereabouts import described, is_a


class Adapter(Retriever):
    """A foreign retriever, given by its import path.

    A retriever has its own setting for the number of passages; the first ``k`` are used. A vector store or an
    index receives ``k``. See :mod:`dynamicrag.retrieval.foreign` for the conversion of passages. Its CPU time
    is unknown and declared as 0.

    Args:
        path: ``package.module:name`` of a retriever, or of a class or function that returns a retriever.
        args: Keyword arguments for the class or function.

    Attributes:
        kinds: Module and class of each accepted kind of object.
    """

    library: str
    items: str
    kinds: ClassVar[tuple[tuple[str, str], ...]]

    def __init__(self, *, path: str, args: dict[str, Any] | None = None) -> None:
        self._path = path
        self._args = args
        self._where = path
        self._retriever: Any = None

    @classmethod
    def around(cls, given: Any) -> "Adapter":
        """Return the option for the caller's object."""
        made = cls(path=type(given).__name__)
        made._retriever = given
        return made

    @classmethod
    def takes(cls, given: Any) -> bool:
        """Return whether an object has one of the library's kinds."""
        return any(is_a(given, module, kind) for module, kind in cls.kinds)

    def bind(self, context: RetrievalContext) -> None:
        """Import the retriever, or construct it."""
        self._where = context.where
        if self._retriever is not None:
            return
        where = f"{context.where}.path"
        module, name = _split(self._path, where)
        if not context.trust:
            return  # importing a module runs it
        made = _resolve(module, name, where)
        if not self.takes(made):
            if not callable(made):
                raise PolicyError(f"{context.where}.path: {self._path} is not a {self.library} retriever")
            try:
                made = made(**(self._args or {}))
            except Exception as error:  # the user's code can raise anything
                raise PolicyError(
                    f"{context.where}: {self._path} failed: {type(error).__name__}: {error}"
                ) from error
        elif self._args:
            raise PolicyError(f"{context.where}.args: {self._path} is an object already; valid: no args")
        if not self.takes(made):
            raise PolicyError(
                f"{context.where}.path: {self._path} gave a {type(made).__name__}, no {self.library} one"
            )
        self._retriever = made

    async def retrieve(self, query: str, k: int, filter: Filter = NO_FILTER) -> Retrieved:  # noqa: A002
        """Call the foreign retriever, with the filter if it accepts one, and check its result."""
        start = time.perf_counter()
        try:
            found = await portal.arun(self._ask(query, max(k, 1), filter))  # it may have a client
        except Exception as error:  # exceptions of services have no common base
            raise CorpusError(
                f"{self._where}: {self._path} failed: {type(error).__name__}: {error}"
            ) from error
        passages = unique(self._passages(found, filter))
        seconds = time.perf_counter() - start
        return Retrieved(passages[: max(k, 0)], Usage(calls=1, seconds=seconds))

    def _passages(self, found: Any, wanted: Filter) -> list[Passage]:
        try:
            passages = [self._passage(item, rank, wanted) for rank, item in enumerate(listed(found), 1)]
        except (TypeError, AttributeError) as error:
            raise CorpusError(
                f"{self._where}: {self._path} returned {error}; valid: a list of {self.library} {self.items}"
            ) from error
        return [one for one in passages if matches(one.get("metadata", {}), wanted)]

    @abstractmethod
    async def _ask(self, query: str, k: int, wanted: Filter) -> Any: ...

    @abstractmethod
    def _passage(self, item: Any, rank: int, wanted: Filter) -> Passage: ...


@RETRIEVERS.register("langchain")
class LangChain(Adapter):
    """Any ``langchain_core`` ``BaseRetriever`` or ``VectorStore``; see :class:`Adapter`."""

    library, items = "LangChain", "documents"
    kinds = (
        ("langchain_core.retrievers", "BaseRetriever"),
        ("langchain_core.vectorstores.base", "VectorStore"),
    )

    @property
    def shows_itself(self) -> bool:
        """See the contract: a retriever of LangChain is a run, a vector store is not."""
        return is_a(self._retriever, *self.kinds[0])

    async def _ask(self, query: str, k: int, wanted: Filter) -> Any:
        arguments = langchain_arguments(self._retriever, wanted) if wanted else {}
        if is_a(self._retriever, *self.kinds[1]):
            return await self._retriever.asimilarity_search(query, k=k, **arguments)
        # A retriever may call a model, whose tokens are not part of the answer's stream.
        return await self._retriever.ainvoke(query, config={"tags": ["nostream"]}, **arguments)

    def _passage(self, item: Any, rank: int, wanted: Filter) -> Passage:
        from langchain_core.documents import Document

        if not isinstance(item, Document):
            raise TypeError(f"a {type(item).__name__} at rank {rank}")
        return passage(item.page_content, item.metadata, rank, name=item.id, wanted=wanted)


@RETRIEVERS.register("llama_index")
class LlamaIndex(Adapter):
    """Any LlamaIndex ``BaseRetriever``, index or ``RetrieverQueryEngine``; see :class:`Adapter`.

    A query engine gives its nodes after its node postprocessors; its own answers are not asked for.
    """

    library, items = "LlamaIndex", "nodes with scores"
    kinds = (
        ("llama_index.core.base.base_retriever", "BaseRetriever"),
        ("llama_index.core.indices.base", "BaseIndex"),
        ("llama_index.core.query_engine.retriever_query_engine", "RetrieverQueryEngine"),
    )

    async def _ask(self, query: str, k: int, wanted: Filter) -> Any:
        retriever = self._retriever
        if is_a(retriever, *self.kinds[1]):
            retriever = retriever.as_retriever(similarity_top_k=k)
        if wanted and is_a(retriever, *self.kinds[2]):
            retriever = retriever.with_retriever(llama_index_filtered(retriever.retriever, wanted))
        elif wanted:
            retriever = llama_index_filtered(retriever, wanted)
        from llama_index.core.schema import QueryBundle

        return await retriever.aretrieve(QueryBundle(query))

    def _passage(self, item: Any, rank: int, wanted: Filter) -> Passage:
        from llama_index.core.schema import NodeWithScore

        if not isinstance(item, NodeWithScore):
            raise TypeError(f"a {type(item).__name__} at rank {rank}")
        # A node's own id is random unless its index is persistent, so it does not identify the node.
        text = item.node.get_content()
        return passage(text, item.node.metadata, rank, score=item.score, wanted=wanted)


def adapt_retriever(given: Any, where: str) -> Retriever:
    """Return a user's object as an option; ``where`` names its place, for messages.

    Raises:
        PolicyError: The object is not a retriever.
    """
    if isinstance(given, Retriever):
        return given
    for adapter in (LangChain, LlamaIndex):
        if adapter.takes(given):
            return adapter.around(given)
    raise PolicyError(
        f"{where}: expected a LangChain retriever or vector store, a LlamaIndex retriever, index or "
        f"RetrieverQueryEngine, or a Retriever of this package, got {described(given)}"
    )


def _split(path: str, where: str) -> tuple[str, str]:
    """Return the module and the name in a path."""
    module, _, name = path.partition(":")
    if not all(part.isidentifier() for part in (*module.split("."), *name.split("."))):
        raise PolicyError(f"{where}: expected 'package.module:name', got {path!r}")
    return module, name


def _resolve(module_name: str, name: str, where: str) -> Any:
    try:
        found = import_module(module_name)
    except Exception as error:
        raise PolicyError(
            f"{where}: cannot import {module_name!r} ({type(error).__name__}: {error}); "
            "install it, or see that its folder is on PYTHONPATH"
        ) from error
    for part in name.split("."):
        if not hasattr(found, part):
            valid = (other for other in dir(found) if not other.startswith("_"))
            raise PolicyError(unknown(where, f"name in {module_name}", part, valid))
        found = getattr(found, part)
    return found
