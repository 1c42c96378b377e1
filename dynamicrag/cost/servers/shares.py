"""Shares a server's CPU time and GPU energy fairly among the calls to it, in all processes of a host.

A mark is a reading of the server's counters at the begin or the end of a call. The segment after a mark
belongs to the calls that are open in it, and never more is charged than it holds. A call whose tokens predict
its CPU time takes that much; the last call of a segment takes the rest, up to ``TOLERANCE`` times its
prediction. Without a prediction the open calls share equally. The rest is nobody's, and so is what the server
burns without any call.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["Reading", "Segment", "Share", "take"]

TOLERANCE = 2.0
"""Largest ratio of a charge to its prediction: threads that wait for each other on a busy host burn more."""


class Reading(NamedTuple):
    """A server's counters: CPU-seconds of all its processes, and joules of its GPUs."""

    cpu: float
    gpu: float = 0.0


@dataclass(slots=True)
class Segment:
    """The server's consumption between two marks, as far as no call was charged for it.

    Attributes:
        number: Number of the mark at its begin.
        opened: Calls that were open in it.
        claimants: Calls among them that were not charged yet.
        cpu: CPU-seconds.
        gpu: Joules.
    """

    number: int
    opened: int
    claimants: int
    cpu: float
    gpu: float


class Share(NamedTuple):
    """A call's share of a server's consumption.

    Attributes:
        cpu: CPU-seconds.
        gpu: Joules of GPUs.
        whole: CPU-seconds of the server meanwhile, if no other call of ours was open; else 0.
    """

    cpu: float
    gpu: float
    whole: float


def take(segments: Sequence[Segment], predicted: float | None, *, others: bool) -> Share:
    """Charge a call and remove its share from the segments in which it was open.

    Args:
        segments: The segments, in order.
        predicted: CPU-seconds by its tokens, if known.
        others: Whether clients unknown to us may have used the server meanwhile.
    """
    equal = [segment.cpu / segment.claimants for segment in segments]
    charge = _charge(segments, equal, predicted, others=others)
    first, total = sum(equal), sum(segment.cpu for segment in segments)
    alone = all(segment.opened == 1 for segment in segments)
    cpu = gpu = 0.0
    for segment, part in zip(segments, equal, strict=True):
        if charge <= first:
            taken = part * charge / first if first else 0.0
        else:  # beyond its equal share, from the others' unclaimed time
            taken = part + (segment.cpu - part) * (charge - first) / (total - first)
        joules = segment.gpu * (taken / segment.cpu if segment.cpu else 1 / segment.claimants)
        segment.cpu = max(0.0, segment.cpu - taken)
        segment.gpu = max(0.0, segment.gpu - joules)
        cpu, gpu = cpu + taken, gpu + joules
    return Share(cpu, gpu, total if alone else 0.0)


def _charge(
    segments: Sequence[Segment], equal: Sequence[float], predicted: float | None, *, others: bool
) -> float:
    total = sum(segment.cpu for segment in segments)
    if predicted is None:
        return sum(
            segment.cpu / (segment.claimants + 1) if others else part
            for segment, part in zip(segments, equal, strict=True)
        )
    if others:
        return min(predicted, total)
    last = sum(segment.cpu for segment in segments if segment.claimants == 1)
    return min(TOLERANCE * predicted, last + min(total - last, max(0.0, predicted - last)))
