import os
import sqlite3
import threading
import time

import pytest

from dynamicrag.errors import CorpusError, PolicyError
from dynamicrag.retrieval.scan import stamp_of
from dynamicrag.retrieval.store import Store

from .fakes import FakeEmbedder, contents, corpus


def counts(report):
    return report.added, report.changed, report.deleted, report.unchanged


def test_ingest_then_read(ingested):
    stats = ingested.stats
    assert (stats.documents, stats.terms > 20, stats.mean_document > stats.mean_chunk) == (12, True, True)
    (name, _), *_ = ingested.lexical().search("photograph town 15", 3)
    (passage,) = ingested.chunks([name])
    assert passage["document"] == "sub/town15.md"
    assert passage["title"] == "Town 15"
    assert "photograph" in passage["text"]
    whole, other = ingested.documents(["sub/town15.md", "unknown", "town10.md"])
    assert whole["id"] == whole["document"] == "sub/town15.md"
    assert len(whole["text"]) > len(passage["text"])
    assert other["title"] == "Town 10"
    assert ingested.coverage("zeppelins crossing a bridge")["unseen_terms"] == 2


def test_progress_and_report(docs, root):
    told = []
    (docs / "photo.png").write_bytes(b"x")
    (docs / "empty.txt").write_text("")
    made = corpus(docs, root)
    report = made.ingest(lambda done, total, label: told.append((done, total, label)))
    assert counts(report) == (12, 0, 0, 0)
    assert report.skipped == (
        f"{docs / 'photo.png'}: no reader for this ending",
        f"{docs / 'empty.txt'}: no text",
    )
    assert report.failed == 0
    assert report.chunks == made.stats.chunks > 12
    assert report.usage.cpu_seconds > 0
    assert told[0] == (0, 13, "reading")
    assert told[-1] == (report.chunks, report.chunks, "embedding")


def test_ensure_is_idle_until_something_changes(docs, root):
    for path in docs.rglob("*.md"):
        os.utime(path, ns=(0, time.time_ns() - 10**10))
    made = corpus(docs, root)
    assert counts(made.ensure()) == (12, 0, 0, 0)
    assert made.ensure() is None
    assert corpus(docs, root).ensure() is None
    os.utime(docs / "town10.md", ns=(0, time.time_ns() - 10**9))  # a new time, but the same text
    assert counts(made.ensure()) == (0, 0, 0, 12)
    assert made.ensure() is None


def test_only_what_changed_is_embedded(docs, root, tmp_path):
    made = corpus(docs, root)
    made.ingest()
    (docs / "new.txt").write_text("A lighthouse guards the cape.")
    changed = docs / "town12.md"
    changed.write_text(changed.read_text().replace("photograph it", "paint it"))
    (docs / "sub" / "town11.md").unlink()
    embedder = made.embedder
    embedder.asked.clear()
    assert counts(made.ingest()) == (1, 1, 1, 10)
    assert 0 < len(embedder.asked) < 4
    assert made.lexical().search("lighthouse", 1)[0][0] == "new.txt#0"
    assert made.nearest(embedder.embed(["lighthouse guards the cape"])[0], 1)[0][0] == "new.txt#0"
    assert made.documents(["sub/town11.md"]) == []
    fresh = corpus(docs, tmp_path / "other")
    fresh.ingest()
    assert contents(made) == contents(fresh)


def test_json_lines_are_documents_of_their_own(tmp_path, root):
    lines = tmp_path / "docs.jsonl"
    lines.write_text('{"id": "a", "text": "apple"}\n{"id": "b", "text": "banana"}\n')
    made = corpus(lines, root)
    assert counts(made.ingest()) == (2, 0, 0, 0)
    lines.write_text('{"id": "b", "text": "banana split"}\n{"id": "c", "text": "cherry"}\n')
    assert counts(made.ingest()) == (1, 1, 1, 0)
    assert [name for name, _ in made.lexical().search("banana apple", 5)] == ["b#0"]


def test_an_interrupt_changes_nothing(ingested, docs):
    before = contents(ingested)
    (docs / "new.md").write_text("New.")

    def interrupt(done, total, label):
        if done == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ingested.ingest(interrupt)
    (docs / "new.md").unlink()
    assert contents(ingested) == before


