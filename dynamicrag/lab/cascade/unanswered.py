"""What came of questions without an answer, and at what price for those that have one."""

from typing import Any

import numpy as np

from dynamicrag.escalation.base import ABSTAIN
from dynamicrag.escalation.beliefs import Positions
from dynamicrag.lab.cascade.trials import Trials
from dynamicrag.lab.routing.resample import Resample, interval


def unanswered(trials: Trials, accepted: Positions, resample: Resample) -> dict[str, Any] | None:
    """Return how often no answer was given, where there is one and where there is none.

    An accepted draft that says itself that there is no answer gives none, as abstaining does. One that
    failed invents nothing either, but is no abstention.

    Args:
        trials: What is judged by.
        accepted: The option whose draft was accepted, or ``ABSTAIN``, (n,).
        resample: Samples of the queries.

    Returns:
        ``unanswerable`` and ``answerable``: numbers of questions; of the former ``abstained`` and
        ``invented``, of the latter ``wrongly_abstained``, each ``{share, count, interval}``. ``None`` where
        every question has an answer.
    """
    blank = trials.unanswerable > 0
    if not blank.any():
        return None
    said = trials.refused[np.arange(len(trials)), np.maximum(accepted, 0)]
    said = np.where(accepted == ABSTAIN, 1.0, said)

    def told(held: np.ndarray, among: np.ndarray) -> dict[str, Any]:
        weights = resample.counts[:, among].astype(np.float64)
        size = weights.sum(axis=1)
        some = size > 0  # of samples without such a question there is no share
        drawn = (weights @ held[among])[some] / size[some]
        count = int(held[among].sum())
        share = count / among.sum() if among.any() else None
        return {"share": share, "count": count, "interval": interval(drawn)}

    return {
        "unanswerable": int(blank.sum()),
        "answerable": int((~blank).sum()),
        "abstained": told(said == 1, blank),
        "invented": told(said == 0, blank),
        "wrongly_abstained": told(said == 1, ~blank),
    }
