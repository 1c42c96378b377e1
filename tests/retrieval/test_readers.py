import gzip
import json
import os
from pathlib import Path

import pytest

from dynamicrag.errors import CorpusError
from dynamicrag.retrieval.documents import Document, Skipped
from dynamicrag.retrieval.formats import READERS
from dynamicrag.retrieval.readers import files_of, read_file


def read(*paths: Path, skipped: Skipped | None = None) -> list[Document]:
    skipped = skipped or Skipped()
    return [d for file in files_of(paths, skipped) for d in read_file(file, skipped)]


def pdf(text: str) -> bytes:
    """The smallest PDF that shows ``text``."""
    stream = f"BT /F1 12 Tf 20 100 Td ({text}) Tj ET".encode()
    bodies = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(bodies, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    start = len(out)
    out += b"xref\n0 6\n0000000000 65535 f \n" + table
    return out + b"trailer << /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % start


def test_every_format(tmp_path):
    (tmp_path / "b" / "c").mkdir(parents=True)
    (tmp_path / "a.md").write_text("```sh\n# not a heading\n```\n# The *Title* #\nBody é.", encoding="utf-8")
    (tmp_path / "b" / "plain.TXT").write_text("\ufeffJust text.", encoding="utf-8")
    (tmp_path / "b" / "c" / "page.html").write_text(
        "<html><head><title> A\n page </title><style>p{}</style></head><body><p>One <b>two</b>.</p>"
        "<script>alert(1)</script><p>Three &amp; four</p></body></html>"
    )
    (tmp_path / "d.pdf").write_bytes(pdf("Hello from a PDF"))
    line = json.dumps({"id": "x1", "title": "X", "text": "From a line."})
    (tmp_path / "e.jsonl").write_text(line + "\n\n" + json.dumps({"id": 2, "text": "No title."}))
    (tmp_path / "f.jsonl.gz").write_bytes(gzip.compress(b'{"id": "z", "title": null, "text": "Zipped."}\n'))
    found = {d.id: (d.title, d.text) for d in read(tmp_path)}
    assert list(found) == ["a.md", "d.pdf", "x1", "2", "z", "b/plain.TXT", "b/c/page.html"]
    assert found["a.md"][0] == "The Title"
    assert found["a.md"][1].endswith("Body é.")
    assert found["b/plain.TXT"] == ("plain", "Just text.")
    assert found["b/c/page.html"] == ("A page", "One two.\nThree & four")
    assert found["d.pdf"] == ("d", "Hello from a PDF")
    assert found["x1"] == ("X", "From a line.")
    assert found["2"] == ("2", "No title.") or found["2"][1] == "No title."
    assert found["z"][1] == "Zipped."


def test_a_single_file_is_named_by_its_name(tmp_path):
    (tmp_path / "one.txt").write_text("Text.")
    assert [d.id for d in read(tmp_path / "one.txt")] == ["one.txt"]


def test_what_is_left_out_is_told(tmp_path):
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "secret.md").write_text("no")
    (tmp_path / ".dot.md").write_text("no")
    (tmp_path / "image.png").write_bytes(b"\x89PNG")
    (tmp_path / "empty.md").write_text("  \n")
    (tmp_path / "lines.jsonl").write_text('{"id": "a", "text": ""}\n{"id": "b", "text": "yes"}\n')
    os.mkfifo(tmp_path / "pipe.txt")
    skipped = Skipped()
    assert [d.id for d in read(tmp_path, skipped=skipped)] == ["b"]
    assert list(map(str, skipped.problems)) == [
        f"{tmp_path}/image.png: no reader for this ending",
        f"{tmp_path}/empty.md: no text",
        f"{tmp_path}/lines.jsonl:1: no text",
    ]
    assert not any(problem.failed for problem in skipped.problems)


def test_untrusted_text_is_cleaned(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"one two three\0four " * 20)
    (tmp_path / "b.jsonl").write_text('{"id": "i", "text": "lone \\ud800 surrogate \\u0000"}')
    first, second = read(tmp_path)
    assert first.text.startswith("one two threefour")
    assert second.text == "lone ? surrogate "


