"""What visitors send: no file of the server's, no address that it would fetch, and bounded uploads."""

import asyncio
import json
import os
import secrets
import stat
import time

import httpx
import pytest

from dynamicrag.errors import InputError
from dynamicrag.serve.web import WebSettings
from dynamicrag.serve.web.arrivals import Arrivals, private_folder
from tests.serve.web.staged import serving
from tests.serve.web.test_library import shelf

__all__ = ["shelf"]


def file(path, **more):
    return {"path": str(path), "orig_name": "x.md", "meta": {"_type": "gradio.FileData"}, **more}


def here():
    """Return the paths in the private folder."""
    return {str(path) for path in private_folder().rglob("*")}


class Visitor:
    """Sends events as the page does, and others."""

    def __init__(self, address):
        self.client = httpx.AsyncClient(base_url=address, timeout=20)
        self.session = secrets.token_hex(6)

    async def event(self, name, data, **more):
        """Send an event; return its status, and the last message or the refusal."""
        config = (await self.client.get("/config")).json()
        index = next(each["id"] for each in config["dependencies"] if each["api_name"] == name)
        body = {"data": data, "fn_index": index, "session_hash": self.session, "trigger_id": 0, **more}
        sent = await self.client.post("/gradio_api/queue/join", json=body)
        if sent.status_code != 200:
            return sent.status_code, sent.text
        async with self.client.stream(
            "GET", f"/gradio_api/queue/data?session_hash={self.session}"
        ) as response:
            async for line in response.aiter_lines():
                if "process_completed" in line:
                    return 200, line
        raise AssertionError("the event has no end")

    async def upload(self, *files):
        return await self.client.post("/gradio_api/upload", files=[("files", each) for each in files])


@pytest.fixture
def visitor(shelf):
    rag, uploads = shelf
    settings = WebSettings(uploads=uploads, upload_bytes=10_000, upload_files=3, upload_total=50_000)
    with serving(rag, settings) as address:
        yield Visitor(address)


@pytest.mark.slow
async def test_an_uploaded_file_is_added_and_its_copy_removed(visitor, shelf):
    (path,) = (await visitor.upload(("archive.md", b"The archive holds 412 maps."))).json()
    assert path in here()
    own = f"http://127.0.0.1/gradio_api/file={path}"
    status, text = await visitor.event("upload", [[file(path, url=own)]])
    assert status == 200
    assert "added" in text
    assert (shelf[1] / "archive.md").read_text() == "The archive holds 412 maps."
    assert path not in here()


@pytest.mark.slow
async def test_no_file_of_the_server_is_read(visitor, shelf, tmp_path):
    secret = tmp_path / "payroll.txt"
    secret.write_text("Anna earns 4711.")
    (tmp_path / "arrived").symlink_to(secret)
    planted = private_folder() / "link.txt"
    planted.unlink(missing_ok=True)
    planted.symlink_to(secret)
    for given in (
        file(secret), {"path": str(secret)}, {**file(secret), "meta": None}, file(tmp_path / "arrived"),
        file(planted), file(private_folder() / ".." / secret.relative_to("/")), file(private_folder()),
        file("/etc/passwd\0"),
        {"url": f"file://{secret}"}, file(None), {"value": [file(secret)]},
    ):  # fmt: skip
        for data in ([[given]], [given], [[[given]]]):
            for name in ("upload", "remove", "load"):
                status, text = await visitor.event(name, data)
                assert status == 400, given
                assert "/" not in text
                assert "Errno" not in text
    planted.unlink()
    assert list(shelf[1].glob("*")) == []


@pytest.mark.slow
async def test_no_address_is_fetched(visitor, monkeypatch):
    async def fetched(*_, **__):
        raise AssertionError("fetched")

    monkeypatch.setattr("gradio.processing_utils.async_ssrf_protected_download", fetched)
    monkeypatch.setattr("gradio.processing_utils.ssrf_protected_download", fetched)
    for url in ("http://127.0.0.1:1/x.md", "https://example.org/x.md", "HTTP://a/x.md"):
        assert (await visitor.event("upload", [[file(url, url=url)]]))[0] == 400
        (path,) = (await visitor.upload(("x.md", secrets.token_hex().encode()))).json()
        status, text = await visitor.event("upload", [[file(path, url=url)]])
        assert (status, "fetched" in text) == (200, False)


