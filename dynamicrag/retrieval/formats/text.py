"""Reads plain text in any encoding; helpers for the readers of single documents."""

import codecs
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dynamicrag.errors import CorpusError
from dynamicrag.retrieval.documents import Document, Skipped, SourceFile
from dynamicrag.retrieval.formats.clean import one_line, tidy
from dynamicrag.retrieval.limits import MOST_BYTES
from dynamicrag.retrieval.names import readable

_BOMS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16, because its mark starts with that of UTF-16
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_COMMON = (
    *("cp1252", "cp1250", "cp1251", "koi8_r", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp874"),
    *("cp932", "euc_jp", "gb18030", "big5", "cp949"),
)
"""Candidate encodings; the library mistakes short texts for rarer ones."""
_WESTERN = frozenset(
    "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜßàáâãäåæçèéêëìíîïñòóôõöøùúûüÿœŒ«»“”„‘’‚–—…€£§°·¿¡®©™ \xa0•ªº´"
)
_OF_PAGES = ("iso", "cp", "mac", "koi8", "gb", "big5", "euc", "shift", "utf")
_JAMO = re.compile("[\u3131-\u318e]")
_SAMPLE = 200_000  # bytes used to detect the encoding
_CONTROL = bytes({*range(0x09), *range(0x0E, 0x1B), *range(0x1C, 0x20), 0x7F})


def read_text(file: SourceFile, skipped: Skipped) -> Iterator[Document]:
    """Read a text file."""
    return one(file, "", decode(contents(file.path)), skipped)


def contents(path: Path, most: int = MOST_BYTES) -> bytes:
    """Return the bytes of a file.

    Raises:
        CorpusError: It has more than ``most``.
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise CorpusError(f"larger than {most // 1_000_000} MB; split it")
    return data


def one(
    file: SourceFile, title: str, text: str, skipped: Skipped, metadata: Mapping[str, Any] | None = None
) -> Iterator[Document]:
    """Yield the one document of a file, if there is any text in it."""
    text, data = tidy(text)
    if data:
        skipped.note(file.source, f"{data:,} characters of encoded data left out of the text")
    if text.strip():
        title = one_line(title) or one_line(readable(file.path.stem))
        yield Document(file.id, title, text, file.source, metadata=metadata or {})
    else:
        skipped.note(file.source, "no text")


def decode(data: bytes, declared: str | None = None) -> str:
    """Return the text of ``data``: UTF-8 if valid, otherwise in the declared or detected encoding.

    Raises:
        CorpusError: It is binary.
    """
    name = encoding_of(data, declared)
    # A file cut within a character, or with one bad byte, is still readable.
    return data.decode(name, "strict" if name in _COMMON else "replace")


def encoding_of(data: bytes, declared: str | None = None) -> str:
    """Return the name of the encoding of ``data``.

    Raises:
        CorpusError: It is binary, or in an unknown encoding.
    """
    for mark, name in _BOMS.items():
        if data.startswith(mark):
            return name
    if wide := _wide(data[:_SAMPLE]):
        return wide
    sample = data[:_SAMPLE]
    if len(sample) - len(sample.translate(None, _CONTROL)) > len(sample) * 0.1:
        raise CorpusError("a binary file with the ending of text; remove it from the corpus")
    if _is_utf8(data):
        return "utf-8"
    if declared and _is_text(declared) and _decodes(data, declared):
        return declared
    return _detected(data)


def _wide(sample: bytes) -> str:
    """Return UTF-16 if every second byte is mostly zero, as in Western text without a mark."""
    half = max(1, len(sample) // 2)
    for name, offset in (("utf-16-le", 1), ("utf-16-be", 0)):
        there, other = sample[offset::2].count(0), sample[1 - offset :: 2].count(0)
        if there > half * 0.6 and other < half * 0.05 and _decodes(sample[: half * 2], name):
            return name
    return ""


def _is_utf8(data: bytes) -> bool:
    """Return whether ``data`` is UTF-8, up to a few bad bytes among many good characters."""
    try:
        data.decode()
    except UnicodeDecodeError as error:
        text = data.decode("utf-8", "replace")
        bad = text.count("\ufffd")
        good = sum(1 for char in text if char > "\x7f") - bad
        cut = bad == 1 and error.reason == "unexpected end of data"
        return good > 50 * bad or (good > 3 and bad == 1) or (good > 0 and cut)
    return True


def _is_text(name: str) -> bool:
    """Return whether a page can have this encoding; some of Python's codecs are not for text."""
    try:
        return codecs.lookup(name).name.startswith(_OF_PAGES)
    except (LookupError, ValueError):
        return False


def _decodes(data: bytes, name: str) -> bool:
    try:
        data.decode(name)
    except (UnicodeError, LookupError, ValueError):
        return False
    return True


def _detected(data: bytes) -> str:
    from charset_normalizer import from_bytes

    if _decodes(data, "cp1252"):
        # Short texts fit many encodings; prefer ordinary Western text.
        text = data.decode("cp1252")
        odd = [char for char in text if char > "\x7f"]
        letters = sum(map(str.isalpha, text))
        if _WESTERN.issuperset(odd) and sum(map(str.isalpha, odd)) < letters / 4:
            return "cp1252"
    sample = data if len(data) <= _SAMPLE else data[:_SAMPLE].rpartition(b"\n")[0] or data[:_SAMPLE]
    possible = [found.encoding for found in from_bytes(sample, cp_isolation=list(_COMMON))]
    possible = [name for name in possible if _decodes(data, name)]
    if possible:  # Japanese decoded as Korean has letters that never occur alone
        return next(
            (name for name in possible if not _JAMO.search(sample.decode(name, "replace"))), possible[0]
        )
    raise CorpusError("not text in any known encoding; convert it to UTF-8, or remove it")
