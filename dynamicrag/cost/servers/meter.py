"""Meters the calls of this process to one model server on this host. Everything here may block."""

import logging
import os
import threading
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import psutil

from dynamicrag.cost.servers import gpu
from dynamicrag.cost.servers.clients import has_others
from dynamicrag.cost.servers.file import ServerFile
from dynamicrag.cost.servers.find import Absent, Unseen, find
from dynamicrag.cost.servers.forward import Doubt
from dynamicrag.cost.servers.shares import Reading
from dynamicrag.cost.servers.tokens import fitted, predicted
from dynamicrag.cost.servers.tree import ProcessTree
from dynamicrag.cost.usage import Tokens
from dynamicrag.store.address import data_dir
from dynamicrag.types import Usage
from dynamicrag.whereabouts import Address

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["NOTHING", "Begun", "Consumed", "ServerMeter", "server_meter"]

LOOK_SECONDS = 60.0
"""Seconds after which a server is looked for again: another program may listen on its port by then."""
AGAIN_SECONDS = 2.0
"""Seconds after which a server that was not found is looked for again: it may have been started."""
CONNECTED_SECONDS = 2.0
"""Seconds for which the connections of other clients count as known."""
EVERY = 5
"""A model's fit is renewed after this number of calls."""
FILE = "servers.sqlite"

_log = logging.getLogger(__name__)
_lock = threading.Lock()
_meters: dict[tuple[int, Address], "ServerMeter"] = {}


class Consumed(NamedTuple):
    """A call's share of a server's consumption: CPU-seconds, and joules of its GPUs."""

    cpu_seconds: float = 0.0
    gpu_joules: float = 0.0

    def added(self, usage: Usage) -> Usage:
        """Return the usage of the call with its share."""
        return replace(usage, server_cpu_seconds=self.cpu_seconds, gpu_joules=self.gpu_joules)


NOTHING = Consumed()
BELOW_CLOCK = (
    "its process burnt less CPU time than its clock measures; perhaps another program or device computes"
)
GONE = "its process ended in the call"
LATE = "it was not found when the call began; it is now, and its next call is metered"


class Begun(NamedTuple):
    """An open call: the server's processes, its number, and the counters at its begin."""

    tree: ProcessTree
    number: int
    reading: Reading


def server_meter(address: Address) -> "ServerMeter":
    """Return this process's meter of the server at an address; nothing is looked for yet."""
    with _lock:
        return _meters.setdefault((os.getpid(), address), ServerMeter(address))


