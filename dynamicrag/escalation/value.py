"""``value``: the worth of a step is its expected improvement minus its price."""

import numpy as np
from numpy.typing import NDArray

from dynamicrag.escalation.base import ABSTAIN, ACCEPT, POLICIES, EscalationPolicy, Verdict
from dynamicrag.escalation.beliefs import Beliefs, above
from dynamicrag.predictors.checks import Floats


@POLICIES.register("value")
class Value(EscalationPolicy):
    """Takes the step with the highest value of information, looking two steps ahead; or ends.

    A draft has two uses: it may be accepted, and its verifiers' signals update the beliefs in all other
    options. Both are in the expected worth of the best end after it, with one further step if that pays,
    minus λ times the cost of both (Howard 1966, "Information value theory"; the belief is that of the
    knowledge gradient for correlated options, Frazier, Powell and Dayanik 2009). Options are stages as well
    as models: any paths in the recordings. Ends are the best draft, and abstaining, which is worth the
    probability that the question has no answer.

    A firewall comes first: a query is not escalated if no open option has an expected quality of ``hope``.

    Args:
        hope: Minimum expected quality of some open option.
        nodes: Number of quadrature points for the verifiers' signals.
    """

    def __init__(self, *, hope: float = 0.05, nodes: int = 3) -> None:
        self.hope = hope
        self.nodes = nodes

    def _decide(self, beliefs: Beliefs, lam: float) -> Verdict:
        rows, k = beliefs.mean.shape
        at, weight = _nodes(self.nodes)
        can, moves = beliefs.open, beliefs.moves
        now = beliefs.worth
        best = np.where(beliefs.tried.any(axis=1) | (beliefs.abstain > 0), now, -np.inf)
        step = np.full(rows, ACCEPT, dtype=np.intp)
        for option in range(k):
            if not can[:, option].any():
                continue
            then = self._then(beliefs, option, moves, now, at, lam)
            worth = then @ weight - lam * np.where(can[:, option], beliefs.cost[:, option], 0.0)
            worth = np.where(can[:, option], worth, -np.inf)
            step = np.where(worth > best + 1e-9, option, step)
            best = np.maximum(best, worth)
        drafted = beliefs.tried.any(axis=1)
        hopeless = np.where(can, beliefs.mean + beliefs.spread, 0.0).max(axis=1) < self.hope
        step = np.where(hopeless & drafted, ACCEPT, step)
        step = np.where((step == ACCEPT) & ~drafted & (beliefs.abstain > 0), ABSTAIN, step)
        return Verdict(step.astype(np.intp), beliefs.best)

    def _then(
        self, beliefs: Beliefs, option: int, moves: Floats, now: Floats, at: Floats, lam: float
    ) -> Floats:
        """Return the worth after an option's draft, for each possible result of its verifiers, (n, nodes)."""
        k = beliefs.mean.shape[1]
        mean = np.clip(beliefs.mean[:, None, :] + at[:, None] * moves[:, option, None, :], 0.0, 1.0)
        end = np.maximum(now[:, None], mean[:, :, option])
        cost = beliefs.after(option)
        left = beliefs.budget - np.where(np.isfinite(beliefs.cost[:, option]), beliefs.cost[:, option], 0.0)
        further = ~beliefs.tried & np.isfinite(cost) & (cost <= left[:, None])
        spread = _remaining(beliefs, option)
        # worth of one more step: the expected maximum of the current end and that step's result
        far = spread[:, None, :]
        gain = above(mean - end[:, :, None], far) - above(mean - 1.0, far)  # 1 is the highest quality
        paid = np.where(further, lam * np.where(np.isfinite(cost), cost, 0.0), np.inf)
        more = gain - paid[:, None, :]
        more[:, :, [other == option for other in range(k)]] = -np.inf
        return np.asarray(end + np.maximum(more.max(axis=2), 0.0))


def _remaining(beliefs: Beliefs, option: int) -> Floats:
    """Return every option's spread once another has been verified, (n, k)."""
    k = beliefs.mean.shape[1]
    size = beliefs.cov[:, k + option, k + option]
    known = (size > 1e-9)[:, None]
    across = np.diagonal(beliefs.cov[:, k:, :k], axis1=1, axis2=2)
    variance = np.diagonal(beliefs.cov[:, k:, k:], axis1=1, axis2=2)
    by = beliefs.cov[:, :, k + option] / np.where(size > 1e-9, size, 1.0)[:, None] * known
    across = across - by[:, k:] * beliefs.cov[:, :k, k + option]
    variance = np.maximum(variance - by[:, k:] * beliefs.cov[:, k:, k + option], 0.0)
    sure = variance > 1e-6
    own = np.maximum(across, 0.0) / np.sqrt(np.where(sure, variance, 1.0)) * sure
    return np.asarray(own * beliefs.shape)


def _nodes(number: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return points and weights that average over a standard normal (Gauss and Hermite)."""
    at, weight = np.polynomial.hermite_e.hermegauss(number)
    return at, weight / weight.sum()
