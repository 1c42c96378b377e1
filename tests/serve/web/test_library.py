"""Uploads: what is refused and why, and that changes are in force at once."""

import gzip
import json

import pytest

from dynamicrag import DynamicRAG
from dynamicrag.errors import InputError
from dynamicrag.policy.file import load_policy
from dynamicrag.serve.web.intake import check_content, check_name
from dynamicrag.serve.web.library import Library, Outcome, with_uploads
from dynamicrag.serve.web.settings import WebSettings
from dynamicrag.serve.web.views import outcomes
from dynamicrag.testing import ScriptedChat
from tests.serve.web.staged import WordVectors


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """A corpus of one document of the user's, and a folder of uploads."""
    monkeypatch.setenv("DYNAMICRAG_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("dynamicrag.policy.build_embedders.LocalEmbedder", WordVectors)
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "ferry.md").write_text("# Ferry\n\nThe ferry leaves at noon.\n")
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    policy = {
        "version": 1, "models": {"m": {}}, "host": {"meter": "none"}, "runs": {"keep": 0},
        "corpora": {"docs": {"path": [str(tmp_path / "own"), str(uploads)]}},
        "stages": {"retriever": {"options": {"lexical": "bm25"}}},
    }  # fmt: skip
    chat = ScriptedChat(script=lambda kind, prompt: "Yes.")
    with DynamicRAG.from_policy(policy, models={"m": chat}) as rag:
        yield rag, uploads


@pytest.fixture
def library(shelf):
    return Library(
        shelf[0], WebSettings(uploads=shelf[1], upload_bytes=10_000, upload_files=3, upload_total=15_000)
    )


@pytest.fixture
def arrived(tmp_path):
    """Return a function that makes an uploaded file, as the server receives it."""

    def file(name: str, content: str | bytes = "The archive holds 412 maps.", given: str | None = None):
        folder = tmp_path / "arrived"
        folder.mkdir(exist_ok=True)
        path = folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return given or name, path

    return file


def found(rag, words):
    index = rag.pipeline.corpora["docs"].lexical()
    return [name for name, score in index.search(words, 5) if score > 0]


def test_a_change_is_in_force_at_once(shelf, library, arrived):
    rag, _ = shelf
    assert found(rag, "archive maps") == []
    (added,) = library.add([arrived("archive.md")])
    assert (added.done, added.reason) == ("added", "")
    assert found(rag, "archive maps") == ["archive.md#0"]
    (updated,) = library.add([arrived("archive.md", "The cellar holds casks.")])
    assert updated.done == "updated"
    assert found(rag, "maps") == []
    assert found(rag, "casks") == ["archive.md#0"]
    assert library.remove("archive.md").done == "removed"
    assert found(rag, "casks") == []
    assert found(rag, "ferry") == ["ferry.md#0"]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("../secret.md", "a folder"), ("..\\secret.md", "a folder"), ("/etc/passwd.md", "a folder"),
        (".hidden.md", "not accepted"), ("a\nb.md", "not accepted"), ("x" * 130 + ".md", "not accepted"),
        ("", "a folder"), ("tool.exe", "no reader for this ending; valid: .md"), ("pack.zip", "no reader"),
        ("<b>.md", "not accepted"),
    ],
)  # fmt: skip
def test_a_name_that_is_refused_has_its_reason(given, why):
    with pytest.raises(InputError, match=why):
        check_name(given)


@pytest.mark.parametrize("name", ["a.md", "Über uns (2).TXT", "maps.jsonl.gz", "日本.md"])
def test_usual_names_are_accepted(name):
    assert check_name(name) == name


def test_refused_files_are_named_and_leave_nothing(shelf, library, arrived):
    files = [
        arrived("evil.md", given="../../evil.md"), arrived("big.md", "word " * 3000),
        arrived("empty.md", " \n"), arrived("broken.pdf", b"%PDF-1.4 nothing"), arrived("good.md"),
    ]  # fmt: skip
    outcomes = library.add(files)
    assert [each.done for each in outcomes] == ["", "", "", "", "added"]
    assert all(each.reason for each in outcomes[:4])
    assert "at most 10,000" in outcomes[1].reason
    assert [each.name for each in library.documents()] == ["good.md"]
    assert not (shelf[1].parent.parent / "evil.md").exists()
    assert list((shelf[1] / ".arriving").iterdir()) == []


