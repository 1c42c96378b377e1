"""Reads Markdown with markdown-it, which identifies titles, tables and comments.

The text keeps its Markdown, because models read it well. Comments and front matter are left out, except for
descriptive settings, and every row of a table is written with its column names.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from dynamicrag.retrieval.documents import Document, Skipped, SourceFile
from dynamicrag.retrieval.formats.clean import one_line, tidy
from dynamicrag.retrieval.formats.front_matter import front_matter
from dynamicrag.retrieval.formats.html import page_of
from dynamicrag.retrieval.formats.tables import Cell, Table
from dynamicrag.retrieval.formats.text import contents, decode, one

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_MOST_TITLE = 500  # longest parsed heading in characters; inline markup can take quadratic time
_LARGE = 200_000
"""Characters above which lists and quotes are not parsed: parsing them takes most of the time, and the text
of a page is nearly always the same without.
"""
_COMMENT, _COMMENT_END = "<!--", "-->"


def read_markdown(file: SourceFile, skipped: Skipped) -> Iterator[Document]:
    """Read a Markdown file."""
    text, data = tidy(decode(contents(file.path)))
    if data:
        skipped.note(file.source, f"{data:,} characters of encoded data left out of the text")
    head = front_matter(text)
    page = _Page(head.text)
    return one(file, head.title or page.title, head.about + page.text, skipped, head.metadata)


class _Page:
    """The title and the text of a page, without its front matter."""

    def __init__(self, source: str) -> None:
        self._env: dict[str, object] = {}
        self._lines = source.split("\n")
        self._headings: list[tuple[int, str]] = []
        self._changes: list[tuple[int, int, str]] = []  # first line, line after the last one, new text
        self._tokens = _parser(lists=len(source) < _LARGE).parse(source, self._env)
        self._read()
        self.text = "\n".join(self._changed())
        self.title = next((text for _, text in sorted(self._headings, key=lambda pair: pair[0] > 1)), "")

    def _read(self) -> None:
        place = 0
        while place < len(self._tokens):
            token = self._tokens[place]
            if token.type == "heading_open" and token.level == 0:
                self._heading(token, self._tokens[place + 1])
            elif token.type == "table_open":
                place = self._table(place)
            elif token.type == "html_block":
                place = self._html(place)
            elif token.type == "inline" and _COMMENT in token.content and token.map:
                start, end = token.map
                self._change(start, end, without_comments("\n".join(self._lines[start:end])))
            place += 1

    def _heading(self, token: "Token", inline: "Token") -> None:
        if title := self._plain(inline.content):
            self._headings.append((int(token.tag[1:]), title))

    def _plain(self, content: str) -> str:
        """Return a heading without its markup; an image's description only if there is nothing else."""
        parser, found = _parser(lists=True), list["Token"]()
        parser.inline.parse(without_comments(content[:_MOST_TITLE]), parser, self._env, found)
        kinds = ("text", "text_special", "code_inline", "softbreak", "hardbreak")
        text = one_line("".join(token.content or " " for token in found if token.type in kinds))
        if text.endswith("}"):  # attributes: "Title {#anchor}"
            text = text.rpartition("{")[0].rstrip() or text
        return text or one_line(" ".join(token.content for token in found if token.type == "image"))

    def _table(self, place: int) -> int:
        start, end = self._tokens[place].map or [0, 0]
        rows: list[list[str]] = []
        while self._tokens[place].type != "table_close":
            token = self._tokens[place]
            if token.type == "tr_open":
                rows.append([])
            elif token.type == "inline":
                rows[-1].append(one_line(without_comments(token.content)))
            place += 1
        table = Table()
        lines = [
            line
            for number, row in enumerate(rows)
            for line in table.add([Cell([text]) for text in row], names=not number)
        ]
        self._change(start, end, "\n".join([*lines, *table.close(), ""]))
        return place

    def _html(self, place: int) -> int:
        """Read blocks of HTML, joined across empty lines, as a page of HTML."""
        start, end = self._tokens[place].map or [0, 0]
        parts = [self._tokens[place].content]
        while place + 1 < len(self._tokens) and self._tokens[place + 1].type == "html_block":
            place += 1
            parts.append(self._tokens[place].content)
            end = (self._tokens[place].map or [0, end])[1]
        page = page_of("\n".join(parts))
        self._headings += [(level, title) for level, title in page.headings if title]
        self._change(start, end, page.text + "\n" if page.text else "")
        return place

    def _change(self, start: int, end: int, text: str) -> None:
        if start < end and (not self._changes or self._changes[-1][1] <= start):
            self._changes.append((start, end, text))

    def _changed(self) -> Iterator[str]:
        place = 0
        for start, end, text in self._changes:
            yield from self._lines[place:start]
            yield text
            place = end
        yield from self._lines[place:]


def without_comments(text: str) -> str:
    """Return ``text`` without ``<!-- comments -->``; an unclosed comment stays."""
    parts, place = [], 0
    while (start := text.find(_COMMENT, place)) >= 0:
        end = text.find(_COMMENT_END, start + len(_COMMENT))
        if end < 0:
            break
        parts.append(text[place:start])
        place = end + len(_COMMENT_END)
    return "".join([*parts, text[place:]])


@lru_cache(maxsize=2)
def _parser(*, lists: bool) -> "MarkdownIt":
    from markdown_it import MarkdownIt

    # it nests up to 20 blocks, and reads deeper ones as text
    parser = MarkdownIt("commonmark").enable("table")
    parser.core.ruler.enableOnly(["normalize", "block"])  # inline markup is parsed only in headings
    return parser if lists else parser.disable(["list", "blockquote"])
