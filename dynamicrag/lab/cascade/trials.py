"""Recorded drafts as arrays: the signals, quality and cost of every option on every query."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dynamicrag.features.base import Seen
from dynamicrag.predictors.checks import Floats

RIGHT = 0.5
"""Quality from which a draft is right."""
Rounds = Sequence[tuple[NDArray[np.intp], NDArray[np.intp]]]
"""The training rows and the test rows of every round."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Answers that a conformal set is made of.

    Attributes:
        p: Probability of each, NaN where there is none, (n, m).
        right: Whether each is right, (n, m).
    """

    p: Floats
    right: NDArray[np.bool_]

    def take(self, rows: NDArray[np.intp]) -> "Candidates":
        """Return the answers to some queries."""
        return Candidates(self.p[rows], self.right[rows])


@dataclass(frozen=True, slots=True, kw_only=True)
class Trials:
    """The drafts of n queries by k options, with s signals each.

    Attributes:
        name: Name in messages.
        options: Names, weakest first.
        texts: The questions.
        quality: From 0 to 1, (n, k).
        cost: (n, k).
        unit: The unit of the cost.
        signals: NaN where there is none, (n, k, s).
        names: Names of the signals.
        unanswerable: Quality of not answering, (n,).
        refused: 1 where a draft says itself that there is no answer, else 0; NaN where it failed, (n, k).
        chain: See :class:`~dynamicrag.escalation.beliefs.Beliefs`, (k,).
        strong: Options that count as escalation, (k,); where none does, any second draft counts.
        seen: The part of every query that routers see; empty if they see nothing.
        answers: Distinct answers, where they are known.
        unscored: Signals that are judged, but not given to the learnt scorer.
        notes: Notes for the reader.
        paths: Option of every stage, by option; empty where options are no paths.
        spent: Cost of verifiers, which ``cost`` includes, by their names, each (n, k); NaN where it is not
            known. Verifiers without a cost are not there.
    """

    name: str
    options: Sequence[str]
    texts: Sequence[str]
    quality: Floats
    cost: Floats
    unit: str
    signals: Floats
    names: Sequence[str]
    unanswerable: Floats
    refused: Floats
    chain: NDArray[np.intp]
    strong: NDArray[np.bool_]
    seen: Sequence[Seen] = ()
    answers: Candidates | None = None
    unscored: Sequence[str] = ()
    notes: Sequence[str] = ()
    paths: Sequence[Mapping[str, str]] = ()
    spent: Mapping[str, Floats] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.quality)

    @property
    def scored(self) -> Floats:
        """The signals that the learnt scorer is given, (n, k, s)."""
        return self.signals[:, :, [name not in self.unscored for name in self.names]]
