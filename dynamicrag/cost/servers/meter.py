"""Meters the calls of this process to one model server on this host. Everything here may block."""

import logging
import os
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import psutil

from dynamicrag.cost.servers import gpu
from dynamicrag.cost.servers.clients import has_others
from dynamicrag.cost.servers.file import ServerFile
from dynamicrag.cost.servers.find import Unseen, find
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


class Begun(NamedTuple):
    """An open call: the server's processes, and its number."""

    tree: ProcessTree
    number: int


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
        self._reported = False
        self._connected = -LOOK_SECONDS, False
        self._rates: dict[str, tuple[int, NDArray[np.float64] | None]] = {}
        self._file = ServerFile(data_dir() / FILE)

    @property
    def known(self) -> bool:
        """Whether the server was looked for in the last minute."""
        return time.monotonic() - self._looked < LOOK_SECONDS

    def look(self) -> str:
        """Look for the server unless it is known; return the reason why it cannot be metered. Blocks."""
        if self.known and (self._tree is None or self._tree.running()):
            return self.reason
        self._looked, self._tree, self.reason = time.monotonic(), None, ""
        try:
            tree = ProcessTree(find(self.address))
            self._read(tree)
            self._tree = tree
        except Unseen as unseen:
            self.reason = str(unseen)
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
        return Begun(tree, self._file.begin(tree.key, self._read(tree)))

    def end(self, begun: Begun, model: str, tokens: Tokens) -> Consumed:
        """Close a call and return its share; nothing if it reached nobody, or the server has gone. Blocks.

        Args:
            begun: The open call.
            model: Key of the model, for predictions.
            tokens: The call's tokens.
        """
        tree, number = begun
        if not (tokens.input or tokens.output) or not tree.running():
            self._file.drop(tree.key, number)
            return NOTHING
        reading = self._read(tree)
        others, size = self._others(tree), (tokens.input - tokens.cached, tokens.output)
        rate = self._rate(model)
        expected = None if rate is None else predicted(rate, *size)
        share = self._file.end(tree.key, number, reading, expected, others=others)
        if share.whole > 0 and not tokens.assumed:
            self._file.learn(model, (*size, share.whole, not others))
        return Consumed(share.cpu, share.gpu)

    def _read(self, tree: ProcessTree) -> Reading:
        cpu = tree.cpu_seconds()
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

    def failed(self, error: Exception) -> None:
        """Stop metering for a minute: the server has gone, or the file cannot be used."""
        self._tree, self._looked = None, time.monotonic()
        if isinstance(error, psutil.NoSuchProcess):
            self._looked = -LOOK_SECONDS  # it may have been restarted
        self.reason = str(error) if isinstance(error, Unseen) else f"it cannot be read ({error})"
        self._report()
