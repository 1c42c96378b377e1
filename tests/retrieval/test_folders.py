"""What is part of a corpus: links, names of any bytes, ids."""

import json
import os
from pathlib import Path

import pytest

from dynamicrag.retrieval import Corpus
from dynamicrag.retrieval.documents import Skipped
from dynamicrag.retrieval.readers import files_of

from .fakes import FakeEmbedder, contents, corpus


def ids(*paths: Path, follow_links: bool = False) -> list[str]:
    return [file.id for file in files_of(paths, Skipped(), follow_links=follow_links)]


def told(*paths: Path, follow_links: bool = False) -> dict[str, tuple[str, bool]]:
    skipped = Skipped()
    files_of(paths, skipped, follow_links=follow_links)
    return {Path(each.where).name: (each.reason, each.failed) for each in skipped.problems}


@pytest.fixture
def linked(tmp_path):
    """A folder with a file, and links of all kinds."""
    docs, outside = tmp_path / "docs", tmp_path / "outside"
    (docs / "deep").mkdir(parents=True)
    outside.mkdir()
    (docs / "a.md").write_text("a")
    (docs / "deep" / "b.md").write_text("b")
    (outside / "secret.md").write_text("plum")
    (docs / "secret.md").symlink_to(outside / "secret.md")
    (docs / "elsewhere").symlink_to(outside)
    (docs / "dangling.md").symlink_to(outside / "nothing.md")
    (docs / "self.md").symlink_to("self.md")
    (docs / "same.md").symlink_to("a.md")
    (docs / "deep" / "loop").symlink_to(docs)
    (outside / "back").symlink_to(docs)
    return docs


def test_links_are_not_followed_and_told(linked):
    assert ids(linked) == ["a.md", "deep/b.md"]
    found = told(linked)
    assert set(found) == {"secret.md", "elsewhere", "dangling.md", "self.md", "same.md"}
    assert {name for name, (_, failed) in found.items() if failed} == {"dangling.md", "self.md"}
    assert "not followed without follow_links: true" in found["secret.md"][0]
    assert found["same.md"][0] == f"a link to {linked}/a.md, which is read under its own name"


def test_links_are_followed_where_the_corpus_says_so(linked):
    assert ids(linked, follow_links=True) == ["a.md", "deep/b.md", "elsewhere/secret.md"]
    assert "secret.md" in told(linked, follow_links=True)  # the same file again


def test_links_to_hidden_folders_within_are_followed(tmp_path):
    """Kubernetes mounts a ConfigMap like this."""
    (tmp_path / "..2026").mkdir()
    (tmp_path / "..2026" / "a.md").write_text("a")
    (tmp_path / "..data").symlink_to("..2026")
    (tmp_path / "a.md").symlink_to("..data/a.md")
    assert ids(tmp_path) == ["a.md"]


def test_a_link_that_is_given_is_followed(linked, tmp_path):
    (tmp_path / "given").symlink_to(linked)
    assert ids(tmp_path / "given") == ["a.md", "deep/b.md"]
    assert ids(linked / "secret.md") == ["secret.md"]


def test_a_corpus_keeps_to_its_links(linked, root):
    report = corpus(linked, root).ingest()
    assert (report.added, report.failed) == (2, 2)
    followed = corpus(linked, root, follow_links=True)
    assert followed.ingest().added == 3
    assert followed.folder != corpus(linked, root).folder


def test_equal_names_get_the_folders_that_tell_them_apart(tmp_path):
    for folder in ("a", "b", "x/b", "c"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "README.md").write_text(folder)
    (tmp_path / "c" / "only.md").write_text("c")
    a, b, xb, c = (tmp_path / folder for folder in ("a", "b", "x/b", "c"))
    assert ids(a, b) == ["README.md", "b/README.md"]
    assert ids(a, b, xb, c) == ["README.md", "b/README.md", "x/b/README.md", "c/README.md", "only.md"]
    assert ids(b / "README.md", a / "README.md") == ["README.md", "a/README.md"]
    assert ids(a, a / "README.md", tmp_path) == [
        *("README.md", "b/README.md", "c/README.md", "c/only.md", "x/b/README.md"),
    ]  # no file twice


def test_ids_do_not_depend_on_what_was_ingested_before(tmp_path, root):
    a, b = tmp_path / "a", tmp_path / "b"
    for folder in (a, b):
        folder.mkdir()
    (b / "README.md").write_text("Beta is blue.")
    made = Corpus("docs", [a, b], embedder=FakeEmbedder(), root=root)
    made.ingest()
    assert made.lexical().search("beta", 1)[0][0] == "README.md#0"
    (a / "README.md").write_text("Alpha is red.")  # comes first, and takes the short id
    made.ingest()
    assert made.lexical().search("beta", 1)[0][0] == "b/README.md#0"
    assert made.lexical().search("alpha", 1)[0][0] == "README.md#0"
    (a / "README.md").unlink()
    made.ingest()
    assert made.lexical().search("beta", 1)[0][0] == "README.md#0"


def test_lines_with_the_ids_of_others(tmp_path, root):
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.jsonl").write_text('{"id": "1", "text": "apple"}\n{"id": "1", "text": "acorn"}\n')
    (docs / "b.jsonl").write_text('{"id": "1", "text": "banana"}\n{"id": "c.md", "text": "bean"}\n')
    (docs / "c.md").write_text("cherry")
    made = corpus(docs, root)
    made.ingest()
    found = {
        word: made.lexical().search(word, 1)[0][0] for word in ("apple", "acorn", "banana", "bean", "cherry")
    }
    assert found == {
        "apple": "1#0",
        "acorn": "1~2#0",
        "banana": "b.jsonl:1#0",
        "bean": "b.jsonl:c.md#0",
        "cherry": "c.md#0",
    }
    (docs / "0.jsonl").write_text('{"id": "1", "text": "zero"}\n')
    made.ingest()
    fresh = corpus(docs, tmp_path / "fresh")
    fresh.ingest()
    assert contents(made) == contents(fresh)


def test_names_of_any_bytes(tmp_path, root):
    names = [
        b"Pr\xfcfung.md",
        b"Pr\xc3\xbcfung.md",
        b"\xff\xfe.txt",
        b"line\nbreak.txt",
        b"tab\t#1.txt",
        b"a b.txt",
    ]
    (tmp_path / "docs").mkdir()
    for number, name in enumerate(names):
        Path(os.fsdecode(os.fsencode(tmp_path / "docs") + b"/" + name)).write_text(f"word{number}")
    Path(os.fsdecode(os.fsencode(tmp_path / "docs") + b"/bad\xe9.pdf")).write_bytes(b"%PDF")
    made = corpus(tmp_path / "docs", root)
    report = made.ingest()
    assert (report.added, report.failed) == (6, 1)
    json.dumps(report.skipped).encode()
    assert r"bad\xe9.pdf" in report.skipped[0]
    titles = {
        made.documents([hit.rpartition("#")[0]])[0]["title"]
        for n in range(6)
        for hit, _ in made.lexical().search(f"word{n}", 1)
    }
    assert titles == {"Prüfung", "ÿþ", "line break", "tab #1", "a b"}
    assert corpus(tmp_path / "docs", root).ingest().unchanged == 6


def test_the_folder_itself_can_have_such_a_name(tmp_path, root):
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xe9t\xe9"))
    folder.mkdir()
    (folder / "a.txt").write_text("summer")
    made = corpus(folder, root)
    made.ingest()
    assert made.lexical().search("summer", 1) == [("a.txt#0", made.lexical().search("summer", 1)[0][1])]