def test_a_small_file_that_holds_very_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("dynamicrag.serve.web.intake.MOST_CHARACTERS", 100_000)
    line = json.dumps({"id": "a", "text": "word " * 1000})
    path = tmp_path / "bomb.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join(line.replace('"a"', f'"{n}"') for n in range(100)).encode()))
    assert path.stat().st_size < 10_000
    with pytest.raises(InputError, match="too long"):
        check_content(path, path.name, 10_000)


def test_number_and_total_size_are_bounded(library, arrived):
    assert [each.done for each in library.add([arrived("a.md", "word " * 1600)])] == ["added"]
    outcomes = library.add(
        [arrived("b.md", "word " * 1600), arrived("c.md"), arrived("d.md"), arrived("e.md")]
    )
    assert [each.done for each in outcomes] == ["", "added", "added", ""]
    assert "all documents together" in outcomes[0].reason
    assert "at most 3" in outcomes[3].reason
    assert library.add([arrived("a.md", "shorter")])[0].done == "updated"


def test_a_failed_ingest_leaves_everything_as_it_was(shelf, library, arrived, monkeypatch):
    rag, folder = shelf
    library.add([arrived("archive.md")])

    def fail(self, **_):
        raise InputError("the index is full")

    with monkeypatch.context() as patch:
        patch.setattr("dynamicrag.retrieval.corpus.Corpus.ingest", fail)
        outcomes = library.add([arrived("archive.md", "Other words."), arrived("new.md")])
        removed = library.remove("archive.md")
    assert [(each.done, each.reason) for each in [*outcomes, removed]] == [("", "the index is full")] * 3
    assert (folder / "archive.md").read_text() == "The archive holds 412 maps."
    assert found(rag, "archive maps") == ["archive.md#0"]


def test_only_uploaded_documents_can_be_removed(shelf, library):
    for name in ("ferry.md", "../own/ferry.md", ".arriving", ""):
        assert library.remove(name).reason == "no such uploaded document"
    assert found(shelf[0], "ferry") == ["ferry.md#0"]


def test_without_a_corpus_that_reads_the_folder_there_are_no_uploads(shelf, tmp_path):
    assert not Library(shelf[0], WebSettings()).available
    assert not Library(shelf[0], WebSettings(uploads=tmp_path / "other")).available
    assert Library(shelf[0], WebSettings(uploads=tmp_path / "other")).documents() == []


def test_a_policy_reads_the_folder_beside_its_own(tmp_path):
    policy = load_policy(
        {"version": 1, "corpora": {"docs": {"path": "docs"}, "more": {"path": "x"}}}, models=["m"]
    )
    changed = with_uploads(policy, tmp_path)
    assert list(changed.corpora["docs"].path) == ["docs", str(tmp_path)]
    assert changed.corpora["more"] == policy.corpora["more"]
    assert with_uploads(policy, None) is policy


def test_the_words_of_a_failure_name_no_path_of_the_server(shelf, library, arrived, monkeypatch):
    def fail(*_, **__):
        raise PermissionError(13, "Permission denied", str(shelf[1] / "x"))

    with monkeypatch.context() as patch:
        patch.setattr("dynamicrag.serve.web.library.check_content", fail)
        (refused,) = library.add([arrived("a.md")])
    assert refused.reason == "it cannot be read; upload it again"

    def fail_later(self, **_):
        raise InputError(f"{shelf[1]}: the disk is full")

    monkeypatch.setattr("dynamicrag.retrieval.corpus.Corpus.ingest", fail_later)
    (refused,) = library.add([arrived("a.md")])
    assert refused.reason.startswith("the corpus cannot be updated")


def test_many_results_begin_with_their_number_and_the_refused_ones():
    found = [Outcome(f"{n}.md", "added") for n in range(9)] + [Outcome("tool.exe", reason="no reader")]
    shown = outcomes(found)
    assert "1 refused, 9 added" in shown
    assert shown.index("tool.exe") < shown.index("0.md")
