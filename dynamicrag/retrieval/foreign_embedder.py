"""Embedders of other libraries: LangChain's Embeddings, LlamaIndex's BaseEmbedding, a SentenceTransformer.

The languages of such a model and the scale of its cosines are unknown, and nothing is assumed. A service does
not report the tokens of an embedding: every byte is booked as a token.
"""

import time
from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dynamicrag.cost.servers.call import ServerCall, server_call
from dynamicrag.cost.servers.meter import NOTHING
from dynamicrag.cost.usage import Tokens
from dynamicrag.errors import ModelError, PolicyError, ProviderError
from dynamicrag.retrieval.embedder import Embedder, Vectors
from dynamicrag.retrieval.local_embedder import encode
from dynamicrag.types import Runs, Usage
from dynamicrag.whereabouts import described, is_a, runs_of, server_of

__all__ = ["ForeignEmbedder", "adapt_embedder", "lazy_embedder"]

VALID = (
    "LangChain Embeddings, a LlamaIndex BaseEmbedding, a SentenceTransformer or an Embedder of this package"
)
_NAMES = ("model", "model_name", "model_id", "deployment", "azure_deployment")


class ForeignEmbedder(Embedder):
    """A model behind another library's interface.

    Args:
        make: Returns the object; called on first use.
        name: Name of the model; part of the key of an index made with it.
        runs: The place that it computes at.
        named: Whether the name identifies the model, not only its class.
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
        """Make the object unless it exists.

        Raises:
            ModelUnavailable: The object cannot be made.
        """
        with self._lock:
            if self._made is None:
                self._made = self._make()

    def encode(self, texts: Sequence[str], *, query: bool) -> tuple[Vectors, Usage]:
        """Embed ``texts``.

        Raises:
            ProviderError: The library or its service failed.
        """
        here = self.runs == "in_process"
        tokens = 0 if here else sum(len(text.encode(errors="replace")) for text in texts)
        call = self._call()
        if call is not None:
            call.begin()
        consumed, answered = NOTHING, False
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            found, usage = self.ask(texts, query=query)
            answered = True
        except ModelError:
            raise
        except Exception as error:  # exceptions of services have no common base
            raise ProviderError(
                f"embedder {self.name}: the call failed [{type(error).__name__}: {error}]"
            ) from error
        finally:
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            if call is not None:  # a byte stands for a token in each call alike, so its calls compare
                consumed = call.finish(Tokens(tokens if answered else 0, 0, 0, assumed=False))
        if usage is None:
            usage = Usage(calls=1, seconds=wall, cpu_seconds=cpu if here else 0.0,
                          input_tokens=tokens, assumed=not here)  # fmt: skip
        return found, consumed.added(usage)

    def _call(self) -> ServerCall | None:
        """Return a call to the object's server, if it runs on this host."""
        address = server_of(self._made) if self.runs == "same_host" else None
        return None if address is None else server_call(address, self.name)

    @abstractmethod
    def ask(self, texts: Sequence[str], *, query: bool) -> tuple[Any, Usage | None]:
        """Call the object; return its usage if it is better known than by the clock."""


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
"""Module and class of each kind, and its adapter."""


def adapt_embedder(given: Any, where: str) -> Embedder:
    """Return a user's object as an embedder; ``where`` names its place, for messages.

    Raises:
        PolicyError: The object is not an embedder.
    """
    if isinstance(given, Embedder):
        return given
    for module, kind, adapter in _KINDS:
        if is_a(given, module, kind):
            model = _model(given)
            return adapter(lambda: given, _name(given, model), runs_of(given), named=bool(model))
    raise PolicyError(f"{where}: expected {VALID}, got {described(given)}")


def lazy_embedder(kind: str, make: Callable[[], Any], name: str, runs: Runs) -> Embedder:
    """Return a :class:`ForeignEmbedder` of the kind ``langchain`` or ``sentence_transformers``."""
    adapter = _LangChain if kind == "langchain" else _SentenceTransformer
    return adapter(make, name, runs)


def _model(given: Any) -> str:
    """Return the model name of an object, as far as known."""
    named = (getattr(given, key, None) for key in _NAMES)
    model = next((name for name in named if isinstance(name, str) and name), "")
    if not model and is_a(given, "sentence_transformers", "SentenceTransformer"):
        model = str(getattr(getattr(given[0], "auto_model", None), "name_or_path", ""))
    return model


def _name(given: Any, model: str) -> str:
    """Return class, model and length: without them, two models of one name would share an index."""
    length = next((n for key in ("dimensions", "size") if isinstance(n := getattr(given, key, None), int)), 0)
    return ":".join(filter(None, (type(given).__name__, model, str(length or ""))))
