"""Takes the pictures of the web chat for the documentation, after a conversation with local models.

``python -m tests.serve.web.picture docs/assets`` starts ``dynamicrag serve`` over the sample documents, asks
:data:`QUESTIONS` in its page, which takes minutes, and writes ``web-chat.png``, ``web-chat-dark.png`` and
``web-chat-phone.png``.
"""

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
QUESTIONS = (
    "Hi there!",
    "How much does a ticket for the ferry cost?",
    "And how much for a car?",
    "What is the capital of France?",
    "Where was the designer of the Hallorin Bridge born?",
)
WIDE, PHONE = {"width": 1280, "height": 1180}, {"width": 360, "height": 780}
VIEWS: dict[str, tuple[Any, Any, str]] = {
    "web-chat": (WIDE, "light", "#dr-sources details"),
    "web-chat-dark": (WIDE, "dark", "#dr-sources details"),
    "web-chat-phone": (PHONE, "light", "#dr-panel section"),
}
"""Size, colours and last part of each picture."""
MARGIN = 12
COLOURS = 255
PATIENCE = 900_000
"""Milliseconds that an answer may take."""


def talk(visitor: Any, questions: tuple[str, ...] = QUESTIONS) -> None:
    """Ask the questions, and wait until the meter has covered all answers."""
    for question in questions:
        visitor.ask(question)
        visitor.page.wait_for_function(
            "!document.querySelector('#dr-panel').innerText.includes('Provisional')"
        )


def take(visitor: Any, folder: Path) -> None:
    """Write the pictures of what the visitor sees."""
    page = visitor.page
    for name, (size, colours, last) in VIEWS.items():
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=colours)
        page.evaluate("document.activeElement.blur(), window.scrollTo(0, 0)")
        page.evaluate("document.querySelector('#dr-chat [role=log]').scrollTop = 1e6")
        page.wait_for_timeout(400)
        end = page.locator(last).first.bounding_box()
        clip = {"x": 0, "y": 0, "width": size["width"], "height": end["y"] + end["height"] + MARGIN}
        page.screenshot(path=str(folder / f"{name}.png"), animations="disabled", full_page=True, clip=clip)
        _shrink(folder / f"{name}.png")


def _shrink(path: Path) -> None:
    from PIL import Image

    with Image.open(path) as picture:
        picture.convert("RGB").quantize(
            COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE
        ).save(path, optimize=True)


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """Run ``dynamicrag serve`` over the sample documents; yields the address of its web chat."""
    command = [sys.executable, "-m", "dynamicrag.cli", "serve", "--port", "0", "--policy", "balanced",
               "--corpus", "examples/corpus", "--timeout", "1800"]  # fmt: skip
    with tempfile.TemporaryDirectory() as data:
        env = {**os.environ, "DYNAMICRAG_DATA": data}
        with subprocess.Popen(command, cwd=ROOT, env=env, text=True, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            lines = iter(process.stdout.readline, "")
            yield next(line.split()[-1] for line in lines if line.startswith("web chat: "))
            process.terminate()


def main(folder: Path) -> None:
    """Write all pictures into a folder."""
    from playwright.sync_api import sync_playwright

    from tests.serve.web.conftest import CHROMIUM, Visitor

    with serving() as address, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        visitor = Visitor(chromium, address)
        visitor.page.set_default_timeout(PATIENCE)
        talk(visitor)
        take(visitor, folder)
        chromium.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
