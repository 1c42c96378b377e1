"""What escalation is judged by, as arrays: drafts of every option, their signals, quality and cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dynamicrag.features.base import Seen
from dynamicrag.predictors.checks import Floats

RIGHT = 0.5
"""Quality from which a draft is right."""
Rounds = Sequence[tuple[NDArray[np.intp], NDArray[np.intp]]]
"""Of every round, the rows that are learnt from and those that are judged."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Answers that a conformal set is made of.

    Attributes:
        p: Probability of each, NaN where there is none, (n, m).
        right: Which are right, (n, m).
    """

    p: Floats
    right: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Trials:
    """All drafts of n queries by k options, with s signals each.

    Attributes:
        name: What they are called in messages.
        options: Names, weakest first.
        texts: The questions.
        groups: Their groups.
        quality: From 0 to 1, (n, k).
        cost: (n, k).
        unit: What the cost is of.
        signals: NaN where there is none, (n, k, s).
        names: Names of the signals.
        unanswerable: Quality of not answering, (n,).
        refused: 1 where a draft says itself that there is no answer, else 0; NaN where it failed, (n, k).
        chain: See :class:`~dynamicrag.escalation.beliefs.Beliefs`, (k,).
        strong: Options that count as escalation, (k,); where it is none, any second draft does.
        seen: What routers see of every query; empty where they are to see nothing.
        answers: Distinct answers, where they are candidates of their own.
        aside: Signals that are judged, but not given to the learnt scorer.
        notes: What a reader must know.
        paths: Option of every stage, by option; empty where options are no paths.
        spent: What verifiers took, within ``cost``, by the names of those that took any, each (n, k); NaN
            where that is not known.
    """

    name: str
    options: Sequence[str]
    texts: Sequence[str]
    groups: Sequence[str]
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
    aside: Sequence[str] = ()
    notes: Sequence[str] = ()
    paths: Sequence[Mapping[str, str]] = ()
    spent: Mapping[str, Floats] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.quality)

    @property
    def heard(self) -> Floats:
        """The signals that the learnt scorer is given, (n, k, s)."""
        return self.signals[:, :, [name not in self.aside for name in self.names]]
