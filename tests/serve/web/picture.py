"""Takes the pictures of the web chat for the documentation, with scripted models over the sample documents.

``python -m tests.serve.web.picture docs/assets`` writes ``web-chat.png``, ``web-chat-dark.png`` and
``web-chat-phone.png`` there.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

QUESTIONS = (
    "Who opened the Hallorin Bridge?",
    "When was the Hallorin Bridge built?",
    "Who designed the bridge?",
)
VIEWS: dict[str, dict[str, Any]] = {
    "web-chat": {"viewport": {"width": 1280, "height": 1180}},
    "web-chat-dark": {"viewport": {"width": 1280, "height": 1180}, "color_scheme": "dark"},
    "web-chat-phone": {"viewport": {"width": 360, "height": 1500}, "is_mobile": True},
}
COLOURS = 96


def take(visitor: Any, path: Path, questions: tuple[str, ...] = QUESTIONS) -> None:
    """Ask the questions, and write what the visitor sees then."""
    for question in questions:
        visitor.ask(question)
    page = visitor.page
    page.wait_for_function("!document.querySelector('#dr-panel').innerText.includes('Provisional')")
    page.evaluate("document.activeElement.blur(), window.scrollTo(0, 0)")
    page.wait_for_timeout(400)
    page.screenshot(path=str(path), animations="disabled")
    _shrink(path)


def _shrink(path: Path) -> None:
    from PIL import Image

    with Image.open(path) as picture:
        picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


def main(folder: Path) -> None:
    """Write all pictures into a folder."""
    import pytest
    from playwright.sync_api import sync_playwright

    from dynamicrag.serve.web import WebSettings
    from tests.serve.web.conftest import CHROMIUM, Visitor
    from tests.serve.web.staged import serving, stage_rag

    with tempfile.TemporaryDirectory() as scratch, pytest.MonkeyPatch.context() as patch:
        home = Path(scratch)
        patch.setenv("DYNAMICRAG_CACHE", str(home / "cache"))
        patch.setenv("DYNAMICRAG_DATA", str(home / "data"))
        with stage_rag(patch, home / "uploads") as rag, sync_playwright() as playwright:
            settings = WebSettings(uploads=home / "uploads")
            chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            with serving(rag, settings) as address:
                for name, view in VIEWS.items():
                    take(Visitor(chromium, address, **view), folder / f"{name}.png")
            chromium.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
