"""Files of a corpus that cannot be read: named, left out, tried again once they have changed."""

import logging
import os
import time

import pytest

from dynamicrag.errors import CorpusError
from dynamicrag.retrieval import scan as scan_module
from dynamicrag.retrieval.formats import READERS

from .fakes import contents, corpus


def older(*paths):
    """Date files back, so that their stamps are trusted."""
    for path in paths:
        os.utime(path, ns=(0, time.time_ns() - 10**10))


@pytest.fixture
def bad(docs):
    """The twelve documents and three bad files."""
    (docs / "broken.pdf").write_bytes(b"%PDF-1.4 cut off")
    (docs / "binary.txt").write_bytes(bytes(range(256)) * 4)
    (docs / "torn.jsonl").write_text(
        '{"id": "a", "text": "apple pie"}\n{"id": \n{"id": "b", "text": "plum"}\n'
    )
    older(*docs.rglob("*.*"))
    return docs


def test_the_rest_is_served(bad, root):
    made = corpus(bad, root)
    report = made.ingest()
    assert (report.added, report.failed) == (14, 3)
    assert [line.split(": ")[0].rpartition("/")[2] for line in report.skipped] == [
        "binary.txt",
        "broken.pdf",
        "torn.jsonl:2",
    ]
    assert made.lexical().search("plum", 1)[0][0] == "b#0"
    assert [problem.where.rpartition("/")[2] for problem in made.problems()] == [
        "binary.txt",
        "broken.pdf",
        "torn.jsonl:2",
    ]


def test_a_bad_file_is_read_again_only_when_it_has_changed(bad, root, monkeypatch):
    read, made = [], corpus(bad, root)
    real = scan_module.read_file
    monkeypatch.setattr(
        scan_module, "read_file", lambda file, skipped: read.append(file.id) or real(file, skipped)
    )
    made.ingest()
    assert len(read) == 15
    read.clear()
    assert made.ensure() is None
    assert made.ingest().failed == 3  # known from before
    assert read == []
    (bad / "binary.txt").write_text("Readable now.")
    older(bad / "binary.txt")
    report = made.ensure()
    assert (report.added, report.failed, read) == (1, 2, ["binary.txt"])
    assert made.lexical().search("readable", 1)[0][0] == "binary.txt#0"


def test_a_file_that_becomes_bad_is_no_longer_served(bad, root):
    made = corpus(bad, root)
    made.ingest()
    (bad / "town10.md").write_bytes(bytes(range(256)) * 4)
    report = made.ingest()
    assert (report.deleted, report.failed) == (1, 4)
    assert "its earlier content is no longer served" in "".join(report.skipped)
    assert made.documents(["town10.md"]) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads anything")
def test_permissions(docs, root):
    (docs / "town10.md").chmod(0)
    (docs / "sub").chmod(0)
    older(docs / "town10.md")
    made = corpus(docs, root)
    report = made.ensure()
    assert (report.added, report.failed) == (5, 2)
    assert "sub: the folder cannot be listed: Permission denied" in "".join(report.skipped)
    (docs / "town10.md").chmod(0o600)
    (docs / "sub").chmod(0o700)
    assert made.ensure().added == 7


def test_a_folder_that_cannot_be_listed(docs, root, monkeypatch):
    real = os.scandir

    def scandir(path):
        if str(path).endswith("sub"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    report = corpus(docs, root).ingest()
    assert (report.added, report.failed) == (6, 1)
    assert report.skipped == (f"{docs}/sub: the folder cannot be listed: Permission denied",)


def test_strict_refuses_and_changes_nothing(bad, root):
    made = corpus(bad, root)
    with pytest.raises(
        CorpusError, match=r"3 could not be read \(.*binary\.txt.*broken\.pdf.*without --strict"
    ):
        made.ingest(strict=True)
    for name in ("broken.pdf", "binary.txt", "torn.jsonl"):
        (bad / name).unlink()
    assert made.ingest(strict=True).added == 12
    before = contents(made)
    (bad / "broken.pdf").write_bytes(b"%PDF-1.4")
    with pytest.raises(CorpusError, match=r"1 could not be read"):
        made.ingest(strict=True)
    (bad / "broken.pdf").unlink()
    assert contents(made) == before


def test_nothing_that_can_be_read_is_an_error_that_names_the_files(tmp_path, root):
    docs = tmp_path / "docs"
    docs.mkdir()
    for number in range(7):
        (docs / f"b{number}.pdf").write_bytes(b"%PDF-1.4")
    with pytest.raises(CorpusError, match=r"no document can be read \(.*b0\.pdf: broken PDF.*; and 2 more\)"):
        corpus(docs, root).ensure()


def test_who_asks_without_ingesting_is_warned(bad, root, caplog):
    with caplog.at_level(logging.WARNING):
        corpus(bad, root).lexical()
    assert "corpus docs: 3 could not be read and are left out, first" in caplog.text


def test_many_bad_lines_are_counted(docs, root):
    (docs / "bad.jsonl").write_text("{\n" * 500 + '{"id": "good", "text": "gooseberry"}\n')
    made = corpus(docs, root)
    report = made.ingest()
    assert report.failed == 500
    assert len(report.skipped) == 21
    assert report.skipped[-1].endswith("bad.jsonl: 480 more lines that cannot be read")
    assert made.lexical().search("gooseberry", 1)


def test_every_reader_is_known_by_its_ending():
    assert sorted(READERS) == [".htm", ".html", ".jsonl", ".jsonl.gz", ".md", ".pdf", ".txt"]
