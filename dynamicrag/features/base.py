"""The contract of features: what is known of queries to a table of numbers.

A family is fitted on training queries alone, saved with the router that uses it, and transforms one
query as it transforms a thousand::

    features = FeatureSet(["lexical", "tfidf"], embed=None)
    X = features.fit_transform(queries)               # (n, d)
    predictor.fit(X, quality, blocks=features.blocks)

To add one, write a file with a subclass of :class:`Features` and register it by name.
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
"""Texts to unit vectors, (n, d). If it has a ``name``, a router is told which model it was trained with."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a query when a router decides.

    Attributes:
        text: The question.
        signals: Retrieval and response signals known by then.
    """

    text: str
    signals: Mapping[str, float] = field(default_factory=dict)


class Features(Persistent, ABC):
    """One family of features.

    Attributes:
        embeds: Whether it needs ``embed``, a sentence-embedding model.
        opaque: Whether its single features mean nothing to people, so that they are told as a whole.
        names: A name per feature, in order; known once it is fitted.
    """

    embeds: ClassVar[bool] = False
    opaque: ClassVar[bool] = False
    embed: Embed | None = None

    @property
    @abstractmethod
    def names(self) -> Sequence[str]:
        """A name per feature, in order."""

    def fit(self, queries: Sequence[Seen]) -> Self:  # noqa: ARG002
        """Learn from training queries; most families have nothing to learn."""
        return self

    @abstractmethod
    def transform(self, queries: Sequence[Seen]) -> Floats:
        """Return the features of queries, (n, d); finite."""

    def fit_transform(self, queries: Sequence[Seen]) -> Floats:
        """Learn from training queries, and return their features, (n, d)."""
        return self.fit(queries).transform(queries)


FEATURES: Registry[Features] = Registry("features", "dynamicrag.features", Features)


class FeatureSet:
    """Several families side by side.

    What the training queries have in common before the question, no family sees.

    Args:
        specs: Their specs, such as ``lexical`` or ``{"tfidf": {"size": 64}}``.
        embed: The embedding model, for families that need one.
        where: Place in the user's input, for messages.

    Raises:
        PolicyError: Unknown families or parameters, a family twice, none, or no model to embed with.
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
                    f"{where}: {part.registered!r} needs an embedding model, and there is none here"
                )
            part.embed = embed

    @property
    def embeds(self) -> bool:
        """Whether any family needs the embedding model."""
        return any(part.embeds for part in self.parts)

    @property
    def names(self) -> list[str]:
        """A name per feature: the family's, a colon, its own."""
        return [f"{part.registered}:{name}" for part in self.parts for name in part.names]

    @property
    def blocks(self) -> list[int]:
        """How many features each family gives, in order: what :meth:`Predictor.fit` takes as ``blocks``."""
        return [len(part.names) for part in self.parts]

    def fit(self, queries: Sequence[Seen]) -> Self:
        """Fit every family on training queries.

        Raises:
            PolicyError: None of the families has anything to say of them.
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
                f"{self.where}: the training queries carry no signal that {families} could read; "
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
        """Name of the model that a family embeds with; ``""`` where there is none, or it has no name."""
        models = (part.embed for part in self.parts if part.embeds)
        return next((str(getattr(model, "name", "")) for model in models), "")

    def state(self) -> State:
        """Return all that is needed to transform again, and to tell whether it still means the same."""
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
        """Build the set that a state describes.

        Raises:
            PolicyError: The state lacks a part, names families that do not exist, or was made with other
                features or another embedding model than there are now.
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
        """Refuse what was trained on other numbers: by position they would be taken for each other."""
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
