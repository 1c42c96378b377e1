"""What is learnt from recorded drafts before any policy decides: priors, scores, expected costs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynamicrag.escalation.beliefs import BeliefModel
from dynamicrag.escalation.replay import Lessons
from dynamicrag.escalation.scorer import Scorer
from dynamicrag.evaluation.cascade.trials import Trials
from dynamicrag.evaluation.routing.expected import ExpectedCost
from dynamicrag.features.base import Embed, FeatureSet
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.crossfit import build, folds

INNER = 5


@dataclass(frozen=True, slots=True)
class Learnt:
    """All that is learnt from one side, and what it says of both.

    Attributes:
        scorer: From signals to P(right).
        model: How scores change beliefs.
        own: The rows that were learnt from, each predicted without its own fold.
        judged: The rows that are judged by.
    """

    scorer: Scorer
    model: BeliefModel
    own: Lessons
    judged: Lessons


def learn(
    trials: Trials, rows: NDArray[np.intp], judged: Trials, judged_rows: NDArray[np.intp],
    labels: NDArray[np.intp], *, router: object, families: Sequence[object], embed: Embed | None, seed: int,
) -> Learnt:  # fmt: skip
    """Learn from some rows, and predict them and others.

    Args:
        trials: What is learnt from.
        rows: Which of it, (m,).
        judged: What is judged by.
        judged_rows: Which of it.
        labels: What shares one stays in one fold, of all ``trials``.
        router: Spec of the predictor of the priors.
        families: Its features.
        embed: The embedding model, for families that need one.
        seed: Seed of folds and predictor.
    """
    fold = folds(len(rows), INNER, labels[rows], seed)
    signals, quality, cost = trials.heard[rows], trials.quality[rows], trials.cost[rows]
    blank = trials.unanswerable[rows]
    shape = quality.shape
    prior, score, hopeless = (np.full(shape, np.nan) for _ in range(3))
    for number in range(fold.max() + 1):
        out, kept = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
        if not len(kept):
            kept = out  # a single row cannot be left out
        prior[out] = _prior(trials, rows[kept], trials, rows[out], router, families, embed, seed)
        score[out] = Scorer().fit(signals[kept], quality[kept]).predict(signals[out])
        hopeless[out] = _hopeless(signals[kept], blank[kept], signals[out])
    scorer = Scorer().fit(signals, quality)
    model = BeliefModel().fit(prior, score, quality, float(blank.mean()))
    priced = ExpectedCost().fit([trials.texts[i] for i in rows], cost)

    def lessons(of: Trials, those: NDArray[np.intp], first: Floats, said: Floats, none: Floats) -> Lessons:
        expected = priced.predict([of.texts[i] for i in those])
        return Lessons(
            first, _rising(expected, of.chain), said, none, of.quality[those], of.cost[those],
            of.unanswerable[those], of.chain,
        )  # fmt: skip

    after = judged.heard[judged_rows]
    return Learnt(
        scorer,
        model,
        lessons(trials, rows, prior, score, hopeless),
        lessons(
            judged,
            judged_rows,
            _prior(trials, rows, judged, judged_rows, router, families, embed, seed),
            scorer.predict(after),
            _hopeless(signals, blank, after),
        ),
    )


def _prior(
    trials: Trials, rows: NDArray[np.intp], judged: Trials, judged_rows: NDArray[np.intp],
    router: object, families: Sequence[object], embed: Embed | None, seed: int,
) -> Floats:  # fmt: skip
    """Return the quality that is predicted from the question; from nothing, the options' means."""
    quality = trials.quality[rows]
    if not trials.seen or not judged.seen:
        return np.tile(quality.mean(axis=0), (len(judged_rows), 1))
    known, asked = [trials.seen[i] for i in rows], [judged.seen[i] for i in judged_rows]
    features = FeatureSet(families, embed, "--features").fit(known)
    predictor = build(router, seed, "--routers").fit(
        features.transform(known), quality, blocks=features.blocks
    )
    return np.clip(predictor.predict(features.transform(asked)).mean, 0.0, 1.0)


def hopeless_scorer(signals: Floats, blank: Floats) -> Scorer | None:
    """Return what says P(nothing answers the question), by a draft's signals; ``None`` if all have one."""
    if not blank.any():
        return None
    return Scorer().fit(signals, np.tile(blank[:, None], (1, signals.shape[1])))


def _hopeless(signals: Floats, blank: Floats, asked: Floats) -> Floats:
    """Return P(nothing answers the question), by each draft's signals, (n, k)."""
    scorer = hopeless_scorer(signals, blank)
    return np.zeros(asked.shape[:2]) if scorer is None else scorer.predict(asked)


def _rising(expected: Floats, chain: NDArray[np.intp]) -> Floats:
    """Return expected costs that never fall along a chain."""
    expected = np.array(expected)
    for own in np.unique(chain[chain >= 0]):
        expected[:, chain == own] = np.maximum.accumulate(expected[:, chain == own], axis=1)
    return expected
