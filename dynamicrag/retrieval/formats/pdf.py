"""Reads PDF page by page: an unreadable page does not affect the others."""

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING

from dynamicrag.errors import CorpusError
from dynamicrag.retrieval.documents import Document, Skipped, SourceFile
from dynamicrag.retrieval.formats.divided import join_divided
from dynamicrag.retrieval.formats.text import contents, one
from dynamicrag.retrieval.limits import MOST_CHARACTERS, MOST_NAMED, MOST_PAGES, MOST_PDF_BYTES

if TYPE_CHECKING:
    from pypdf import PageObject, PdfReader


def read_pdf(file: SourceFile, skipped: Skipped) -> Iterator[Document]:
    """Read a PDF file."""
    from io import BytesIO

    from pypdf import PdfReader

    logging.getLogger("pypdf").addHandler(logging.NullHandler())  # it would write to the terminal
    data = contents(file.path, MOST_PDF_BYTES)
    try:
        reader = PdfReader(BytesIO(data))
        locked = reader.is_encrypted and not reader.decrypt("")
        pages = [] if locked else list(_pages(reader))
    except Exception as error:  # a broken PDF can raise almost anything
        raise CorpusError(f"broken PDF ({_named(error)}); repair or remove it") from error
    if locked:
        raise CorpusError("encrypted PDF; remove its password or remove it from the corpus")
    texts = _texts(pages[:MOST_PAGES], file.source, skipped)
    if len(pages) > MOST_PAGES:
        skipped.fail(file.source, f"only the first {MOST_PAGES:,} pages were read; split it")
    text = join_divided("\n\n".join(texts))
    if pages and not text.strip():
        skipped.note(file.source, f"no text on its {len(pages)} pages; scanned pages need OCR first")
        return iter(())
    return one(file, "", text, skipped)  # the title setting of a PDF is usually the name of a template


def _texts(pages: list["PageObject"], source: str, skipped: Skipped) -> list[str]:
    texts: list[str] = []
    bad: list[str] = []
    size = 0
    for number, page in enumerate(pages, 1):
        try:
            text = page.extract_text()
        except Exception as error:  # noqa: BLE001 - as above
            bad.append(f"{number} ({_named(error)})")
            continue
        size += len(text)
        if size > MOST_CHARACTERS:
            skipped.fail(f"{source}: page {number}", f"more than {MOST_CHARACTERS:,} characters; split it")
            break
        texts.append(text)
    if bad and not any(map(str.strip, texts)):
        raise CorpusError(f"broken PDF (page {bad[0]}); repair or remove it")
    if bad:
        more = f" and {len(bad) - MOST_NAMED} more" if len(bad) > MOST_NAMED else ""
        skipped.fail(source, f"pages that cannot be read: {', '.join(bad[:MOST_NAMED])}{more}", len(bad))
    return texts


def _pages(reader: "PdfReader") -> Iterator["PageObject"]:
    """Yield one page more than the limit, so that the caller can detect a longer file."""
    for number, page in enumerate(reader.pages):
        yield page
        if number == MOST_PAGES:
            break


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
