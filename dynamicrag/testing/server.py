"""A small server with OpenAI's protocol in this process: scripted by a test."""

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["Refusal", "ScriptedServer", "delta", "said", "used"]

Chunk = dict[str, Any]
Script = Callable[[Chunk], Sequence[Chunk | str] | Chunk]
"""Function from a request's body to the reply: chunks, raw lines of the stream, or one whole JSON body."""


def delta(content: str | None = None, finish: str | None = None, **more: Any) -> Chunk:
    """Return a chunk; ``delta=`` replaces its content, other keys go into its choice."""
    said = more.pop("delta", {"role": "assistant", "content": content})
    choice = {"index": 0, "delta": said, "finish_reason": finish, **more}
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}


def used(prompt: int = 10, output: int = 5) -> Chunk:
    """Return the chunk that reports usage."""
    usage = {"prompt_tokens": prompt, "completion_tokens": output, "total_tokens": prompt + output}
    return {**delta(), "choices": [], "usage": usage}


def said(text: str, finish: str = "stop", size: int = 3) -> list[Chunk]:
    """Return the chunks of a text, in pieces of some characters."""
    pieces = [delta(text[at : at + size]) for at in range(0, len(text), size)]
    return [*pieces, delta(finish=finish), used()]


class Refusal(Exception):
    """Ends a script with an HTTP error: status, JSON body, headers."""

    def __init__(self, status: int, body: Any, **headers: object) -> None:
        super().__init__(status)
        self.status, self.body, self.headers = status, body, headers


class _Listening(ThreadingHTTPServer):
    """Queues many connections: the default of five refuses concurrent clients."""

    request_queue_size = 128
    daemon_threads = True


class ScriptedServer:
    """Answers every request with the result of ``script(body)``, until it is closed.

    Args:
        script: Returns the answer; raises :class:`Refusal` for an error.
        port: The port; by default a free one.

    Attributes:
        url: Its ``base_url``.
        requests: The bodies so far.
    """

    def __init__(self, script: Script, port: int = 0) -> None:
        self.script = script
        self.requests: list[Chunk] = []
        self._httpd = _Listening(("127.0.0.1", port), _handler(self))
        self.url = f"http://127.0.0.1:{self._httpd.server_port}/v1"
        threading.Thread(
            target=self._httpd.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()

    def close(self) -> None:
        """Stop listening."""
        self._httpd.shutdown()
        self._httpd.server_close()


def _handler(server: ScriptedServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            server.requests.append(body)
            try:
                rows = server.script(body)
            except Refusal as refusal:
                data = json.dumps(refusal.body).encode()
                named = {key.replace("_", "-"): str(value) for key, value in refusal.headers.items()}
                self._send(refusal.status, data, "application/json", named)
                return
            if isinstance(rows, dict):
                self._send(200, json.dumps(rows).encode(), "application/json")
                return
            lines = [row if isinstance(row, str) else f"data: {json.dumps(row)}" for row in rows]
            self._send(200, "".join(f"{line}\n\n" for line in lines).encode(), "text/event-stream")

        def _send(
            self, status: int, data: bytes, kind: str, headers: Mapping[str, str] | None = None
        ) -> None:
            self.send_response(status)
            sent = {"Content-Type": kind, "Content-Length": str(len(data)), **(headers or {})}
            for key, value in sent.items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: object) -> None:
            """Log nothing."""

    return Handler
