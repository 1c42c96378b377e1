"""A call that reached nobody costs nothing; whether it did is told by types, never by words."""

import socket
import ssl
import threading

import httpx
import pytest
from langchain_core.messages import HumanMessage

from dynamicrag import portal
from dynamicrag.errors import ProviderError
from dynamicrag.llm.build import chat_model
from dynamicrag.llm.never_sent import never_sent


class APIConnectionError(Exception):
    """As clients of providers wrap what their HTTP library raises."""


def wrapped(*causes: BaseException) -> BaseException:
    outer: BaseException = APIConnectionError("Connection error.")
    at = outer
    for cause in causes:
        at.__cause__ = cause
        at = cause
    return outer


@pytest.mark.parametrize(
    ("causes", "free"),
    [
        ((httpx.ConnectError("x"),), True),
        ((httpx.ConnectTimeout("x"),), True),
        ((httpx.PoolTimeout("x"),), True),
        ((httpx.ConnectError("x"), OSError(), ConnectionRefusedError(111, "no")), True),
        ((socket.gaierror(-2, "Name or service not known"),), True),
        ((ssl.SSLCertVerificationError("self-signed"),), True),
        ((httpx.ConnectError("TLS"), ConnectionResetError()), True),
        ((httpx.ReadTimeout("x"),), False),
        ((httpx.ReadError("x"), ConnectionResetError()), False),
        ((httpx.RemoteProtocolError("peer closed connection"),), False),
        ((httpx.WriteError("x"), BrokenPipeError()), False),
        ((httpx.ReadError("x"), httpx.ConnectError("an earlier attempt")), False),
        ((ValueError("Connection refused: ConnectError"),), False),
        ((TimeoutError(),), False),
        ((), False),
    ],
)
def test_by_the_types_of_the_causes(causes, free):
    assert never_sent(wrapped(*causes)) is free


def test_a_circle_of_causes_ends():
    one, other = ValueError("one"), ValueError("other")
    one.__cause__, other.__cause__ = other, one
    assert never_sent(one) is False


def refused_by(url: str) -> bool:
    model = chat_model("x", "openai:x", base_url=url, api_key="none", max_retries=0, timeout=2)
    with pytest.raises(ProviderError) as raised:
        portal.run(model.complete([HumanMessage("hi")], max_tokens=4))
    return raised.value.refused


def test_a_closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert refused_by(f"http://127.0.0.1:{port}/v1")


def test_a_server_that_hangs_up_may_have_worked_whatever_it_says():
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            connection.recv(10_000)
            connection.sendall(b"ConnectError: connection refused\r\n")
            connection.close()

        threading.Thread(target=serve, daemon=True).start()
        assert not refused_by(f"http://127.0.0.1:{server.getsockname()[1]}/v1")
