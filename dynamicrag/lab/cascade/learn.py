"""What is learnt from recorded drafts before any policy decides: priors, scores, expected costs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynamicrag.escalation.beliefs import BeliefModel
from dynamicrag.escalation.scorer import Scorer
from dynamicrag.escalation.training_data import TrainingData
from dynamicrag.features.base import Embed, FeatureSet
from dynamicrag.lab.cascade.trials import Trials
from dynamicrag.lab.routing.expected import ExpectedCost
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.crossfit import build, folds
from dynamicrag.routers.paths import originals

INNER = 5


@dataclass(frozen=True, slots=True)
class Prior:
    """How quality is predicted from the question.

    Attributes:
        router: Spec of the predictor.
        families: Its features.
        embed: The embedding model, for families that need one.
        seed: Seed of folds and predictor.
    """

    router: object
    families: Sequence[object]
    embed: Embed | None
    seed: int

    def predict(
        self, trials: Trials, rows: NDArray[np.intp], judged: Trials, judged_rows: NDArray[np.intp]
    ) -> Floats:
        """Return what is predicted of some rows from others, (m, k); from nothing, the options' means."""
        quality = trials.quality[rows]
        if not trials.seen or not judged.seen:
            return np.tile(quality.mean(axis=0), (len(judged_rows), 1))
        known, asked = [trials.seen[i] for i in rows], [judged.seen[i] for i in judged_rows]
        features = FeatureSet(self.families, self.embed, "--features").fit(known)
        predictor = build(self.router, self.seed, "--routers").fit(
            features.transform(known), quality, blocks=features.blocks
        )
        return np.clip(predictor.predict(features.transform(asked)).mean, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Learnt:
    """All that is learnt from some rows.

    Attributes:
        trials: What was learnt from.
        rows: Which of it, (m,).
        prior: How quality is predicted from the question.
        scorer: From signals to P(right).
        hopeless: From signals to P(nothing answers the question); ``None`` if all have an answer.
        model: How scores change beliefs.
        priced: From the question to expected costs.
        own: The rows that were learnt from, each predicted without its own fold.
    """

    trials: Trials
    rows: NDArray[np.intp]
    prior: Prior
    scorer: Scorer
    hopeless: Scorer | None
    model: BeliefModel
    priced: ExpectedCost
    own: TrainingData

    def lessons(self, judged: Trials, rows: NDArray[np.intp]) -> TrainingData:
        """Predict rows that were not learnt from."""
        heard = judged.heard[rows]
        return _lessons(
            judged, rows, self.priced, self.prior.predict(self.trials, self.rows, judged, rows),
            self.scorer.predict(heard), _blank(self.hopeless, heard),
        )  # fmt: skip


def learn(trials: Trials, rows: NDArray[np.intp], labels: NDArray[np.intp], prior: Prior) -> Learnt:
    """Learn from some rows.

    Args:
        trials: What is learnt from.
        rows: Which of it, (m,).
        labels: What shares one stays in one fold, of all ``trials``.
        prior: How quality is predicted from the question.
    """
    fold = folds(len(rows), INNER, labels[rows], prior.seed)
    signals, quality = trials.heard[rows], trials.quality[rows]
    blank = trials.unanswerable[rows]
    first, score, hopeless = (np.full(quality.shape, np.nan) for _ in range(3))
    for number in range(fold.max() + 1):
        out, kept = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
        if not len(kept):
            kept = out  # a single row cannot be left out
        first[out] = prior.predict(trials, rows[kept], trials, rows[out])
        score[out] = Scorer().fit(signals[kept], quality[kept]).predict(signals[out])
        hopeless[out] = _blank(_hopeless(signals[kept], blank[kept]), signals[out])
    priced = ExpectedCost().fit([trials.texts[i] for i in rows], trials.cost[rows])
    return Learnt(
        trials=trials,
        rows=rows,
        prior=prior,
        scorer=Scorer().fit(signals, quality),
        hopeless=_hopeless(signals, blank),
        model=BeliefModel().fit(first, score, quality, float(blank.mean())),
        priced=priced,
        own=_lessons(trials, rows, priced, first, score, hopeless),
    )


def _lessons(
    of: Trials, rows: NDArray[np.intp], priced: ExpectedCost, first: Floats, score: Floats, hopeless: Floats
) -> TrainingData:
    expected = _rising(priced.predict([of.texts[i] for i in rows]), of.chain)
    mends = np.array(originals(of.paths) if of.paths else [-1] * len(of.options), dtype=np.intp)
    return TrainingData(
        first, expected, score, hopeless, of.quality[rows], of.cost[rows], of.unanswerable[rows], of.chain,
        mends,
    )  # fmt: skip


def _hopeless(signals: Floats, blank: Floats) -> Scorer | None:
    """Return what says P(nothing answers the question), by a draft's signals; ``None`` if all have one."""
    if not blank.any():
        return None
    return Scorer().fit(signals, np.tile(blank[:, None], (1, signals.shape[1])))


def _blank(hopeless: Scorer | None, signals: Floats) -> Floats:
    """Return P(nothing answers the question), by each draft's signals, (n, k)."""
    return np.zeros(signals.shape[:2]) if hopeless is None else hopeless.predict(signals)


def _rising(expected: Floats, chain: NDArray[np.intp]) -> Floats:
    """Return expected costs that never fall along a chain."""
    expected = np.array(expected)
    for own in np.unique(chain[chain >= 0]):
        expected[:, chain == own] = np.maximum.accumulate(expected[:, chain == own], axis=1)
    return expected
