"""Conformal sets on recorded drafts: their size, and how often they hold a right member."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dynamicrag.escalation.conformal import conformal_sets
from dynamicrag.escalation.training_data import TrainingData
from dynamicrag.lab.cascade.figures import Bench
from dynamicrag.lab.cascade.signal_results import Conformal, ConformalLevel, OfAnswers, Routed
from dynamicrag.lab.cascade.trials import RIGHT, Candidates, Rounds, Trials
from dynamicrag.lab.rejoin import rejoin
from dynamicrag.lab.routing.resample import interval

ALPHAS = (0.05, 0.1, 0.2)


def judge_sets(
    train: Trials, bench: Bench, rounds: Rounds, data: Sequence[tuple[TrainingData, TrainingData]]
) -> Conformal:
    """Judge conformal sets of answers where they are known, and of options by their learnt scores elsewhere.

    Args:
        train: The training data.
        bench: The test data and what figures are made with.
        rounds: Rows of the training and the test data.
        data: Predictions for these rows.
    """
    test = bench.trials
    answers = train.answers is not None and test.answers is not None
    parts = []
    for (kept, out), (own, ahead) in zip(rounds, data, strict=True):
        if train.answers is not None and test.answers is not None:
            known, asked = train.answers.take(kept), test.answers.take(out)
        else:
            known, asked = (Candidates(each.score, each.quality >= RIGHT) for each in (own, ahead))
        sets = {alpha: conformal_sets(known.p, known.right, asked.p, alpha) for alpha in ALPHAS}
        parts.append((asked.p, asked.right, sets))
    p, right, inside = rejoin(parts, [out for _, out in rounds])
    solvable = np.asarray((right & np.isfinite(p)).any(axis=1))
    weights = bench.resample.counts[:, solvable]
    levels = {}
    for alpha, members in inside.items():
        held = np.asarray((members & right).any(axis=1))[solvable]
        size = members.sum(axis=1)
        single = size == 1
        levels[f"{alpha:g}"] = ConformalLevel(
            target=1 - alpha,
            coverage=float(held.mean()) if solvable.any() else None,
            interval=interval(weights @ held / np.maximum(weights.sum(axis=1), 1)),
            size=float(size.mean()),
            single=float(single.mean()),
            answers=_of_answers(test, single) if answers else None,
        )
    return Conformal("answers" if answers else "options", float(solvable.mean()), levels)


def _of_answers(test: Trials, single: NDArray[np.bool_]) -> OfAnswers:
    """Return the figures of answers, by whether a query's set is of one, (n,)."""
    weak = int(np.flatnonzero(test.chain >= 0)[-1])
    strong = int(np.where(test.strong, test.quality.mean(axis=0), -1.0).argmax())
    routed = np.where(single, test.quality[:, weak], test.quality[:, strong])
    alone = float(test.quality[single, weak].mean()) if single.any() else None
    return OfAnswers(alone, Routed(float(routed.mean()), 1 - float(single.mean())))
