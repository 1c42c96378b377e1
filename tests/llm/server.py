"""A small OpenAI-compatible server in this process: a test scripts what it sends."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def delta(content=None, finish=None, **more):
    """Return a chunk; ``delta=`` replaces what it says, other keys go into its choice."""
    said = more.pop("delta", {"role": "assistant", "content": content})
    choice = {"index": 0, "delta": said, "finish_reason": finish, **more}
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}


def used(prompt=10, output=5):
    usage = {"prompt_tokens": prompt, "completion_tokens": output, "total_tokens": prompt + output}
    return {**delta(), "choices": [], "usage": usage}


def said(text, finish="stop", size=3):
    """Return the chunks of a text, in pieces of some characters."""
    pieces = [delta(text[at : at + size]) for at in range(0, len(text), size)]
    return [*pieces, delta(finish=finish), used()]


class Refusal(Exception):
    """Ends a script with an HTTP error: a status, a JSON body, headers."""

    def __init__(self, status, body, **headers):
        super().__init__(status)
        self.status, self.body, self.headers = status, body, headers


class ScriptedServer:
    """Answers every request with what ``script(body)`` returns: chunks, or raw lines of the stream."""

    def __init__(self, script):
        self.script = script
        self.requests = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.requests.append(body)
                try:
                    rows = server.script(body)
                except Refusal as refusal:
                    data = json.dumps(refusal.body).encode()
                    named = {key.replace("_", "-"): str(value) for key, value in refusal.headers.items()}
                    self._send(refusal.status, data, "application/json", named)
                    return
                lines = [row if isinstance(row, str) else f"data: {json.dumps(row)}" for row in rows]
                self._send(200, "".join(f"{line}\n\n" for line in lines).encode(), "text/event-stream")

            def _send(self, status, data, kind, headers=None):
                self.send_response(status)
                for key, value in {
                    "Content-Type": kind,
                    "Content-Length": str(len(data)),
                    **(headers or {}),
                }.items():
                    self.send_header(key, value)
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args):
                pass

        self._httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._httpd.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._httpd.server_port}/v1"
        threading.Thread(
            target=self._httpd.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()

    def close(self):
        self._httpd.shutdown()
        self._httpd.server_close()
