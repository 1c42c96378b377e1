"""Learns the prior of the stage ``verification`` from our own recordings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynamicrag.escalation.logistic import fit_logistic
from dynamicrag.lab.outcomes.table import OutcomeTable
from dynamicrag.lab.priors.recorded import RIGHT, grade
from dynamicrag.predictors.checks import Floats
from dynamicrag.priors.verification import VerificationPrior, Weight

SIGNS: Mapping[str, float] = {
    "token_margin": 1.0,
    "mean_margin": 1.0,
    "min_margin": 1.0,
    "groundedness": 1.0,
    "entity_coverage": 1.0,
    "unanswerable": -1.0,
}
"""The free signals, and the direction in which each favours a draft."""
SHRINKAGE, OF_MARGINS = 0.5, 3.0
"""Shrinkage of the weights, in rows' worth of log loss.

Margins mean different things for different models.
"""
FOLDS = 5
BINS = 10
FEWEST = 3
"""Fewest right and wrong drafts of a path for an AUROC."""
CARD = """## Verification

P(a draft is right) from signals that cost nothing, learnt from the drafts of our recordings.

Judged out of fold by question, on 620 drafts: AUROC .658 within drafts of one path, .823 with the level of
each path, expected calibration error .025.

Known to fail: margins mean different things for different models; those of models that were not recorded are
shrunk, and the estimate says so by its spread.
"""
"""Section of the card."""


@dataclass(frozen=True, slots=True)
class Drafts:
    """Recorded drafts, n of them.

    Attributes:
        signals: Signals in the order of :data:`SIGNS`; NaN where missing, (n, s).
        right: Whether each is right, 0 or 1, (n,).
        level: Number of its table and path, whose shares of right drafts differ, (n,).
        query: Number of its question, (n,).
        model: Number of its model, (n,).
    """

    signals: Floats
    right: Floats
    level: NDArray[np.intp]
    query: NDArray[np.intp]
    model: NDArray[np.intp]

    def take(self, rows: NDArray[np.bool_]) -> "Drafts":
        """Return some of them."""
        return Drafts(
            self.signals[rows], self.right[rows], self.level[rows], self.query[rows], self.model[rows]
        )


@dataclass(frozen=True, slots=True)
class Judged:
    """Figures out of fold, by question.

    Attributes:
        drafts: Number of drafts.
        within: AUROC of the signals alone, within drafts of one path, weighted by their pairs.
        pooled: AUROC of the signals with the level of each path.
        ece: Expected calibration error with the level of each path, over ten bins.
    """

    drafts: int
    within: float
    pooled: float
    ece: float


def drafts_of(tables: Sequence[OutcomeTable]) -> Drafts:
    """Return the judged drafts of answerable questions."""
    signals, right, level, query, model = [], [], [], [], []
    for number, table in enumerate(tables):
        for place, row in enumerate(table.rows):
            if row.answerable is False or row.group == "unanswerable":
                continue
            for path, outcome in row.outcomes.items():
                quality = grade(outcome)
                if not np.isfinite(quality) or not outcome.signals:
                    continue
                own = {"token_margin": outcome.signals.get("first_margin", np.nan), **outcome.signals}
                signals.append([own.get(name, np.nan) for name in SIGNS])
                right.append(float(quality >= RIGHT))
                level.append((number, path))
                query.append((number, place))
                model.append(outcome.path.get("generator", ""))
    return Drafts(np.array(signals), np.array(right), _numbers(level), _numbers(query), _numbers(model))


def learn_verification(tables: Sequence[OutcomeTable]) -> VerificationPrior:
    """Learn P(a draft is right) from its signals; each path has its own level, which is not kept."""
    drafts = drafts_of(tables)
    slope, centre, _ = _fit(drafts)
    shift = _z(drafts.signals, centre) @ slope
    changes = [np.zeros(1)]
    for left_out in range(drafts.model.max() + 1 if drafts.model.any() else 0):
        other, _, _ = _fit(drafts.take(drafts.model != left_out))
        rows = drafts.model == left_out
        changes.append((_z(drafts.signals, centre) @ other - shift)[rows])
    weights = {
        name: Weight(float(sign * own), float(middle))
        for (name, sign), own, middle in zip(SIGNS.items(), slope, centre, strict=True)
    }
    deviation = float(np.sqrt(np.mean(np.concatenate(changes) ** 2) + np.var(shift) / 2))
    rate = float(drafts.right.mean())
    return VerificationPrior(rate, judge(tables).within, deviation, weights)


def judge(tables: Sequence[OutcomeTable]) -> Judged:
    """Judge the signals out of fold: no draft of a question is judged by weights that it helped to learn."""
    from sklearn.metrics import roc_auc_score

    drafts = drafts_of(tables)
    own, full = np.empty(len(drafts.right)), np.empty(len(drafts.right))
    for fold in range(FOLDS):
        held_out = drafts.query % FOLDS == fold
        slope, centre, level = _fit(drafts.take(~held_out), levels=int(drafts.level.max()) + 1)
        own[held_out] = _z(drafts.signals[held_out], centre) @ slope
        full[held_out] = own[held_out] + level[drafts.level[held_out]]
    within, pairs = [], []
    for number in range(drafts.level.max() + 1):
        rows = drafts.level == number
        good = int(drafts.right[rows].sum())
        bad = int(rows.sum()) - good
        if min(good, bad) >= FEWEST:
            within.append(roc_auc_score(drafts.right[rows], own[rows]))
            pairs.append(good * bad)
    chance = 1.0 / (1.0 + np.exp(-full))
    bins = np.minimum((chance * BINS).astype(int), BINS - 1)
    gaps = [
        (bins == one).mean() * abs(chance[bins == one].mean() - drafts.right[bins == one].mean())
        for one in np.unique(bins)
    ]
    return Judged(
        len(drafts.right),
        float(np.average(within, weights=pairs)),
        float(roc_auc_score(drafts.right, chance)),
        float(np.sum(gaps)),
    )


def _fit(drafts: Drafts, levels: int | None = None) -> tuple[Floats, Floats, Floats]:
    """Return the weights of the directed signals, their centres, and the level of each path."""
    k = levels or int(drafts.level.max()) + 1
    seen = np.isfinite(drafts.signals)
    centre = np.where(seen, drafts.signals, 0.0).sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
    X = np.column_stack([np.eye(k)[drafts.level], np.ones(len(drafts.right)), _z(drafts.signals, centre)])
    s = len(SIGNS)
    own = [OF_MARGINS if name.endswith("margin") else SHRINKAGE for name in SIGNS]
    ridge = np.concatenate([np.ones(k), [1e-3], own])
    low = np.concatenate([np.full(k + 1, -np.inf), np.zeros(s)])
    w = fit_logistic(X, drafts.right, towards=np.zeros(k + 1 + s), ridge=ridge, low=low)
    return w[k + 1 :], centre, w[:k] + w[k]


def _z(signals: Floats, centre: Floats) -> Floats:
    """Return signals less their centres, in the direction that favours a draft; 0 where missing."""
    signs = np.array(list(SIGNS.values()))
    return np.where(np.isfinite(signals), (np.nan_to_num(signals) - centre) * signs, 0.0)


def _numbers(keys: Sequence[object]) -> NDArray[np.intp]:
    known = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    return np.array([known[key] for key in keys])
