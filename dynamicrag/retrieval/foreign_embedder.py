"""Embedders of other libraries: LangChain's Embeddings, LlamaIndex's BaseEmbedding, a SentenceTransformer.

Which texts such a model reads, and what its cosines mean, is not known here, and nothing is assumed. What a
service charges for an embedding it does not say: every byte is booked as a token.
"""

import time
from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dynamicrag.errors import ModelError, PolicyError, ProviderError
from dynamicrag.retrieval.embedder import Embedder, Vectors
from dynamicrag.retrieval.local_embedder import encode
from dynamicrag.types import Runs, Usage
from dynamicrag.whereabouts import described, is_a, runs_of

__all__ = ["ForeignEmbedder", "adapt_embedder", "lazy_embedder"]

VALID = (
    "LangChain Embeddings, a LlamaIndex BaseEmbedding, a SentenceTransformer or an Embedder of this package"
)
_NAMES = ("model", "model_name", "model_id", "deployment", "azure_deployment")


class ForeignEmbedder(Embedder):
    """A model behind another library's interface.

    Args:
        make: Returns the object; called at the first use.
        name: Name of the model; part of the key of an index made with it.
        runs: Where it computes.
        named: Whether the name is the model's, and not its class's alone.
    """

    def __init__(
        self, make: Callable[[], Any], name: str, runs: Runs = "in_process", *, named: bool = True
    ) -> None:
        super().__init__(name)
        self.named = named
        self.runs = runs
        self._make = make
        self._made: Any = None

    def load(self) -> None:
        """Make the object unless it is made.

        Raises:
            ModelUnavailable: It cannot be had.
        """
        with self._lock:
            if self._made is None:
                self._made = self._make()

    def encode(self, texts: Sequence[str], *, query: bool) -> tuple[Vectors, Usage]:
        """Embed ``texts``.

        Raises:
            ProviderError: The library or its service failed.
        """
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            found, usage = self.ask(texts, query=query)
        except ModelError:
            raise
        except Exception as error:  # nor is there a common base of what services raise
            raise ProviderError(
                f"embedder {self.name}: the call failed [{type(error).__name__}: {error}]"
            ) from error
        if usage is None:
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            here = self.runs == "in_process"
            tokens = 0 if here else sum(len(text.encode(errors="replace")) for text in texts)
            usage = Usage(calls=1, seconds=wall, cpu_seconds=cpu if here else 0.0,
                          input_tokens=tokens, assumed=not here)  # fmt: skip
        return found, usage

    @abstractmethod
    def ask(self, texts: Sequence[str], *, query: bool) -> tuple[Any, Usage | None]:
        """Ask the object; usage where it is known better than by the clock."""


class _LangChain(ForeignEmbedder):
    def ask(self, texts: Sequence[str], *, query: bool) -> tuple[Any, Usage | None]:
        if query:
            return [self._made.embed_query(text) for text in texts], None
        return self._made.embed_documents(list(texts)), None


class _LlamaIndex(ForeignEmbedder):
    def ask(self, texts: Sequence[str], *, query: bool) -> tuple[Any, Usage | None]:
        if query:
            return [self._made.get_query_embedding(text) for text in texts], None
        return self._made.get_text_embedding_batch(list(texts)), None


class _SentenceTransformer(ForeignEmbedder):
    def ask(self, texts: Sequence[str], *, query: bool) -> tuple[Any, Usage | None]:
        vectors, usage = encode(self._made, texts, query=query)
        return np.asarray(vectors), usage


_KINDS: tuple[tuple[str, str, type[ForeignEmbedder]], ...] = (
    ("langchain_core.embeddings.embeddings", "Embeddings", _LangChain),
    ("llama_index.core.base.embeddings.base", "BaseEmbedding", _LlamaIndex),
    ("sentence_transformers", "SentenceTransformer", _SentenceTransformer),
)
"""Module and class of each kind, and what asks it."""


def adapt_embedder(given: Any, where: str) -> Embedder:
    """Return a user's object as an embedder.

    Args:
        given: The object.
        where: Place in the user's input, for messages.

    Raises:
        PolicyError: It is none.
    """
    if isinstance(given, Embedder):
        return given
    for module, kind, adapter in _KINDS:
        if is_a(given, module, kind):
            model = _model(given)
            return adapter(lambda: given, _name(given, model), runs_of(given), named=bool(model))
    raise PolicyError(f"{where}: expected {VALID}, got {described(given)}")


def lazy_embedder(kind: str, make: Callable[[], Any], name: str, runs: Runs) -> Embedder:
    """Return an embedder whose object is made at the first use.

    Args:
        kind: ``langchain`` or ``sentence_transformers``.
        make: Returns the object.
        name: As for :class:`ForeignEmbedder`.
        runs: Likewise.
    """
    adapter = _LangChain if kind == "langchain" else _SentenceTransformer
    return adapter(make, name, runs)


def _model(given: Any) -> str:
    """Return the name of the model that an object asks, as far as it tells."""
    named = (getattr(given, key, None) for key in _NAMES)
    model = next((name for name in named if isinstance(name, str) and name), "")
    if not model and is_a(given, "sentence_transformers", "SentenceTransformer"):
        model = str(getattr(getattr(given[0], "auto_model", None), "name_or_path", ""))
    return model


def _name(given: Any, model: str) -> str:
    """Return class, model and length: two models of one name would share an index."""
    length = next((n for key in ("dimensions", "size") if isinstance(n := getattr(given, key, None), int)), 0)
    return ":".join(filter(None, (type(given).__name__, model, str(length or ""))))