@pytest.mark.slow
async def test_gradio_itself_refuses_files_of_others(visitor, shelf, monkeypatch, tmp_path):
    (tmp_path / "payroll.txt").write_text("Anna earns 4711.")
    monkeypatch.setattr(Arrivals, "event", lambda self, body: body)  # without our own check
    _, text = await visitor.event("upload", [[file(tmp_path / "payroll.txt")]])
    assert json.loads(text.removeprefix("data: "))["success"] is False
    assert str(tmp_path) not in text
    assert list(shelf[1].glob("*.txt")) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=/etc/passwd", "/gradio_api/file/etc/passwd", "/gradio_api/proxy=http://127.0.0.1:1/",
        "/gradio_api/deep_link?session_hash=a", "/gradio_api/vibe-code/", "/monitoring", "/gradio_api/runs",
        "/gradio_api/custom_component/a/b/c/d", "/gradio_api/stream/a/b/c/playlist-file", "/gradio_api/token",
        "//gradio_api/file=/etc/passwd", "/static/../gradio_api/file=/etc/passwd",
    ],
)  # fmt: skip
async def test_only_paths_of_the_page_are_answered(visitor, path):
    assert (await visitor.client.get(path)).status_code == 404


@pytest.mark.slow
async def test_other_calls_of_gradio_are_refused(visitor):
    for name in ("run/upload", "api/upload", "call/upload", "call/v2/upload", "component_server", "vibe-edit",
                 "process_recording", "stream/a"):  # fmt: skip
        assert (await visitor.client.post(f"/gradio_api/{name}", json={"data": []})).status_code == 404
    for body in (b"", b"[]", b"{", b'{"data": 1}', b"[" * 100_000):
        assert (await visitor.client.post("/gradio_api/queue/join", content=body)).status_code == 400
    large = await visitor.client.post("/gradio_api/queue/join", content=b" " * 1_000_001)
    assert large.status_code == 413
    assert (await visitor.client.get("/config")).json()["dependencies"]


@pytest.mark.slow
async def test_without_uploads_no_file_is_accepted(shelf):
    before = sorted(private_folder().rglob("*"))
    with serving(shelf[0], WebSettings()) as address:
        visitor = Visitor(address)
        assert (await visitor.upload(("a.md", b"text"))).status_code == 404
        assert (await visitor.client.get("/gradio_api/upload_progress?upload_id=a")).status_code == 404
        assert (await visitor.event("load", [file("/etc/passwd")]))[0] == 400
    assert sorted(private_folder().rglob("*")) == before


@pytest.mark.slow
async def test_uploads_are_bounded_together(visitor, monkeypatch):
    monkeypatch.setattr("dynamicrag.serve.web.arrivals.OVERHEAD", 1_000)
    for path in list(private_folder().rglob("*")):
        if path.is_file():
            os.utime(path, (0, 0))
    full = [await visitor.upload((f"{n}.md", secrets.token_bytes(9_000))) for n in range(7)]
    assert [each.status_code for each in full] == [200] * 5 + [413] * 2
    assert "/" not in full[-1].text
    gone = full[0].json()[0]
    for each in full[:5]:
        os.utime(each.json()[0], (time.time() - 7_200,) * 2)
    assert (await visitor.upload(("new.md", b"text"))).status_code == 200  # nobody took the old ones
    assert gone not in here()
    several = [await visitor.upload((f"s{n}.md", f"{n}".encode())) for n in range(4)]
    status, text = await visitor.event("upload", [[file(each.json()[0]) for each in several]])
    assert (status, "At most 3" in text) == (400, True)


@pytest.mark.slow
async def test_bodies_that_arrive_at_once_are_bounded_together(visitor, monkeypatch):
    monkeypatch.setattr("dynamicrag.serve.web.arrivals.OVERHEAD", 1_000)
    for path in list(private_folder().rglob("*")):
        if path.is_file():
            os.utime(path, (0, 0))
    sent = await asyncio.gather(*(visitor.upload((f"{n}.md", secrets.token_bytes(9_000))) for n in range(12)))
    assert sum(each.status_code == 200 for each in sent) <= 6
    assert any(each.status_code == 413 for each in sent)


def test_the_folder_is_the_servers_own(tmp_path):
    assert stat.S_IMODE(private_folder().stat().st_mode) == 0o700
    with pytest.raises(InputError):
        Arrivals(tmp_path, WebSettings(), allowed=False).owned(str(tmp_path))
