"""Conformal sets on recorded drafts: how many they hold, and how often a right one."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from dynamicrag.escalation.conformal import Conformal
from dynamicrag.escalation.training_data import TrainingData
from dynamicrag.lab.cascade.figures import Bench
from dynamicrag.lab.cascade.trials import RIGHT, Rounds, Trials
from dynamicrag.lab.routing.resample import interval

ALPHAS = (0.05, 0.1, 0.2)


def judge_sets(
    train: Trials,
    judged: Trials,
    rounds: Rounds,
    made: Sequence[tuple[TrainingData, TrainingData]],
    bench: Bench,
) -> dict[str, Any]:
    """Judge conformal sets of answers, where they are known, and else of options by what is predicted.

    Args:
        train: What is learnt from.
        judged: What is judged by.
        rounds: The rows of both, of every round.
        made: What was predicted of them.
        bench: What figures are made with.
    """
    n, k = judged.quality.shape
    answers = train.answers is not None and judged.answers is not None
    width = judged.answers.p.shape[1] if judged.answers is not None else k
    p, right = np.full((n, width), np.nan), np.zeros((n, width), dtype=bool)
    inside = {alpha: np.zeros((n, width), dtype=bool) for alpha in ALPHAS}
    for (kept, out), (own, ahead) in zip(rounds, made, strict=True):
        if train.answers is not None and judged.answers is not None:
            known = train.answers.p[kept], train.answers.right[kept]
            p[out], right[out] = judged.answers.p[out], judged.answers.right[out]
        else:
            known = own.score, own.quality >= RIGHT
            p[out], right[out] = ahead.score, ahead.quality >= RIGHT
        sets = Conformal().fit(*known)
        for alpha in ALPHAS:
            inside[alpha][out] = sets.sets(p[out], alpha)
    solvable = np.asarray((right & np.isfinite(p)).any(axis=1))
    weak = int(np.flatnonzero(judged.chain >= 0)[-1]) if answers else int(judged.cost.mean(axis=0).argmin())
    strong = np.where(judged.strong, judged.quality.mean(axis=0), -1.0).argmax() if answers else bench.single
    rows = np.arange(n)
    found: dict[str, Any] = {
        "of": "answers" if answers else "options",
        "solvable": solvable.mean(),
        "levels": {},
    }
    for alpha, members in inside.items():
        held = np.asarray((members & right).any(axis=1))
        size = members.sum(axis=1)
        weights = bench.resample.counts[:, solvable]
        covered = weights @ held[solvable] / np.maximum(weights.sum(axis=1), 1)
        single = size == 1
        routed = np.where(single, judged.quality[:, weak], judged.quality[rows, strong])
        found["levels"][f"{alpha:g}"] = {
            "target": 1 - alpha,
            "coverage": held[solvable].mean() if solvable.any() else None,
            "interval": interval(covered),
            "size": size.mean(),
            "single": single.mean(),
            **(
                {
                    "single_quality": judged.quality[single, weak].mean() if single.any() else None,
                    "routed": {"quality": routed.mean(), "escalated": 1 - single.mean()},
                }
                if answers
                else {}
            ),
        }
    return found
