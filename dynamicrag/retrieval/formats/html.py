"""Converts HTML to text, in one pass over the parser's events and in linear time.

The parser is libxml2. It searches all open elements for the partner of every closing tag, so a file of
openings followed by wrong closings takes quadratic time: the file is therefore fed in small pieces, and the
parser restarts when too many elements are open.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from dynamicrag.retrieval.documents import Document, Skipped, SourceFile
from dynamicrag.retrieval.formats.clean import clean
from dynamicrag.retrieval.formats.html_writer import HtmlWriter
from dynamicrag.retrieval.formats.text import contents, decode, one
from dynamicrag.retrieval.limits import MOST_DEPTH

_PIECE = 8_192  # characters
_DECLARED = rb"charset\s*=\s*[\"']?\s*([\w.:-]+)"
_HEAD = 4_096  # bytes in which a page declares its encoding


@dataclass(frozen=True, slots=True)
class Page:
    """A page as read: its ``<title>``, its headings (level and text) and the text."""

    title: str
    headings: list[tuple[int, str]]
    text: str


def read_html(file: SourceFile, skipped: Skipped) -> Iterator[Document]:
    """Read an HTML file."""
    import re

    data = contents(file.path)
    declared = re.search(_DECLARED, data[:_HEAD], re.IGNORECASE)
    page = page_of(decode(data, declared[1].decode("ascii", "ignore") if declared else None))
    first = next((text for _, text in sorted(page.headings, key=lambda pair: pair[0] > 1) if text), "")
    return one(file, page.title or first, page.text, skipped)


def page_of(source: str) -> Page:
    """Read a page, or a part of one."""
    from lxml import etree

    writer = HtmlWriter()
    text = clean(source)
    parser = None
    start = 0
    while start < len(text):
        end = start + _PIECE
        if end < len(text):  # not within a tag, which a new parser would treat as text
            tag = text.rfind("<", start + 1, end)
            end = tag if tag > start else end
        if parser is None:
            parser = etree.HTMLParser(target=writer, huge_tree=True, encoding="utf-8")
        try:
            parser.feed(text[start:end].encode())
        except etree.LxmlError:  # nothing in an empty document; text parsed before is with the writer
            parser = None
        if writer.depth > MOST_DEPTH:
            _close(parser)
            parser = None
            writer.depth = 0
        start = end
    _close(parser)
    return Page(writer.title, writer.headings, writer.text())


def _close(parser: object) -> None:
    from lxml import etree

    try:
        if parser is not None:
            parser.close()  # type: ignore[attr-defined]
    except etree.LxmlError:
        pass  # an empty document
