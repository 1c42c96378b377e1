"""Retrievers of other libraries as options: any LangChain or LlamaIndex retriever."""

import hashlib
import time
from abc import abstractmethod
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from dynamicrag import portal
from dynamicrag.errors import CorpusError, PolicyError, unknown
from dynamicrag.retrieval.base import RETRIEVERS, RetrievalContext, Retrieved, Retriever
from dynamicrag.types import Passage, Usage


class Adapter(Retriever):
    """A foreign retriever, named by where it is defined.

    Its passages are identified by the ``id`` of their metadata, or else by a hash of their text; the
    document and the title are taken from the metadata too (``document``, ``source``, ``file_path``;
    ``title``). A passage without a score gets ``1 / rank``. How many passages it looks for is its own
    setting; of these the first ``k`` are taken. Its CPU time is not known here and is declared as 0.

    Args:
        path: ``package.module:name`` of a retriever, or of a class or function that makes one.
        args: Keyword arguments for the class or function.
    """

    library: str

    def __init__(self, *, path: str, args: dict[str, Any] | None = None) -> None:
        self._path = path
        self._args = args
        self._where = path
        self._retriever: Any = None

    def bind(self, context: RetrievalContext) -> None:
        """Take the retriever, making it if need be."""
        self._where = context.where
        where = f"{context.where}.path"
        module, name = _split(self._path, where)
        if not context.trust:
            return  # importing a module runs it
        made = _resolve(module, name, where)
        base = self._base()
        if not isinstance(made, base):
            if not callable(made):
                raise PolicyError(f"{context.where}.path: {self._path} is no {self.library} retriever")
            try:
                made = made(**(self._args or {}))
            except Exception as error:  # the user's code can raise anything
                raise PolicyError(
                    f"{context.where}: {self._path} failed: {type(error).__name__}: {error}"
                ) from error
        elif self._args:
            raise PolicyError(f"{context.where}.args: {self._path} is made already; valid: no args")
        if not isinstance(made, base):
            raise PolicyError(
                f"{context.where}.path: {self._path} gave a {type(made).__name__}, no {self.library} one"
            )
        self._retriever = made

    async def retrieve(self, query: str, k: int) -> Retrieved:
        """Ask the foreign retriever."""
        start = time.perf_counter()
        try:
            passages = await portal.arun(self._ask(query))  # it may keep a client
        except Exception as error:  # nor is there a common base of what services raise
            raise CorpusError(
                f"{self._where}: {self._path} failed: {type(error).__name__}: {error}"
            ) from error
        seconds = time.perf_counter() - start
        return Retrieved(passages[: max(k, 0)], Usage(calls=1, seconds=seconds))

    @abstractmethod
    def _base(self) -> type: ...

    @abstractmethod
    async def _ask(self, query: str) -> list[Passage]: ...


@RETRIEVERS.register("langchain")
class LangChain(Adapter):
    """Any ``langchain_core`` ``BaseRetriever``; see :class:`Adapter`."""

    library = "LangChain"

    def _base(self) -> type:
        from langchain_core.retrievers import BaseRetriever

        return BaseRetriever

    async def _ask(self, query: str) -> list[Passage]:
        # A retriever may ask a model; its tokens are not part of the answer's stream.
        found = await self._retriever.ainvoke(query, config={"tags": ["nostream"]})
        return [
            _passage(item.page_content, item.metadata, rank, name=item.id)
            for rank, item in enumerate(found, 1)
        ]


@RETRIEVERS.register("llama_index")
class LlamaIndex(Adapter):
    """Any LlamaIndex ``BaseRetriever``; see :class:`Adapter`."""

    library = "LlamaIndex"

    def _base(self) -> type:
        from llama_index.core.base.base_retriever import BaseRetriever

        base: type = BaseRetriever
        return base

    async def _ask(self, query: str) -> list[Passage]:
        found = await self._retriever.aretrieve(query)
        # A node's own id is drawn at random unless its index is kept, and says nothing then.
        return [
            _passage(item.node.get_content(), item.node.metadata, rank, score=item.score)
            for rank, item in enumerate(found, 1)
        ]


def _passage(
    text: str, metadata: Mapping[str, Any], rank: int, *, name: str | None = None, score: float | None = None
) -> Passage:
    def first(*keys: str) -> Any:
        return next((metadata[key] for key in keys if metadata.get(key) is not None), None)

    digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
    chosen = str(name or first("id", "chunk_id") or digest)
    given = score if score is not None else first("score", "relevance_score")
    return Passage(
        id=chosen,
        document=str(first("document", "document_id", "source", "file_path", "url") or chosen),
        title=str(first("title", "file_name") or ""),
        text=text,
        score=1.0 / rank if given is None else float(given),
    )


def _split(path: str, where: str) -> tuple[str, str]:
    """Return the module and the name that a path gives."""
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
