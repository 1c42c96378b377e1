"""Retrievers that call other options of their stage."""

from collections.abc import Sequence

from dynamicrag.errors import PolicyError, unknown
from dynamicrag.retrieval.base import RetrievalContext, Retriever
from dynamicrag.retrieval.corpus import Corpus


class Combined(Retriever):
    """A retriever over the passages of other options, its parts.

    Args:
        of: Names of the parts.
    """

    def __init__(self, of: Sequence[str]) -> None:
        self.of = tuple(of)
        self._parts: tuple[Retriever, ...] = ()

    def bind(self, context: RetrievalContext) -> None:
        """Find the parts, which are not necessarily bound yet; refuse unknown or circular references."""
        self._parts = tuple(_part(context, self, name) for name in self.of)

    @property
    def sources(self) -> tuple[Corpus, ...]:  # type: ignore[override]
        """Corpora of all parts."""
        return tuple(dict.fromkeys(corpus for part in self._parts for corpus in part.sources))

    @property
    def embedded(self) -> tuple[Corpus, ...]:  # type: ignore[override]
        """Corpora of all parts that embed."""
        return tuple(dict.fromkeys(corpus for part in self._parts for corpus in part.embedded))

    @property
    def finds(self) -> frozenset[str]:  # type: ignore[override]
        """The ways of all parts; empty if that of a part is unknown."""
        ways = [part.finds for part in self._parts]
        return frozenset[str]().union(*ways) if all(ways) else frozenset()


def _part(context: RetrievalContext, whole: Retriever, name: str, path: tuple[str, ...] = ()) -> Retriever:
    if name not in context.siblings:
        raise PolicyError(unknown(f"{context.where}.of", "option", name, context.siblings))
    part = context.siblings[name]
    if part is whole or name in path:
        chain = " -> ".join([*path, name])
        raise PolicyError(f"{context.where}.of: {chain} leads back to itself; name other options")
    for further in part.of:
        _part(context, whole, further, (*path, name))
    return part
