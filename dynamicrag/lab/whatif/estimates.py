"""Estimates of one part of the comparison, or the reason for none."""

import time
from collections.abc import Mapping, Sequence

import numpy as np

from dynamicrag.cost.amounts import percent
from dynamicrag.lab.whatif.evidence import Evidence
from dynamicrag.lab.whatif.results import Part
from dynamicrag.learning.intervals import Range
from dynamicrag.learning.offpolicy import Comparison, compare, effective_size, observed_range, weights_of
from dynamicrag.learning.tabled import SAME, StageTable, predictions, steps_of
from dynamicrag.predictors.checks import Floats

LEAST_SIZE = 50
"""Smallest effective sample size of an estimate."""
RATINGS = Range(0.0, 1.0)
"""The range of rewards."""
EXPLORE = "log with exploration (explore: {epsilon: 0.1} at the stage's router)"


class Estimates:
    """Estimates the parts of one comparison.

    Args:
        evidence: The log.
        weights: The candidate's weights of the cost dimensions.
    """

    def __init__(self, evidence: Evidence, weights: Mapping[str, float]) -> None:
        self._quality = evidence.quality()
        self._outcomes = {"quality": self._quality, "utility": evidence.utility(weights)}
        self._reach = {"quality": RATINGS, "utility": _utility_range(evidence, weights)}
        self._outcomes |= {dimension: evidence.cost(dimension) for dimension in evidence.dimensions}
        self._predictions: dict[tuple[str, str], Floats] = {}

    def part(self, name: str, tables: Sequence[StageTable]) -> Part:
        """Return the estimates of a part, or why there are none.

        Args:
            name: Its name.
            tables: The replayed decisions of its stages.
        """
        decisions, changed = sum(t.decisions for t in tables), sum(len(t.query) for t in tables)
        why = _unsupported(tables) or _too_few(tables, self._quality)
        if why:
            return Part(name, decisions, changed, refused=why)
        made = {outcome: found for outcome in self._outcomes if (found := self._compared(tables, outcome))}
        return Part(name, decisions, changed, made["quality"].effective, outcomes=made)

    def _compared(self, tables: Sequence[StageTable], outcome: str) -> Comparison | None:
        """Return the comparison of an outcome; ``None`` if too few queries have it."""
        values = self._outcomes[outcome]
        known = ~np.isnan(values)
        if known.sum() < LEAST_SIZE or effective_size(_weights(tables, values)) < LEAST_SIZE:
            return None
        found = [self._predicted(table, outcome) for table in tables]
        return compare(steps_of(tables, found, values), values[known], self._reach.get(outcome))

    def _predicted(self, table: StageTable, outcome: str) -> Floats:
        """Return the predictions at a stage, which its own part and the path share."""
        key = table.stage, outcome
        if key not in self._predictions:
            self._predictions[key] = predictions(table, self._outcomes[outcome])
        return self._predictions[key]


def fitted_on(learnt: int, evidence: Evidence) -> str:
    """Return why a router cannot be judged by feedback that it has learnt from; ``""`` if it can.

    Args:
        learnt: Number of the last feedback that it has learnt from.
        evidence: The log.
    """
    used = [query for query in evidence.queries if 0 < evidence.rewards.oldest.get(query.id, 0) <= learnt]
    if not used:
        return ""
    last = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(max(query.at for query in used) + 1.0))
    return (
        f"its router has learnt from {len(used):,} of these queries (feedback 1 to {learnt:,}), so they "
        f"would flatter it; judge it by later queries: --since {last}"
    )


def _utility_range(evidence: Evidence, weights: Mapping[str, float]) -> Range:
    """Return the range of quality less weighted cost."""
    prices = sum((w * evidence.cost(d) for d, w in weights.items() if w), np.zeros(len(evidence.queries)))
    known = prices[~np.isnan(prices)]
    price = observed_range(known) if len(known) else Range(0.0, 0.0)
    return Range(RATINGS.low - price.high, RATINGS.high - price.low)


def _unsupported(tables: Sequence[StageTable]) -> str:
    """Return why the log cannot show choices of the candidate; ``""`` if it can."""
    for table in tables:
        lacking = table.unsupported > SAME
        if not lacking.any():
            continue
        share = float(lacking.sum()) / max(1, table.decisions)
        fixed = bool((table.logged.max(axis=1) > 1 - SAME).all())
        never = "the log is deterministic there" if fixed else "their logged probability is 0"
        return (
            f"in {percent(share)} of the decisions at {table.stage} the candidate takes options that the "
            f"logged policy never takes in this context ({never}); {EXPLORE}; or, if the candidate does not "
            "change this stage, give the logged policy's file by --policy"
        )
    return ""


def _too_few(tables: Sequence[StageTable], quality: Floats) -> str:
    rated = int((~np.isnan(quality)).sum())
    if rated < LEAST_SIZE:
        return f"{rated:,} queries have feedback on the answer; at least {LEAST_SIZE} are needed"
    size = effective_size(_weights(tables, quality))
    if size < LEAST_SIZE:
        return (
            f"the effective sample size is {size:.0f} of {rated:,} queries with feedback, and at least "
            f"{LEAST_SIZE} are needed: the logged policy rarely took the candidate's options; {EXPLORE}, or "
            "log more queries"
        )
    return ""


def _weights(tables: Sequence[StageTable], outcomes: Floats) -> Floats:
    known = ~np.isnan(outcomes)
    found = np.ones(len(outcomes))
    for table in tables:
        found *= weights_of(table.query, table.ratio, len(outcomes))
    return found[known]
