"""Finds out whether other programs are connected to a server."""

from collections.abc import Collection
from typing import Any

import psutil

__all__ = ["has_others"]


def has_others(port: int, servers: Collection[int], ours: Collection[int]) -> bool:
    """Return whether a program besides ours has a connection to a server, or may have one.

    An idle connection counts too: the server's CPU time does not tell for whom it computes.

    Args:
        port: The port that the server listens on.
        servers: Ids of the server's processes.
        ours: Ids of the processes whose calls are on the same account, this one included.
    """
    try:
        mine = {_end(row.laddr) for row in psutil.Process().net_connections("tcp") if row.raddr}
        peers = {_end(row.raddr) for pid in servers for row in _accepted(pid, port)} - mine
        if not peers:
            return False
        # reading the sockets of all processes takes some ms, so it comes last
        owners = {_end(row.laddr): row.pid for row in psutil.net_connections("tcp") if row.raddr}
    except psutil.Error:
        return True
    return any(owners.get(peer) not in ours for peer in peers)


def _accepted(pid: int, port: int) -> list[Any]:
    try:
        rows = psutil.Process(pid).net_connections("tcp")
    except psutil.NoSuchProcess:
        return []
    except psutil.AccessDenied:  # another user's server
        rows = psutil.net_connections("tcp")
    return [row for row in rows if row.status == psutil.CONN_ESTABLISHED and row.laddr.port == port]


def _end(address: Any) -> tuple[str, int]:
    return address.ip.removeprefix("::ffff:"), address.port