class ServerMeter:
    """The calls of this process to one server.

    Args:
        address: The server's address on this host.

    Attributes:
        address: As given.
        reason: The reason why the server cannot be metered; empty if it can, or before the first call.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        self.reason = ""
        self._tree: ProcessTree | None = None
        self._checked: frozenset[int] = frozenset()
        self._looked = -LOOK_SECONDS
        self._absent = self._reported = False
        self._doubt = Doubt()
        self._connected = -LOOK_SECONDS, False
        self._rates: dict[str, tuple[int, NDArray[np.float64] | None]] = {}
        self._file = ServerFile(data_dir() / FILE)

    def look(self) -> str:
        """Look for the server unless it is known; return the reason why it cannot be metered. Blocks."""
        known = time.monotonic() - self._looked < (AGAIN_SECONDS if self._absent else LOOK_SECONDS)
        if known and (self._tree is None or self._tree.running()):
            return self.reason
        before, self._tree = self._tree, None
        self._looked, self.reason, self._absent = time.monotonic(), "", False
        try:
            tree = ProcessTree(find(self.address))
            self._read(tree)
            self._tree = tree
            if before is None or before.roots != tree.roots:
                self._doubt = Doubt()
        except Unseen as unseen:
            self.reason, self._absent = str(unseen), isinstance(unseen, Absent)
        except psutil.Error as error:
            self.reason = f"its process cannot be read ({type(error).__name__})"
        return self.reason

    def begin(self) -> Begun | None:
        """Open a call; ``None`` if the server cannot be metered. Blocks."""
        if self.look():
            self._report()
        tree = self._tree
        if tree is None:
            return None
        reading = self._read(tree)
        return Begun(tree, self._file.begin(tree.key, partial(self._read, tree)), reading)

    @property
    def doubtful(self) -> bool:
        """Whether it is not known yet that the server computes its answers itself."""
        return self._tree is not None and self._doubt.open

    def watch(self) -> None:
        """Note the servers that this one is connected to, while it answers a call. Blocks."""
        if self._tree is not None:
            self._tree.refresh()
            self._tree.cpu_seconds()
            self._doubt.watch(self._tree.pids)

    def end(self, begun: Begun, model: str, tokens: Tokens, billions: float | None = None) -> Consumed:
        """Close a call and return its share; nothing if it reached nobody, or the server has gone. Blocks.

        ``model`` is the key for predictions; ``billions`` are its active parameters, if known.
        """
        tree, number, before = begun
        if not (tokens.input or tokens.output) or not tree.running():
            self._file.drop(tree.key, number)
            return NOTHING
        if self._doubt.open:
            tree.refresh()
        reading = self._read(tree)
        if reading.gpu == before.gpu and self._doubt.forwards(
            tree.pids, reading.cpu - before.cpu, tokens.output, billions
        ):
            self._file.drop(tree.key, number)
            self._stop(f"port {self.address.port} only forwards; {self._doubt.reason}")
            return NOTHING
        others, size = self._others(tree), (tokens.input - tokens.cached, tokens.output)
        rate = self._rate(model)
        expected = None if rate is None else predicted(rate, *size)
        share = self._file.end(tree.key, number, partial(self._read, tree), expected, others=others)
        if share.whole > 0 and not tokens.assumed:
            self._file.learn(model, (*size, share.whole, not others))
        self._doubt.clear(share.whole, tokens.output, billions)
        return Consumed(share.cpu, share.gpu)

    def unmetered(self, begun: Begun | None) -> str:
        """Return the reason why a call that was answered had no share. Blocks."""
        if begun is None:
            return self._answered() if self._absent else self.reason
        return self.reason or (BELOW_CLOCK if begun.tree.running() else GONE)

    def _answered(self) -> str:
        """Return the reason why a call was answered by a server that was not found; look for it again."""
        if not self.look():
            return LATE
        if not self._absent:
            return self.reason
        port = self.address.port
        return (
            f"nothing that this user may see listened on port {port}, and yet the call was answered: "
            "the server started meanwhile, or is in a container, or behind a proxy for all requests"
        )

    def _read(self, tree: ProcessTree, least: float = 0.0) -> Reading:
        cpu = tree.cpu_seconds(least)
        if tree.pids != self._checked:
            gpu.check(tree.pids)
            self._checked = tree.pids
        return Reading(cpu, gpu.joules(tree.pids))

    def _others(self, tree: ProcessTree) -> bool:
        """Return whether other clients are connected; reading all sockets takes long, so seldom."""
        now = time.monotonic()
        if now - self._connected[0] > CONNECTED_SECONDS:
            ours = self._file.clients(tree.key) | {os.getpid()}
            self._connected = now, has_others(self.address.port, tree.pids, ours)
        return self._connected[1]

    def _rate(self, model: str) -> "NDArray[np.float64] | None":
        """Return the fit of a model; it is renewed after every few calls."""
        left, rate = self._rates.get(model, (0, None))
        if left <= 0 or rate is None:
            left, rate = EVERY, fitted(self._file.seen(model))
        self._rates[model] = left - 1, rate
        return rate

    def _report(self) -> None:
        if not self._reported:
            self._reported = True
            _log.warning(
                "model server %s is not metered, its energy is estimated: %s", self.address, self.reason
            )

    def _stop(self, reason: str) -> None:
        """Stop metering for a minute."""
        self._tree, self._looked, self._absent, self.reason = None, time.monotonic(), False, reason
        self._report()

    def failed(self, error: Exception) -> None:
        """Stop metering for a minute: the server has gone, or the file cannot be used."""
        self._stop(str(error) if isinstance(error, Unseen) else f"it cannot be read ({error})")
        if isinstance(error, psutil.NoSuchProcess):
            self._looked = -LOOK_SECONDS  # it may have been restarted