BAD = [
    ("a.txt", bytes(range(256)) * 4, "a.txt: a binary file"),
    ("a.txt", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(128, 256)) * 3, "a.txt: "),
    ("a.md", bytes(range(1, 9)) * 40, "a.md: a binary file"),
    ("a.pdf", b"%PDF-1.4 nothing", "a.pdf: broken PDF"),
    ("a.pdf", b"", "a.pdf: broken PDF"),
    ("a.pdf", pdf("x")[:200], "a.pdf: broken PDF"),
    ("a.jsonl", b'{"id": ', "a.jsonl:1: not a JSON line"),
    ("a.jsonl", b'["id"]', "a.jsonl:1: expected"),
    ("a.jsonl", b'{"text": "x"}', "a.jsonl:1: 'id' is missing"),
    ("a.jsonl", b'{"id": true, "text": "x"}', "a.jsonl:1: 'id' is True"),
    ("a.jsonl", b'{"id": " ", "text": "x"}', "a.jsonl:1: 'id' is empty"),
    ("a.jsonl", b'{"id": "a", "text": 5}', "a.jsonl:1: 'text' is 5"),
    ("a.jsonl", b'{"id": "a", "text": %s}' % (b"[" * 400 + b"]" * 400), "a.jsonl:1: 'text' is [[["),
    ("a.jsonl", b'{"id": "a", "title": [], "text": "x"}', "a.jsonl:1: 'title' is"),
    ("a.jsonl", b'{"id": %s, "text": "x"}' % (b"1" * 9000), "a.jsonl:1: not a JSON line"),
    ("a.jsonl", b"\xff", "a.jsonl:1: not a JSON line"),
    ("a.jsonl", b"[" * 200_000, "a.jsonl:1: not a JSON line"),
    ("a.jsonl.gz", b"no gzip", "a.jsonl.gz: broken gzip"),
]


@pytest.mark.parametrize(("name", "data", "message"), BAD)
def test_a_bad_file_is_named_and_left_out(tmp_path, name, data, message):
    (tmp_path / name).write_bytes(data)
    (tmp_path / "good.txt").write_text("Fine.")
    skipped = Skipped()
    assert [d.id for d in read(tmp_path, skipped=skipped)] == ["good.txt"]
    (problem,) = skipped.problems
    assert problem.failed
    assert str(problem).startswith(f"{tmp_path}/{message}")


def test_a_file_that_goes_while_it_is_read(tmp_path):
    (tmp_path / "a.txt").write_text("x")
    skipped = Skipped()
    (file,) = files_of([tmp_path], skipped)
    file.path.unlink()
    assert list(read_file(file, skipped)) == []
    assert str(skipped.problems[0]) == f"{tmp_path}/a.txt: gone while the corpus was read"
    file.path.mkdir()
    assert list(read_file(file, skipped)) == []
    assert "cannot be read" in skipped.problems[1].reason


def test_a_parser_that_fails_costs_its_file_alone(tmp_path, monkeypatch):
    def fails(file, skipped):
        raise IndexError("list index out of range")

    monkeypatch.setitem(READERS, ".htm", fails)
    (tmp_path / "a.htm").write_text("<p>x")
    (tmp_path / "b.txt").write_text("x")
    skipped = Skipped()
    assert [d.id for d in read(tmp_path, skipped=skipped)] == ["b.txt"]
    assert skipped.problems[0].reason == "cannot be read: IndexError: list index out of range"


def test_paths_that_hold_nothing(tmp_path):
    with pytest.raises(CorpusError, match="no such file or folder"):
        read(tmp_path / "missing")
    with pytest.raises(CorpusError, match=r"no document to read; valid endings: \.md, "):
        read(tmp_path)
    (tmp_path / "x.docx").write_text("x")
    with pytest.raises(CorpusError, match=r"x\.docx: no reader for this ending"):
        read(tmp_path)
    with pytest.raises(CorpusError, match=r"x\.docx: cannot be read; valid endings"):
        read(tmp_path / "x.docx")
    with pytest.raises(CorpusError, match="no path"):
        read()
