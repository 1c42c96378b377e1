"""Runs the application: it listens, stops on signals, and lets running queries end."""

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from dynamicrag.errors import InputError

__all__ = ["listening", "run"]

KEEP_ALIVE_SECONDS = 75
BACKLOG = 2_048
LAST_SECONDS = 2
"""Time in which cancelled queries send their last words, before connections are closed."""


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that is bound to an address; clients are accepted later.

    Raises:
        InputError: The address is invalid, or another program has it.
    """
    try:
        family, kind, number, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        bound = socket.socket(family, kind, number)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except (OSError, OverflowError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise InputError(
            f"{host}:{port}: cannot listen there ({why}); choose another --host or --port"
        ) from None
    return bound


def run(
    app: FastAPI,
    bound: socket.socket,
    grace_seconds: float,
    started: Callable[[], None],
    certificate: Path | None = None,
    key: Path | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM. Then no request is accepted, and running ones have some time to end.

    Args:
        app: The application.
        bound: The socket.
        grace_seconds: The time that they have.
        started: Called when clients are accepted.
        certificate: The certificate for TLS; without it the server speaks plain HTTP.
        key: Its private key; ``None`` if the file of the certificate has it.
    """
    grace_seconds = max(1.0, grace_seconds)
    config = uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS, timeout_graceful_shutdown=round(grace_seconds) + LAST_SECONDS,
        ssl_certfile=certificate, ssl_keyfile=key,
    )  # fmt: skip
    asyncio.run(_Server(config, started, app, grace_seconds).serve(sockets=[bound]))


class _Server(uvicorn.Server):
    """A server whose stop by a signal is an orderly end: the signal is not raised again."""

    def __init__(
        self, config: uvicorn.Config, started: Callable[[], None], app: FastAPI, grace_seconds: float
    ) -> None:
        super().__init__(config)
        self._report = started
        self._application = app
        self._grace_seconds = grace_seconds

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept clients."""
        await super().startup(sockets)
        self._report()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop; queries that run after their time are cancelled, and their responses end by an error."""
        ending = asyncio.create_task(self._end())
        try:
            await super().shutdown(sockets)
        finally:
            ending.cancel()
            await asyncio.wait([ending])

    async def _end(self) -> None:
        await asyncio.sleep(self._grace_seconds)
        await self._application.state.service.cancel()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on signals while the block runs."""
        before = {each: signal.signal(each, self.handle_exit) for each in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)
