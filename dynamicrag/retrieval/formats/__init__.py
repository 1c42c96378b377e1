"""One reader per format: from a file to its documents.

A reader yields documents and reports the parts it leaves out. It raises ``CorpusError`` if the file as a
whole cannot be read. A new format is one file here and a row in ``READERS``.
"""

from collections.abc import Callable, Iterator

from dynamicrag.retrieval.documents import Document, Skipped, SourceFile
from dynamicrag.retrieval.formats.html import read_html
from dynamicrag.retrieval.formats.json_lines import read_json_lines
from dynamicrag.retrieval.formats.markdown import read_markdown
from dynamicrag.retrieval.formats.pdf import read_pdf
from dynamicrag.retrieval.formats.text import read_text

Reader = Callable[[SourceFile, Skipped], Iterator[Document]]

READERS: dict[str, Reader] = {
    ".md": read_markdown,
    ".txt": read_text,
    ".html": read_html,
    ".htm": read_html,
    ".pdf": read_pdf,
    ".jsonl": read_json_lines,
    ".jsonl.gz": read_json_lines,
}

__all__ = ["READERS", "Reader"]
