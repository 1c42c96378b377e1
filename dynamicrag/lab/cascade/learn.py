"""Training on recorded drafts before a policy decides: priors, scores, expected costs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynamicrag.escalation.beliefs import BeliefModel
from dynamicrag.escalation.scorer import Scorer
from dynamicrag.escalation.training_data import TrainingData
from dynamicrag.lab.cascade.trials import Trials
from dynamicrag.lab.recipe import Recipe
from dynamicrag.lab.rejoin import rejoin
from dynamicrag.lab.routing.expected import ExpectedCost
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.crossfit import folds
from dynamicrag.routers.paths import originals

INNER = 5
"""Folds within the training data."""


@dataclass(frozen=True, slots=True)
class Learnt:
    """The learnt parts of one round.

    Attributes:
        trials: The training data.
        rows: Its rows that were learnt from, (m,).
        recipe: The method that predicts quality from the question.
        scorer: From signals to P(right).
        hopeless: From signals to P(nothing answers the question); ``None`` if all have an answer.
        model: The model of scores that changes beliefs.
        priced: From the question to expected costs.
        own: The rows that were learnt from, each predicted from the other folds.
    """

    trials: Trials
    rows: NDArray[np.intp]
    recipe: Recipe
    scorer: Scorer
    hopeless: Scorer | None
    model: BeliefModel
    priced: ExpectedCost
    own: TrainingData

    def predict(self, test: Trials, rows: NDArray[np.intp]) -> TrainingData:
        """Return rows that were not learnt from with all that is predicted of them."""
        signals = test.scored[rows]
        first = _prior(self.recipe, self.trials, self.rows, test, rows)
        scores = self.scorer.predict(signals), _hopelessness(self.hopeless, signals)
        return _predicted(test, rows, self.priced, first, *scores)


def learn(trials: Trials, rows: NDArray[np.intp], labels: NDArray[np.intp], recipe: Recipe) -> Learnt:
    """Learn from some rows.

    Args:
        trials: The training data.
        rows: Its rows to learn from, (m,).
        labels: Rows with the same label share a fold; for all ``trials``.
        recipe: The method that predicts quality from the question.
    """
    fold = folds(len(rows), INNER, labels[rows], recipe.seed)
    signals, quality, blank = trials.scored[rows], trials.quality[rows], trials.unanswerable[rows]
    outs = [np.flatnonzero(fold == number) for number in range(fold.max() + 1)]
    parts = []
    for number, out in enumerate(outs):
        kept = np.flatnonzero(fold != number)
        if not len(kept):
            kept = out  # a single fold cannot be left out
        parts.append((
            _prior(recipe, trials, rows[kept], trials, rows[out]),
            Scorer().fit(signals[kept], quality[kept]).predict(signals[out]),
            _hopelessness(_fit_hopeless(signals[kept], blank[kept]), signals[out]),
        ))  # fmt: skip
    first, score, hopeless = rejoin(parts, outs)
    priced = ExpectedCost().fit([trials.texts[i] for i in rows], trials.cost[rows])
    return Learnt(
        trials=trials,
        rows=rows,
        recipe=recipe,
        scorer=Scorer().fit(signals, quality),
        hopeless=_fit_hopeless(signals, blank),
        model=BeliefModel().fit(first, score, quality, float(blank.mean())),
        priced=priced,
        own=_predicted(trials, rows, priced, first, score, hopeless),
    )


def _prior(
    recipe: Recipe, train: Trials, rows: NDArray[np.intp], test: Trials, test_rows: NDArray[np.intp]
) -> Floats:
    """Predict test rows from training rows, (m, k); by the options' means where no feature is known."""
    quality = train.quality[rows]
    if not train.seen or not test.seen:
        return np.tile(quality.mean(axis=0), (len(test_rows), 1))
    known, asked = [train.seen[i] for i in rows], [test.seen[i] for i in test_rows]
    features = recipe.features().fit(known)
    predictor = recipe.predictor().fit(features.transform(known), quality, blocks=features.blocks)
    return np.clip(predictor.predict(features.transform(asked)).mean, 0.0, 1.0)


def _predicted(
    of: Trials, rows: NDArray[np.intp], priced: ExpectedCost, first: Floats, score: Floats, hopeless: Floats
) -> TrainingData:
    expected = np.array(priced.predict([of.texts[i] for i in rows]))
    for own in np.unique(of.chain[of.chain >= 0]):  # along a chain, costs never fall
        expected[:, of.chain == own] = np.maximum.accumulate(expected[:, of.chain == own], axis=1)
    mends = np.array(originals(of.paths) if of.paths else [-1] * len(of.options), dtype=np.intp)
    return TrainingData(
        first, expected, score, hopeless, of.quality[rows], of.cost[rows], of.unanswerable[rows], of.chain,
        mends,
    )  # fmt: skip


def _fit_hopeless(signals: Floats, blank: Floats) -> Scorer | None:
    """Learn P(nothing answers the question) from a draft's signals; ``None`` if all have an answer."""
    if not blank.any():
        return None
    return Scorer().fit(signals, np.tile(blank[:, None], (1, signals.shape[1])))


def _hopelessness(hopeless: Scorer | None, signals: Floats) -> Floats:
    """Return P(nothing answers the question) by each draft's signals, (n, k)."""
    return np.zeros(signals.shape[:2]) if hopeless is None else hopeless.predict(signals)
