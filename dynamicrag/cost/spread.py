"""Spreads the CPU-seconds that calls declare over the meter's intervals.

A call declares a sum; the meter knows the CPU time of every interval. Spread evenly over a call's
time, the sums may exceed an interval's CPU time: two calls on one core compute at half speed
while both run. Rows (calls) and columns (intervals) are scaled in turn until both sums hold, by
iterative proportional fitting (Deming and Stephan, 1940).
"""

from collections.abc import Mapping, Sequence

from dynamicrag.cost.line import Line
from dynamicrag.cost.meter import Interval

ROUNDS = 20

Claims = list[dict[Line, float]]


def spread(lines: Sequence[Line], intervals: Sequence[Interval]) -> Claims:
    """Return the CPU-seconds of each line in each interval; an interval omits lines that claim none."""
    claims: Claims = [{} for _ in intervals]
    for line in lines:
        charged = line.charged
        for claim, interval in zip(claims, intervals, strict=True):
            amount = line.claim(interval, charged)
            if amount > 0:
                claim[line] = amount
                charged += amount
    if len(intervals) > 1:
        _fit(claims, [interval.cpu_seconds for interval in intervals])
    return claims


def _fit(claims: Claims, cpu_seconds: Sequence[float]) -> None:
    """Move CPU-seconds that exceed an interval to other intervals of the same call."""
    declared, had = _sums(claims), sum(cpu_seconds)
    if had <= 0:
        return
    # clocks tick in steps of 10 ms and calls may declare too much: then raise the limit of all intervals
    room = max(1.0, sum(declared.values()) / had)
    for _ in range(ROUNDS):
        for claim, most in zip(claims, cpu_seconds, strict=True):
            total = sum(claim.values())
            if total > room * most:
                _scale(claim, dict.fromkeys(claim, room * most / total))
        given = _sums(claims)
        short = {line: declared[line] / given[line] for line in given if given[line] > 0}
        if max(short.values(), default=1.0) < 1.001:
            return
        for claim in claims:
            _scale(claim, short)


def _sums(claims: Claims) -> dict[Line, float]:
    sums: dict[Line, float] = {}
    for claim in claims:
        for line, amount in claim.items():
            sums[line] = sums.get(line, 0.0) + amount
    return sums


def _scale(claim: dict[Line, float], factors: Mapping[Line, float]) -> None:
    for line in claim:
        claim[line] *= factors.get(line, 1.0)
