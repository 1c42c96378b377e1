"""Finds the processes of a model server by the port that it listens on."""

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import psutil

from dynamicrag.whereabouts import Address, ip_of

__all__ = ["Absent", "Unseen", "find"]

FORWARDERS = ("docker-proxy", "com.docker", "rootlessport", "slirp4netns", "pasta", "gvproxy", "wslrelay",
              "ssh", "sshd", "kubectl", "socat", "nginx", "haproxy", "caddy", "envoy", "traefik")  # fmt: skip
"""Beginnings of the names of programs that listen for a server which computes elsewhere."""
_ANY = ("0.0.0.0", "::")  # noqa: S104 - compared with, not listened on
_LISTENS = "0A"
"""The state of a listening socket in /proc/net/tcp."""


class Unseen(Exception):
    """A server cannot be metered; the message is the reason, for the user."""


class Absent(Unseen):
    """Nothing that this user may see listens at the address."""


def find(address: Address) -> list[Any]:
    """Return the processes that answer at an address of this host, as psutil's; children are left out.

    Raises:
        Unseen: There is no such process, this user may not see it, or it only forwards the port.
    """
    port = address.port
    owners = {row.pid for row in _answering(address, _sockets())}
    if None in owners:
        owners = {process.pid for process in _of_other_user(port)}
    if not owners:
        raise Absent(f"nothing that this user may see listens on port {port}; start the server")
    try:
        found = _roots([psutil.Process(pid) for pid in owners])
        family = {process.pid for process in psutil.Process().parents()} | {os.getpid()}
        names = {process.name() for process in found}
    except psutil.Error as error:
        raise Unseen(f"the process on port {port} cannot be read ({type(error).__name__})") from None
    if family & {process.pid for process in found}:
        raise Unseen("it computes in this program, whose meter counts it as idle")
    for name in names:
        if name.lower().startswith(FORWARDERS):
            raise Unseen(
                f"{name} forwards port {port} to a server that cannot be seen, perhaps in a container"
            )
    if len(found) > 1 and len(names) > 1:
        raise Unseen(f"several programs listen on port {port}: {', '.join(sorted(names))}")
    return found


def _sockets() -> Iterable[Any]:
    """Return the sockets of all processes; where that takes an administrator, of those readable."""
    try:
        return list(psutil.net_connections("tcp"))
    except psutil.AccessDenied:
        return [row for process in psutil.process_iter() for row in _sockets_of(process)]


def _sockets_of(process: Any) -> list[Any]:
    from types import SimpleNamespace

    try:
        rows = process.net_connections("tcp")
    except psutil.Error:
        return []
    return [SimpleNamespace(status=row.status, laddr=row.laddr, pid=process.pid) for row in rows]


def _answering(address: Address, sockets: Iterable[Any]) -> list[Any]:
    """Return the listening sockets that answer at ``address``: an exact one before a general one."""
    rows = [row for row in sockets if row.status == psutil.CONN_LISTEN and row.laddr.port == address.port]
    host = address.host.lower().partition("%")[0]
    ip = ip_of(host)
    if ip is None:
        if not host.endswith("localhost"):
            return rows  # a name of this host: any of its addresses
        exact = [row for row in rows if row.laddr.ip in ("127.0.0.1", "::1")]
    else:
        wanted = {str(ip)}
        if ip.is_unspecified:
            wanted |= {"127.0.0.1", "::1"}
        exact = [row for row in rows if row.laddr.ip.removeprefix("::ffff:") in wanted]
    return exact or [row for row in rows if row.laddr.ip in _ANY]


def _of_other_user(port: int) -> list[Any]:
    """Return the processes of the other user who owns the listening socket, if they form one tree.

    Linux hides the process of another user's socket, but not the user. A service such as Ollama runs as a
    user of its own, who has no other processes.

    Raises:
        Unseen: The user is unknown, or has more programs than one.
    """
    reason = f"the server on port {port} belongs to another user, or runs in a container"
    users = set(_users(port))
    if len(users) != 1 or users == {0}:
        raise Unseen(reason)
    found = [process for process in psutil.process_iter() if _user(process) in users]
    roots = _roots(found)
    if len(roots) != 1:
        raise Unseen(f"{reason}: its user has several programs")
    return roots


def _users(port: int) -> Iterable[int]:
    if sys.platform != "linux":
        return
    for name in ("tcp", "tcp6"):
        try:
            lines = Path("/proc/net", name).read_text().splitlines()[1:]
        except OSError:
            continue
        for parts in map(str.split, lines):
            if parts[3] == _LISTENS and int(parts[1].rpartition(":")[2], 16) == port:
                yield int(parts[7])


def _user(process: Any) -> int | None:
    try:
        return int(process.uids().real)
    except psutil.Error:
        return None


def _roots(processes: Sequence[Any]) -> list[Any]:
    """Return the processes that descend from no other of them."""
    pids = {process.pid for process in processes}
    return [process for process in processes if not any(parent.pid in pids for parent in process.parents())]
