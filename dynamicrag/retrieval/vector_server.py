"""The address of a Chroma server, and the connection to it."""

import base64
import os
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from dynamicrag.errors import CorpusError, PolicyError

__all__ = ["VARIABLE", "VectorServer", "server_problem", "vector_server"]

VARIABLE = "DYNAMICRAG_VECTORS"
CONNECT_SECONDS = 5
"""Time to reach the server: a query waits for it."""
SECONDS = 60
"""Time for one request: a batch of vectors on a busy machine takes seconds."""
_VALID = "valid: http://HOST:PORT or https://HOST:PORT"


@dataclass(frozen=True, slots=True)
class VectorServer:
    """A Chroma server; its headers may have a password."""

    host: str
    port: int
    tls: bool = False
    headers: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def shown(self) -> str:
        """Its address, without a password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http{'s' if self.tls else ''}://{host}:{self.port}"

    def connect(self, settings: Any) -> Any:
        """Return a client of Chroma.

        Raises:
            CorpusError: Nothing answers at the address, or not as a Chroma server does.
        """
        import chromadb
        import httpx

        self._check()
        host = f"[{self.host}]" if ":" in self.host else self.host
        client = chromadb.HttpClient(host, self.port, self.tls, dict(self.headers), settings)
        # Chroma's own session waits for ever, and has no setting for it.
        client._server._session.timeout = httpx.Timeout(SECONDS, connect=CONNECT_SECONDS)
        return client

    def _check(self) -> None:
        """Ask for the heartbeat: the client's own messages tell neither the address nor the reason."""
        import httpx

        try:
            answer = httpx.get(
                f"{self.shown}/api/v2/heartbeat", headers=self.headers, timeout=CONNECT_SECONDS
            )
            alive = answer.status_code == httpx.codes.OK and "nanosecond heartbeat" in answer.json()
            why = f"it answers {answer.status_code}, not as Chroma does"
        except httpx.HTTPError as error:
            alive, why = False, f"{type(error).__name__}: {error}"
        except ValueError:
            alive, why = False, "its answer is not JSON"
        if not alive:
            raise CorpusError(
                f"{self.shown}: no Chroma server answers ({why}); start it (chroma run --path FOLDER --port "
                f"{self.port}), or correct the address in {VARIABLE} or in the corpus's 'vectors'"
            )


def vector_server(given: str | None) -> VectorServer | None:
    """Return the server at the policy's address, or at ``DYNAMICRAG_VECTORS``; ``None`` without any.

    Raises:
        PolicyError: The variable has no address of a server. The message does not repeat it, because it may
            have a password.
    """
    address = given or os.environ.get(VARIABLE, "")
    if not address:
        return None
    if problem := server_problem(address):
        raise PolicyError(f"{VARIABLE}: {problem}")
    parts = urlsplit(address)
    headers = {}
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    tls = parts.scheme == "https"
    return VectorServer(parts.hostname or "", parts.port or (443 if tls else 8000), tls, headers)


def server_problem(address: str) -> str:
    """Return the fault of an address and the valid forms; ``""`` for a valid one."""
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:  # its text repeats a part of the address
        return f"not an address; {_VALID}"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return f"not the address of a Chroma server; {_VALID}"
    if parts.path.strip("/") or parts.query or parts.fragment:
        return f"nothing may follow the port; {_VALID}"
    return ""
