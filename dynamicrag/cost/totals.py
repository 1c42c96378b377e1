"""The accounts of a process: where its metered energy went."""

from dataclasses import dataclass

__all__ = ["Totals"]


@dataclass(slots=True)
class Totals:
    """The metered energy of a process by account, in joules.

    Attributes:
        metered: The sum of ``active``, ``idle``, ``constant``, ``unexplained`` and ``pending``.
        active: Energy split among calls.
        ingest: The part of ``active`` that ingesting corpora used.
        warm: The part of ``active`` that models' first calls used, before any query.
        idle: Energy that no call claimed: loading, waiting, the rest of the program.
        constant: Energy independent of the load (memory).
        unexplained: Reported energy above the maximum that the CPU time allows.
        pending: Energy not yet split.
        faults: Number of refused readings; they are not counted.
    """

    metered: float = 0.0
    active: float = 0.0
    ingest: float = 0.0
    warm: float = 0.0
    idle: float = 0.0
    constant: float = 0.0
    unexplained: float = 0.0
    pending: float = 0.0
    faults: int = 0
