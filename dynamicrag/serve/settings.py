"""The settings of the server, and its rule for addresses that others can reach."""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dynamicrag.errors import InputError
from dynamicrag.serve.keys import Caller, Keys

__all__ = ["Settings", "check_host", "is_loopback"]


@dataclass(frozen=True, slots=True)
class Settings:
    """Keys and limits of the server.

    Attributes:
        keys: The valid API keys; without them every caller is accepted, so only loopback is safe.
        budget_per_user: Limit of one user's cost per day (UTC), by dimension. A key's own budget replaces it.
        body_bytes: Largest size of a request's body.
        body_seconds: Longest time in which a body may arrive.
        seconds: Longest duration of a query, without its time in the queue.
        concurrency: Number of queries that run at a time.
        queue: Number of queries that wait for their turn; further ones are refused.
        queue_seconds: Longest wait in the queue.
        grace_seconds: Time that running queries have to end when the server stops.
        cors_origins: Origins of other sites whose pages may call the API; ``*`` is every site.
        root_path: Path of a proxy below which the server is, as ``/rag``; ``""`` without one.
    """

    keys: Keys | None = None
    budget_per_user: Mapping[str, float] = field(default_factory=dict)
    body_bytes: int = 1_000_000
    body_seconds: float = 30.0
    seconds: float = 300.0
    concurrency: int = 32
    queue: int = 256
    queue_seconds: float = 60.0
    grace_seconds: float = 20.0
    cors_origins: Sequence[str] = ()
    root_path: str = ""

    def budget_of(self, caller: Caller) -> Mapping[str, float]:
        """Return the limit of a caller's cost per day, by dimension."""
        return self.budget_per_user if caller.budget is None else caller.budget

    @property
    def budgets(self) -> dict[str, Mapping[str, float]]:
        """All budgets, by their place for messages."""
        callers = self.keys.callers if self.keys else ()
        own = {f"budget of key {caller.name!r}": caller.budget or {} for caller in callers}
        return {"--budget-per-user": self.budget_per_user, **own}


def is_loopback(host: str) -> bool:
    """Return whether only processes of this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_host(host: str, keys: Keys | None) -> None:
    """Refuse an address that others can reach, unless there are API keys.

    Raises:
        InputError: There are no keys.
    """
    if keys is None and not is_loopback(host):
        raise InputError(
            f"--host {host}: other machines could ask at your cost; give --api-key-file FILE or set "
            "DYNAMICRAG_API_KEYS, or listen on 127.0.0.1"
        )
