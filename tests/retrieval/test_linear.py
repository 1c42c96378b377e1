"""Work grows with the size of a file, whatever is in it.

What is counted is the text that is tokenized, which is what chunking takes its time for; for reading, which
does all its work in others' parsers, four times the file may take a generous multiple of the time.
"""

import base64
import gzip
import json
import random
import time

import pytest

from dynamicrag.retrieval.chunking import Chunker
from dynamicrag.retrieval.documents import Skipped
from dynamicrag.retrieval.readers import files_of, read_file

GROWING = {
    "nested.html": lambda n: "<div>" * n + "end" + "</div>" * n,
    "wrong-ends.html": lambda n: "<div>" * n + "end" + "</p>" * n,
    "comments.html": lambda n: "<!--" * n + "end",
    "tags.html": lambda n: "<b>x</b> " * n,
    "tables.html": lambda n: "<table><tr><td>x" * n,
    "spans.html": lambda n: "<table>" + "<tr><td colspan=9999 rowspan=9999>x" * n,
    "heads.html": lambda n: "<table><thead>" + "<tr><th colspan=9999 rowspan=9999>x<th>y" * n,
    "attributes.html": lambda n: "<p " + " ".join(f"a{i}=1" for i in range(n)) + ">x",
    "base64.md": lambda n: (
        f"![c](data:image/png;base64,{base64.b64encode(random.Random(1).randbytes(8 * n)).decode()})"
    ),
    "quotes.md": lambda n: "> " * n + "x",
    "lists.md": lambda n: "\n".join(" " * (i % 300) + "- x" for i in range(n // 4)),
    "brackets.md": lambda n: "# " + "[" * n,
    "table.md": lambda n: "|a|b|\n|-|-|\n" + "|x|y|\n" * n,
    "comments.md": lambda n: "x <!--" * n,
    "front.md": lambda n: "---\ntitle: " + "[" * n + "\n---\nx",
    "minified.txt": lambda n: "function(a,b){return a+b};" * n,
    "one-line.txt": lambda n: "word " * n,
    "dots.txt": lambda n: "." * n + "x" + ". " * n,
    "marks.txt": lambda n: "?!" * n,
    "blank.txt": lambda n: "x" + "\n \t" * n + " " * n + "x",
    "chinese.txt": lambda n: "长桥是蓝色" * n,
    "deep.jsonl": lambda n: '{"id": "a", "text": ' + "[" * n,
    "same.jsonl": lambda n: '{"id": "a", "text": "x"}\n' * n,
}


def work(path, text):
    """Return the seconds that reading takes and the characters that chunking tokenizes."""
    path.write_text(text)
    counted = 0

    def tokenize(part):
        nonlocal counted
        counted += len(part) + 20  # a call has a price of its own
        return part.split()

    began = time.process_time()
    documents = [d for file in files_of([path], Skipped()) for d in read_file(file, Skipped())]
    seconds = time.process_time() - began
    for document in documents:
        Chunker(256, 32, tokenize).split(document.text, document.title)
    return seconds, counted


@pytest.mark.parametrize("name", GROWING)
def test_four_times_the_size_is_some_four_times_the_work(tmp_path, name):
    made = GROWING[name]
    (first, counted), (second, again) = (work(tmp_path / name, made(n)) for n in (1_000, 4_000))
    assert again < 6 * counted + 200_000
    assert second < 8 * first + 1


def test_a_compressed_file_that_expands_without_end(tmp_path, monkeypatch):
    from dynamicrag.retrieval.formats import json_lines

    monkeypatch.setattr(json_lines, "EXPANSION_FROM", 50_000)
    monkeypatch.setattr(json_lines, "MOST_LINE", 10_000)
    good = json.dumps({"id": "a", "text": "x"}).encode() + b"\n"
    for bomb in (b"0" * 3_000_000, b"0\n" * 200_000, good * 20_000):
        (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(good + bomb))
        skipped = Skipped()
        (file,) = files_of([tmp_path], skipped)
        documents = list(read_file(file, skipped))
        assert documents[0].id == "a"
        assert "expands to more than 200 times its size" in "".join(map(str, skipped.problems))


def test_a_line_that_is_too_long_is_left_out(tmp_path, monkeypatch):
    from dynamicrag.retrieval.formats import json_lines

    monkeypatch.setattr(json_lines, "MOST_LINE", 1_000)
    long = json.dumps({"id": "b", "text": "x" * 5_000})
    (tmp_path / "a.jsonl").write_text(
        f'{{"id": "a", "text": "x"}}\n{long}\n{{"id": "c", "text": "x"}}\n{long}'
    )
    skipped = Skipped()
    (file,) = files_of([tmp_path], skipped)
    assert [document.id for document in read_file(file, skipped)] == ["a", "c"]
    assert [problem.where.rpartition(":")[2] for problem in skipped.problems] == ["2", "4"]


def test_a_file_that_is_too_large_is_named(tmp_path, monkeypatch):
    from dynamicrag.retrieval.formats import text

    monkeypatch.setattr(text.contents, "__defaults__", (1_000_000,))
    (tmp_path / "a.txt").write_text("x " * 600_000)
    skipped = Skipped()
    (file,) = files_of([tmp_path], skipped)
    assert list(read_file(file, skipped)) == []
    assert skipped.problems[0].reason == "larger than 1 MB; split it"
