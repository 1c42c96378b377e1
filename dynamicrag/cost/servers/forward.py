"""Recognises a server that only forwards its calls, by what it does.

A reverse proxy, a gateway or a tunnel may have any name. It burns far less CPU time than a model needs, while
it is connected to another server.
"""

from collections.abc import Collection
from typing import Any

import psutil

__all__ = ["Doubt", "least_seconds", "upstreams"]

TICK_SECONDS = 0.01
"""Resolution of a process's CPU time, on Linux by default."""
TICKS = 2
"""A process's time has a user part and a system part, each with an error of a tick."""
SMALLEST_BILLIONS = 0.1
"""Active parameters of a model of unknown size, in billions."""
SECONDS_PER_BILLION = 0.002
"""CPU-seconds that a token takes per billion active parameters, at least: each is read from memory, at 0.2
bytes (1.58 bits, the strongest common quantisation) and 100 GB/s per core, more than current cores have."""
FACTOR = 3.0
"""A model that answers several calls at once, or guesses tokens ahead, reads a weight for several tokens."""

SHOWN = 3
"""Number of addresses in a reason."""
_CONNECTED = (psutil.CONN_ESTABLISHED, psutil.CONN_SYN_SENT, psutil.CONN_CLOSE_WAIT)


def least_seconds(output: float, billions: float | None) -> float:
    """Return the CPU-seconds below which no model of so many active parameters generates an output."""
    size = SMALLEST_BILLIONS if billions is None else billions
    return output * size * SECONDS_PER_BILLION / FACTOR


def _is_little(burnt: float, output: float, billions: float | None) -> bool:
    """Return whether a process that burnt so many CPU-seconds in a call cannot have computed it."""
    return burnt < max(TICKS * TICK_SECONDS, least_seconds(output, billions))


class Doubt:
    """The doubt whether a server computes its answers itself.

    Attributes:
        open: Whether that is not known yet.
        reason: The evidence that it only forwards; empty without any.
    """

    def __init__(self) -> None:
        self.open = True
        self.reason = ""
        self._upstreams: set[str] = set()

    def watch(self, pids: Collection[int]) -> None:
        """Note the servers that the processes are connected to, while they answer a call."""
        self._upstreams |= upstreams(pids)

    def clear(self, burnt: float, output: float, billions: float | None) -> None:
        """End the doubt if the CPU-seconds of a call are enough for the model."""
        self.open &= _is_little(burnt, output, billions)

    def forwards(self, pids: Collection[int], burnt: float, output: float, billions: float | None) -> bool:
        """Return whether the processes only forwarded a call, or an earlier one.

        They ``burnt`` CPU-seconds in it, for all their clients, and it gave ``output`` tokens.
        """
        if self.reason or not self.open or not _is_little(burnt, output, billions):
            return bool(self.reason)
        self.watch(pids)
        if self._upstreams:
            there = ", ".join(sorted(self._upstreams)[:SHOWN])
            self.reason = (
                f"its process burnt {burnt:.2f} CPU-seconds for {output:,} tokens while connected to {there}"
            )
        return bool(self.reason)


def upstreams(pids: Collection[int]) -> set[str]:
    """Return the addresses, ``ip:port``, of other servers that processes are connected to.

    Connections that the processes accepted, and those among themselves, do not count.
    """
    rows = [row for pid in pids for row in _sockets(pid)]
    listens = {row.laddr.port for row in rows if row.status == psutil.CONN_LISTEN}
    own = {(row.laddr.ip, row.laddr.port) for row in rows}
    called = [row for row in rows if row.status in _CONNECTED and row.raddr and row.laddr.port not in listens]
    return {f"{row.raddr.ip}:{row.raddr.port}" for row in called if (row.raddr.ip, row.raddr.port) not in own}


def _sockets(pid: int) -> list[Any]:
    try:
        return list(psutil.Process(pid).net_connections("tcp"))
    except psutil.Error:  # it has ended, or is another user's
        return []
