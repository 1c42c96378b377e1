"""One browser, one server and one visitor for all tests of the page; each test begins with an empty page."""

import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from dynamicrag.extras import missing

AXE = "axe-core@4.14.1"
CHROMIUM = os.environ.get("DYNAMICRAG_TEST_CHROMIUM") or shutil.which("chromium")


@pytest.fixture(scope="module")
def browser():
    """Chromium of the system; its event loop must not outlive the tests of the page."""
    sync = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM:
        pytest.skip("no chromium; .ci/services installs it, or set DYNAMICRAG_TEST_CHROMIUM")
    with sync.sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield made
        made.close()


@pytest.fixture(scope="module")
def uploads(tmp_path_factory):
    return tmp_path_factory.mktemp("web") / "uploads"


@pytest.fixture(scope="module")
def site_rag(uploads):
    """The policies of the server, with scripted models."""
    lack = missing("ui")
    if lack:
        pytest.skip(lack)
    from tests.serve.web.staged import stage_rag

    patch, folders = pytest.MonkeyPatch(), pytest.MonkeyPatch()
    folders.setenv("DYNAMICRAG_CACHE", str(uploads.parent / "cache"))
    folders.setenv("DYNAMICRAG_DATA", str(uploads.parent / "data"))
    with stage_rag(patch, uploads) as rag:
        patch.undo()
        yield rag
    folders.undo()


@pytest.fixture(scope="module")
def site(site_rag, uploads):
    """Address of a server with scripted models."""
    from dynamicrag.serve.web import WebSettings
    from tests.serve.web.staged import serving

    with serving(site_rag, WebSettings(uploads=uploads, upload_bytes=1_000_000)) as address:
        yield address


@pytest.fixture(scope="session")
def axe(tmp_path_factory):
    """The source of axe-core."""
    given = os.environ.get("DYNAMICRAG_TEST_AXE")
    if given:
        return Path(given).read_text()
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no npm to fetch axe-core; or set DYNAMICRAG_TEST_AXE to its axe.min.js")
    folder = tmp_path_factory.mktemp("axe")
    done = subprocess.run([npm, "pack", AXE], cwd=folder, capture_output=True, timeout=60, check=False)
    packed = next(folder.glob("*.tgz"), None)
    if done.returncode or packed is None:
        pytest.skip(f"{AXE} could not be fetched; set DYNAMICRAG_TEST_AXE to its axe.min.js")
    with tarfile.open(packed) as archive:
        return archive.extractfile("package/axe.min.js").read().decode()


DESKTOP = {"width": 1280, "height": 900}


class Visitor:
    """A page in a browser context of its own, with everything that it asked for."""

    def __init__(self, browser, address, **context):
        self.context = browser.new_context(**{"viewport": DESKTOP, **context})
        self.page = self.context.new_page()
        self.requests: list[str] = []
        self.errors: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.address = address
        self.open()

    def open(self):
        self.page.goto(self.address)
        self.page.wait_for_selector("#dr-question textarea")
        self.page.wait_for_selector("#dr-session p")  # the conversation is loaded

    def renew(self):
        """Forget the conversation; what the browser has fetched stays, which makes this cheap."""
        self.page.evaluate("localStorage.clear()")
        self.page.set_viewport_size(DESKTOP)
        self.page.emulate_media(color_scheme="light")
        self.requests.clear()
        self.errors.clear()
        self.open()

    def ask(self, question, *, wait=True):
        """Ask by the keyboard; wait until the answer has its cost."""
        before = self.answers()
        self.page.fill("#dr-question textarea", question)
        self.page.wait_for_timeout(50)  # people press Enter later than that
        self.page.keyboard.press("Enter")
        if wait:
            self.page.wait_for_function(
                f"document.querySelectorAll('[data-testid=bot]').length > {before} "
                "&& !document.querySelector('#dr-stop')?.checkVisibility() "
                "&& document.querySelector('#dr-panel .dr-cost') && document.querySelector('#dr-sources p')"
            )
        return self.answer() if wait else ""

    def answers(self):
        return self.page.locator("[data-testid=bot]").count()

    def answer(self):
        return self.page.locator("[data-testid=bot]").last.inner_text().strip()

    def choose(self, selector, name):
        self.page.click(f"{selector} input")
        self.page.get_by_role("option", name=re.compile(name)).click()

    def tab(self, name):
        self.page.get_by_role("tab", name=name).click()

    def check(self):
        """Check that everything stayed on the host, and that no script failed."""
        own = (self.address, "data:", "blob:", "about:")
        assert len(self.requests) > 10
        assert [url for url in self.requests if not url.startswith(own)] == []
        assert self.errors == []


@pytest.fixture(scope="module")
def first_visit(browser, site):
    made = Visitor(browser, site)
    yield made
    made.context.close()  # an open page keeps the server from ending


@pytest.fixture
def visitor(first_visit):
    first_visit.renew()
    yield first_visit
    first_visit.check()


@pytest.fixture
def document(tmp_path):
    """Return a function that writes a document to upload."""

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    return write