def test_nothing_to_ingest(tmp_path, root):
    with pytest.raises(CorpusError, match="no such file"):
        corpus(tmp_path / "missing", root).ensure()
    (tmp_path / "docs").mkdir()
    with pytest.raises(CorpusError, match="no document to read"):
        corpus(tmp_path / "docs", root).lexical()
    (tmp_path / "docs" / "a.txt").write_text(" ")
    with pytest.raises(CorpusError, match=r"no document can be read \(.*a\.txt: no text\)"):
        corpus(tmp_path / "docs", root).ingest()


def test_a_corpus_is_keyed_by_what_shapes_it(docs, root, tmp_path):
    made = corpus(docs, root)
    assert corpus(docs / "sub" / "..", root).folder == made.folder
    assert corpus(docs, root, chunk_size=64).folder != made.folder
    assert corpus(docs / "sub", root).folder != made.folder
    assert made.folder.parent == root
    with pytest.raises(PolicyError, match=r"chunk\.size"):
        corpus(docs, root, chunk_size=3)


def test_lexical_alone_embeds_nothing(docs, root):
    made = corpus(docs, root)
    made.ensure(dense=False)
    assert made.lexical().search("bridge", 3)
    assert made.embedder.asked == []
    assert made.nearest(made.embedder.embed(["bridge"])[0], 3)  # embeds what is missing
    assert len(made.embedder.asked) == made.stats.chunks + 1


def test_a_damaged_store(ingested, docs, root):
    ingested.close()
    for path in ingested.folder.glob("store.sqlite*"):
        path.write_bytes(b"this is no database, " * 500)
    with pytest.raises(CorpusError, match=r"store\.sqlite: .*delete the folder .* and ingest again"):
        corpus(docs, root).ensure()


def test_a_store_of_another_version(ingested, docs, root):
    ingested.close()
    with sqlite3.connect(ingested.folder / "store.sqlite") as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(CorpusError, match="version 99"):
        corpus(docs, root).ensure()


def test_damaged_vectors_are_made_again(ingested, docs, root):
    before = contents(ingested)
    ingested.close()
    for path in (ingested.folder / "chroma").rglob("*.bin"):
        path.write_bytes(b"junk")
    (ingested.folder / "chroma" / "chroma.sqlite3").write_bytes(b"junk" * 1000)
    made = corpus(docs, root)
    assert made.lexical().search("bridge", 1)
    with pytest.raises(CorpusError, match="the vector index failed"):
        made.nearest(made.embedder.embed(["bridge"])[0], 3)
    made.ingest()
    assert contents(made) == before


def test_damaged_bm25_is_made_again(ingested, docs, root):
    before = contents(ingested)
    for path in ingested.folder.glob("bm25-*/*"):
        path.write_bytes(b"junk")
    assert contents(corpus(docs, root)) == before


@pytest.mark.slow
@pytest.mark.parametrize("pages", [12, 40])
def test_a_full_disk(docs, root, monkeypatch, pages):
    made = corpus(docs, root)
    prepare = Store._prepare

    def small(self):
        prepare(self)
        self._db.execute(f"PRAGMA max_page_count = {pages}")

    monkeypatch.setattr(Store, "_prepare", small)
    (docs / "big.txt").write_text("A long text. " * 20_000)
    with pytest.raises(CorpusError, match="full; free disk space and ingest again"):
        made.ingest()
    made.close()
    monkeypatch.undo()
    assert counts(made.ingest()) == (13, 0, 0, 0)


def test_threads_share_a_corpus(ingested):
    wrong, start = [], threading.Barrier(8)
    expected = contents(ingested)[4:]

    def read():
        start.wait()
        for _ in range(10):
            if contents(ingested)[4:] != expected:
                wrong.append(1)

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_the_first_reader_ingests_once(docs, root):
    made = corpus(docs, root, embedder=FakeEmbedder(0.05))
    found = []
    threads = [threading.Thread(target=lambda: found.append(made.lexical().ids)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len({tuple(ids) for ids in found}) == 1


def test_a_file_written_just_now_is_not_trusted(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("x")
    assert stamp_of(path) == ""
    os.utime(path, ns=(0, time.time_ns() - 10**9))
    assert stamp_of(path) != ""
