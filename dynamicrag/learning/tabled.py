"""Replayed decisions of one stage as arrays, and their steps for the estimators."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynamicrag.learning.offpolicy import Steps
from dynamicrag.learning.outcome_model import predicted
from dynamicrag.learning.replayed import Played
from dynamicrag.predictors.checks import Floats
from dynamicrag.store.logged import LoggedQuery

SAME = 1e-6
"""Largest difference between equal probabilities, which the log may have rounded."""
AXES = 16
"""Number of principal components of the embeddings that predict outcomes."""


@dataclass(frozen=True, slots=True)
class StageTable:
    """The replayed decisions at one stage, m of them, over the k options that the log has there.

    Attributes:
        stage: The stage.
        decisions: Number of all its decisions, with those that the candidate leaves as logged.
        query: Row of each changed decision's query, (m,).
        place: Position of each decision within its query, (m,).
        logged: Logged probabilities, (m, k).
        candidate: The candidate's probabilities, (m, k).
        lost: The candidate's probability of options that the log could not take, (m,).
        chosen: Position of each chosen option, (m,).
        features: Features that predict outcomes, (m, d).
    """

    stage: str
    decisions: int
    query: NDArray[np.intp]
    place: NDArray[np.intp]
    logged: Floats
    candidate: Floats
    lost: Floats
    chosen: NDArray[np.intp]
    features: Floats

    @property
    def ratio(self) -> Floats:
        """The candidate's probability of the chosen option over the logged one, (m,)."""
        rows = np.arange(len(self.chosen))
        return np.asarray(self.candidate[rows, self.chosen] / self.logged[rows, self.chosen])

    @property
    def unsupported(self) -> Floats:
        """The candidate's probability of options that the log never took in the context, (m,)."""
        return np.asarray(np.where(self.logged > 0, 0.0, self.candidate).sum(axis=1) + self.lost)


def tabled(stage: str, played: Sequence[Played], vectors: Floats) -> StageTable:
    """Return the changed decisions of a stage as arrays.

    Args:
        stage: The stage.
        played: All its decisions.
        vectors: Features of every query, (n, e).
    """
    names = list(dict.fromkeys(name for own in played for name in own.decision.options))
    columns = {name: i for i, name in enumerate(names)}
    changed = [own for own in played if _differs(own)]
    logged, candidate = np.zeros((2, len(changed), len(names)))
    for row, own in enumerate(changed):
        at = [columns[name] for name in own.decision.options]
        logged[row, at] = own.decision.chances
        candidate[row, at] = own.chances
    query = np.array([own.query for own in changed], dtype=np.intp)
    return StageTable(
        stage=stage,
        decisions=len(played),
        query=query,
        place=np.array([own.decision.seq for own in changed], dtype=np.intp),
        logged=logged,
        candidate=candidate,
        lost=np.array([own.lost for own in changed], dtype=np.float64),
        chosen=np.array([columns[own.decision.chosen] for own in changed], dtype=np.intp),
        features=np.hstack([_standard([own.decision.features for own in changed]), vectors[query]]),
    )


def predictions(table: StageTable, outcomes: Floats) -> Floats:
    """Return the predicted outcome of every option at every changed decision, (m, k), cross-fitted.

    Args:
        table: The decisions.
        outcomes: Outcome of every query, (n,); NaN at decisions of a query whose outcome is NaN.
    """
    known = ~np.isnan(outcomes[table.query])
    found = np.full_like(table.candidate, np.nan)
    query = table.query[known]
    found[known] = predicted(
        table.features[known], table.chosen[known], outcomes[query], found.shape[1], query
    )
    return found


def steps_of(tables: Sequence[StageTable], predicted_: Sequence[Floats], outcomes: Floats) -> Steps:
    """Return the changed decisions of some stages as steps.

    Args:
        tables: The stages.
        predicted_: The :func:`predictions` of each.
        outcomes: Outcome of every query, (n,); a query with NaN is left out, and the rest are numbered again.
    """
    known = ~np.isnan(outcomes)
    new_row = np.cumsum(known) - 1
    rows: NDArray[np.intp] = np.empty(0, dtype=np.intp)
    none: Floats = np.empty(0)
    parts = [(rows, rows, none, none, none)]  # a candidate may change nothing
    for table, found in zip(tables, predicted_, strict=True):
        ahead, taken = (table.candidate * found).sum(axis=1), found[np.arange(len(found)), table.chosen]
        parts.append((table.query, table.place, table.ratio, ahead, taken))
    query, place, ratio, ahead, taken = map(np.concatenate, zip(*parts, strict=True))
    kept = known[query]
    query, place = new_row[query[kept]], place[kept]
    order = np.lexsort((place, query))
    query = query[order]
    rank = np.arange(len(query)) - np.searchsorted(query, query, side="left")
    return Steps(query, rank, ratio[kept][order], ahead[kept][order], taken[kept][order])


def vector_axes(queries: Sequence[LoggedQuery]) -> Floats:
    """Return the first principal components of the queries' embeddings, (n, e); 0 for a query without one.

    With several embedding models, the most frequent one counts.
    """
    sizes = [(query.embedder, len(query.vector)) for query in queries if len(query.vector)]
    if not sizes:
        return np.empty((len(queries), 0))
    most = max(dict.fromkeys(sizes), key=sizes.count)
    rows = [i for i, query in enumerate(queries) if (query.embedder, len(query.vector)) == most]
    table = np.array([queries[i].vector for i in rows], dtype=np.float64)
    table -= table.mean(axis=0)
    _, basis = np.linalg.eigh(table.T @ table)
    found = np.zeros((len(queries), min(AXES, most[1])))
    found[rows] = table @ basis[:, ::-1][:, : found.shape[1]]
    return np.asarray(found / (found.std(axis=0) + 1e-12))


def _differs(own: Played) -> bool:
    if own.chances is None:
        return False
    return own.lost > SAME or bool(np.abs(own.chances - np.array(own.decision.chances)).max() > SAME)


def _standard(features: Sequence[Mapping[str, float]]) -> Floats:
    """Return named features as columns of mean 0 and deviation 1; a missing one is 0."""
    names = sorted({name for own in features for name in own})
    table = np.array([[own.get(name, np.nan) for name in names] for own in features], dtype=np.float64)
    known = np.ma.masked_invalid(table.reshape(len(features), len(names)))
    deviation = np.ma.filled(known.std(axis=0), 0.0)
    varies = deviation > 1e-9
    return np.asarray((known - known.mean(axis=0)).filled(0.0)[:, varies] / deviation[varies])
