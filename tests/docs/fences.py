"""The fenced blocks of the Markdown pages."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parents[2]
_OPEN = re.compile(r"^(?P<indent>\s*)(?P<mark>`{3,}|~{3,})[ ]*(?P<language>[\w+-]*)(?P<rest>.*)$")
_TITLE = re.compile(r'title="([^"]+)"')
_MARK = re.compile(r"<!--\s*test:\s*(skip|parse)\s*,\s*(\S.*?)\s*-->")


@dataclass(frozen=True)
class Fence:
    """One block: where it stands, its language, its title, its text, and what the tests are to leave out."""

    page: Path
    line: int
    language: str
    title: str
    text: str
    mark: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def pages() -> list[Path]:
    """Return README and all pages that are written by hand."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def fences(page: Path) -> Iterator[Fence]:
    """Yield the blocks of a page."""
    lines = page.read_text().splitlines()
    at = 0
    while at < len(lines):
        opened = _OPEN.match(lines[at])
        if opened is None:
            at += 1
            continue
        end = at + 1
        while end < len(lines) and lines[end].strip() != opened["mark"]:
            end += 1
        assert end < len(lines), f"{page}:{at + 1}: the block has no end"
        title, mark = _TITLE.search(opened["rest"]), _MARK.search(lines[at - 1] if at else "")
        text = dedent("\n".join(lines[at + 1 : end])) + "\n"
        yield Fence(
            page, at + 1, opened["language"], title[1] if title else "", text, mark[1] if mark else ""
        )
        at = end + 1
