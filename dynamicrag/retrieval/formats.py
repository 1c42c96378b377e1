"""One reader a format: a file to its documents.

Files are untrusted: NUL characters and lone surrogates are removed, and what cannot be read is
refused with the place and the remedy.
"""

import gzip
import json
import re
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

from dynamicrag.errors import CorpusError
from dynamicrag.retrieval.documents import Document, Skipped, SourceFile

Reader = Callable[[SourceFile, Skipped], Iterator[Document]]

_HEADING = re.compile(r"#[ \t]+(.+?)(?:[ \t]+#+)?[ \t]*")
_FENCE = re.compile(r"[ ]{0,3}(```|~~~)")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_BLOCKS = re.findall(
    r"\w+",
    "address article aside blockquote br dd div dl dt figcaption figure footer form h1 h2 h3 h4 h5 h6 "
    "header hr li main nav ol p pre section table td th tr ul",
)


def clean(text: str) -> str:
    """Return text that any database and terminal can keep."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _decode(data: bytes, path: Path, encoding: str = "utf-8-sig") -> str:
    try:
        text = data.decode(encoding)
    except (UnicodeDecodeError, LookupError) as error:
        reason = f" ({error.reason} at byte {error.start})" if isinstance(error, UnicodeDecodeError) else ""
        raise CorpusError(
            f"{path}: not text in UTF-8{reason}; convert it, or take it out of the corpus if it is binary"
        ) from error
    if len(_CONTROL.findall(text)) > len(text) * 0.1:
        raise CorpusError(f"{path}: a binary file with the ending of text; take it out of the corpus")
    return clean(text)


def _one(file: SourceFile, title: str, text: str, skipped: Skipped) -> Iterator[Document]:
    if text.strip():
        yield Document(file.id, " ".join(title.split()) or clean(file.path.stem), text, file.path)
    else:
        skipped.empty.append(f"{file.path}: no text")


def _read_text(file: SourceFile, skipped: Skipped) -> Iterator[Document]:
    return _one(file, "", _decode(file.path.read_bytes(), file.path), skipped)


def _read_markdown(file: SourceFile, skipped: Skipped) -> Iterator[Document]:
    text = _decode(file.path.read_bytes(), file.path)
    title, fenced = "", False
    for line in text.splitlines():
        if _FENCE.match(line):  # a comment in a shell listing is not a heading
            fenced = not fenced
        elif not fenced and (heading := _HEADING.fullmatch(line)):
            title = heading[1]
            break
    return _one(file, title, text, skipped)


def _read_html(file: SourceFile, skipped: Skipped) -> Iterator[Document]:
    from bs4 import BeautifulSoup
    from bs4.dammit import EncodingDetector

    data = file.path.read_bytes()
    declared = EncodingDetector.find_declared_encoding(data, is_html=True)
    soup = BeautifulSoup(_decode(data, file.path, _html_encoding(data, declared)), "html.parser")
    title = soup.title.get_text() if soup.title else ""
    for tag in soup(["script", "style", "noscript", "template", "title"]):
        tag.decompose()
    for tag in soup(_BLOCKS):
        tag.append("\n")
    lines = (" ".join(line.split()) for line in soup.get_text().splitlines())
    return _one(file, title, "\n".join(line for line in lines if line), skipped)


def _html_encoding(data: bytes, declared: str | None) -> str:
    if declared is None:
        return "utf-8-sig"
    try:
        data.decode()
    except UnicodeDecodeError:
        return declared
    return "utf-8-sig"  # what is valid UTF-8 hardly ever is anything else, whatever it declares


def _read_pdf(file: SourceFile, skipped: Skipped) -> Iterator[Document]:
    from pypdf import PdfReader

    try:
        reader = PdfReader(BytesIO(file.path.read_bytes()))
        locked = reader.is_encrypted and not reader.decrypt("")
        text = "" if locked else "\n\n".join(page.extract_text() for page in reader.pages)
    except OSError:
        raise
    except Exception as error:  # a broken PDF can raise nearly anything
        raise CorpusError(
            f"{file.path}: broken PDF ({type(error).__name__}: {error}); repair it or take it out"
        ) from error
    if locked:
        raise CorpusError(f"{file.path}: encrypted PDF; remove its password or take it out of the corpus")
    return _one(file, "", clean(text), skipped)


def _read_json_lines(file: SourceFile, skipped: Skipped) -> Iterator[Document]:
    opener: Callable[..., BytesIO] = gzip.open if file.path.suffix == ".gz" else open  # type: ignore[assignment]
    try:
        with opener(file.path, "rb") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield from _one_line(line, file, f"{file.path}:{number}", skipped)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise CorpusError(f"{file.path}: broken gzip file ({error}); fetch or compress it again") from error


def _one_line(line: bytes, file: SourceFile, where: str, skipped: Skipped) -> Iterator[Document]:
    form = 'expected {"id": "...", "title": "...", "text": "..."}'
    try:
        row = json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise CorpusError(f"{where}: not a JSON line ({error}); {form}") from error
    if not isinstance(row, dict):
        raise CorpusError(f"{where}: {form}, got {type(row).__name__}")
    name, title, text = row.get("id"), row.get("title"), row.get("text")
    title = "" if title is None else title
    if isinstance(name, int) and not isinstance(name, bool):
        name = str(name)
    for key, value in (("id", name), ("title", title), ("text", text)):
        if not isinstance(value, str):
            state = f"is {value!r}" if key in row else "is missing"
            raise CorpusError(f"{where}: {key!r} {state}; {form}")
    assert isinstance(name, str)
    assert isinstance(text, str)
    if not clean(name).strip():
        raise CorpusError(f"{where}: 'id' is empty; {form}")
    if clean(text).strip():
        yield Document(clean(name), " ".join(clean(title).split()), clean(text), file.path)
    else:
        skipped.empty.append(f"{where}: no text")


READERS: dict[str, Reader] = {
    ".md": _read_markdown,
    ".txt": _read_text,
    ".html": _read_html,
    ".htm": _read_html,
    ".pdf": _read_pdf,
    ".jsonl": _read_json_lines,
    ".jsonl.gz": _read_json_lines,
}
