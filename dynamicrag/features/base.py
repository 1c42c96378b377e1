"""The contract of features: from queries to a table of numbers.

A family is fitted only on training queries, saved with the router that uses it, and transforms one
query like a thousand::

    features = FeatureSet(["lexical", "tfidf"], embed=None)
    X = features.fit_transform(queries)               # (n, d)
    predictor.fit(X, quality, blocks=features.blocks)

To add a family, write a file with a subclass of :class:`Features` and register it by name.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from dynamicrag.errors import PolicyError
from dynamicrag.features.template import Template
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.persistent import Persistent
from dynamicrag.predictors.state import MEND, State, whole
from dynamicrag.registry import Registry, parse_spec

Embed = Callable[[Sequence[str]], NDArray[np.float32]]
"""Function from texts to unit vectors, (n, d).

Its ``name``, if any, is saved with a router as the model of its training.
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """A query with the retrieval and response signals that are known when a router decides."""

    text: str
    signals: Mapping[str, float] = field(default_factory=dict)


class Features(Persistent, ABC):
    """One family of features.

    Attributes:
        embeds: Whether it needs ``embed``, a sentence-embedding model.
        opaque: Whether its single features are not interpretable, so that they are reported as a whole.
        reads_text: Whether it reads the question's words, and not only signals or the embedding.
        names: A name per feature, in order; available after fitting.
    """

    embeds: ClassVar[bool] = False
    opaque: ClassVar[bool] = False
    reads_text: ClassVar[bool] = True
    embed: Embed | None = None

    @property
    @abstractmethod
    def names(self) -> Sequence[str]:
        """A name per feature, in order."""

    def fit(self, queries: Sequence[Seen]) -> Self:  # noqa: ARG002
        """Fit on training queries; most families have nothing to fit."""
        return self

    @abstractmethod
    def transform(self, queries: Sequence[Seen]) -> Floats:
        """Return the features of queries, (n, d); finite."""

    def fit_transform(self, queries: Sequence[Seen]) -> Floats:
        """Fit on training queries, and return their features, (n, d)."""
        return self.fit(queries).transform(queries)


FEATURES: Registry[Features] = Registry("features", "dynamicrag.features", Features)


class FeatureSet:
    """Several families side by side.

    A common template before the questions of the training queries is hidden from all families.

    Args:
        specs: Their specs, for example ``lexical`` or ``{"tfidf": {"size": 64}}``.
        embed: The embedding model, for families that need one.
        where: Place in the user's input, for messages.

    Raises:
        PolicyError: Unknown families or parameters, a duplicate family, no family, or no embedding model.
    """

    def __init__(self, specs: Sequence[object], embed: Embed | None = None, where: str = "features") -> None:
        if not specs:
            raise PolicyError(f"{where}: at least one is needed; valid: {', '.join(FEATURES)}")
        self.specs = list(specs)
        self.where = where
        self.template = Template()
        self.parts = [FEATURES.build(spec, f"{where}[{i}]") for i, spec in enumerate(specs)]
        named = [parse_spec(spec, where)[0] for spec in specs]
        if len(set(named)) < len(named):
            raise PolicyError(f"{where}: {', '.join(named)}: each family once")
        for part in self.parts:
            if part.embeds and embed is None:
                raise PolicyError(
                    f"{where}: {part.registered!r} needs an embedding model, but there is none here"
                )
            part.embed = embed

    @property
    def embeds(self) -> bool:
        """Whether any family needs the embedding model."""
        return any(part.embeds for part in self.parts)

    def embedded(self, text: str) -> str | None:
        """Return the text that is embedded for a query: its own without the template; ``None`` if none is."""
        return self.template.own(text) if self.embeds else None

    @property
    def reads_text(self) -> bool:
        """Whether any family reads the question's words, or a template is removed from them."""
        return bool(self.template.shared) or any(part.reads_text for part in self.parts)

    @property
    def names(self) -> list[str]:
        """A name per feature: the family's name, a colon, the feature's name."""
        return [f"{part.registered}:{name}" for part in self.parts for name in part.names]

    @property
    def blocks(self) -> list[int]:
        """Number of features of each family, in order: the ``blocks`` of :meth:`Predictor.fit`."""
        return [len(part.names) for part in self.parts]

    def fit(self, queries: Sequence[Seen]) -> Self:
        """Fit every family on training queries.

        Raises:
            PolicyError: All families are empty on these queries.
        """
        self.fit_transform(queries)
        return self

    def fit_transform(self, queries: Sequence[Seen]) -> Floats:
        """Fit every family on training queries, and return their features, (n, d).

        Raises:
            PolicyError: As :meth:`fit`.
        """
        self.template = Template.of([query.text for query in queries])
        own = self._own(queries)
        made = [part.fit_transform(own) for part in self.parts]
        if not self.names:
            families = ", ".join(part.registered for part in self.parts)
            raise PolicyError(
                f"{self.where}: the training queries have no signal that {families} could read; "
                "add a family that reads the text, such as 'lexical'"
            )
        return np.hstack(made)

    def transform(self, queries: Sequence[Seen]) -> Floats:
        """Return the features of queries, (n, d)."""
        own = self._own(queries)
        return np.hstack([part.transform(own) for part in self.parts])

    def _own(self, queries: Sequence[Seen]) -> Sequence[Seen]:
        if not self.template.shared:
            return queries
        return [replace(query, text=self.template.own(query.text)) for query in queries]

    @property
    def embedder(self) -> str:
        """Name of the embedding model of a family; ``""`` if there is none, or it has no name."""
        models = (part.embed for part in self.parts if part.embeds)
        return next((str(getattr(model, "name", "")) for model in models), "")

    def state(self) -> State:
        """Return the complete state, with the facts to check that features still mean the same."""
        packed = [part.pack() for part in self.parts]
        arrays = {f"{i}/{name}": a for i, own in enumerate(packed) for name, a in own.arrays.items()}
        meta = {
            "specs": self.specs,
            "names": self.names,
            "embedder": self.embedder,
            "parts": [dict(own.meta) for own in packed],
            "template": sorted(self.template.shared),
        }
        return State(meta, arrays)

    @classmethod
    def from_state(cls, state: State, embed: Embed | None = None, where: str = "state") -> "FeatureSet":
        """Build a set from a state.

        Raises:
            PolicyError: The state lacks a part, names unknown families, or was made with other features or
                another embedding model.
        """
        with whole(where, "whole state of features"):
            features = cls(state.meta["specs"], embed, where)
            for i, (part, meta) in enumerate(zip(features.parts, state.meta["parts"], strict=True)):
                part.unpack(State(meta, state.under(str(i))))
            features.template = Template(frozenset(map(str, state.meta["template"])))
            names, embedder = list(map(str, state.meta["names"])), str(state.meta["embedder"])
        features._check(names, embedder, where)
        return features

    def _check(self, names: Sequence[str], embedder: str, where: str) -> None:
        """Refuse a state trained on other features: by position they would be confused with these."""
        if names != self.names:
            changed = sorted({*names} ^ {*self.names})
            raise PolicyError(
                f"{where}: it was trained on {len(names)} features, and these families give "
                f"{len(self.names)} now; {_few(changed) or 'their order'} differs; {MEND}"
            )
        if embedder and self.embedder not in ("", embedder):
            raise PolicyError(
                f"{where}: it was trained with the embedding model {embedder!r}, and this one is "
                f"{self.embedder!r}; use that one, or {MEND}"
            )


def _few(names: Sequence[str], most: int = 5) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
