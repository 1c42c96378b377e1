"""Distinguishes a call that reached nobody, and so costs nothing, from a call that broke off later.

Only the types of errors count, along their causes: the text of a server's message proves nothing.
"""

import socket
import ssl

from dynamicrag.llm.status import causes

__all__ = ["never_sent"]

LIBRARIES = frozenset(
    {"httpx", "httpx2", "httpcore", "httpcore2", "aiohttp", "urllib3", "requests", "botocore", "http"}
)
"""HTTP libraries; their classes are matched by name, so that none must be imported."""

NEVER_SENT = (ConnectionRefusedError, socket.gaierror, ssl.SSLCertVerificationError)
NEVER_SENT_NAMES = frozenset({
    "ConnectError", "ConnectTimeout", "PoolTimeout", "UnsupportedProtocol", "ProxyError",  # httpx, httpcore
    "ClientConnectorError", "ConnectionTimeoutError",  # aiohttp
    "NewConnectionError", "ConnectTimeoutError", "NameResolutionError",  # urllib3, botocore
    "EndpointConnectionError",  # botocore
})  # fmt: skip
"""Errors before a request is sent: a closed port, a name without an address, a wrong certificate."""

SENT = (ConnectionResetError, BrokenPipeError)
SENT_NAMES = frozenset({
    "ReadTimeout", "ReadError", "WriteError", "WriteTimeout", "CloseError", "RemoteProtocolError",
    "ServerDisconnectedError", "ClientPayloadError", "ReadTimeoutError", "ProtocolError", "IncompleteRead",
})  # fmt: skip
"""Errors after a connection was made: the server may have done work."""


def never_sent(error: BaseException) -> bool:
    """Return whether a call failed before anything of it was sent.

    The outermost error with a known type decides: below it there may be a refused connection of an earlier
    attempt.
    """
    for cause in causes(error, contexts=True):
        if _is(cause, SENT, SENT_NAMES):
            return False
        if _is(cause, NEVER_SENT, NEVER_SENT_NAMES):
            return True
    return False


def _is(error: BaseException, kinds: tuple[type[BaseException], ...], names: frozenset[str]) -> bool:
    return isinstance(error, kinds) or any(
        kind.__name__ in names and kind.__module__.partition(".")[0] in LIBRARIES
        for kind in type(error).__mro__
    )
