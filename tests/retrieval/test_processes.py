"""Ingests that are killed, that wait for each other, and that are seen from another process."""

import os
import signal

import pytest

from dynamicrag.errors import CorpusError
from tests.forked import CONTEXT

from .fakes import contents, corpus

pytestmark = pytest.mark.slow

SCAN, INGEST, STORE, VECTORS = (
    f"dynamicrag.retrieval.{name}" for name in ("scan", "ingest", "store", "vectors")
)
DEATHS = [
    (f"{SCAN}:put_document", 5),  # within the transaction
    (f"{INGEST}:scan", -1),
    (f"{VECTORS}:VectorIndex.put", 1),
    (f"{VECTORS}:VectorIndex.put", -2),  # the vectors are in, the store does not know
    (f"{STORE}:Store.mark_ready", -2),
    (f"{STORE}:Store.vectors_changed", 1),
    ("dynamicrag.retrieval.lexical:Bm25sIndex.save", 1),
    ("dynamicrag.retrieval.lexical:Bm25sIndex.save", -1),
]


@pytest.fixture
def undisturbed(docs, tmp_path):
    """Return what an ingest of the documents as they are then leaves behind."""

    def ingest():
        made = corpus(docs, tmp_path / "undisturbed")
        made.ingest()
        found = contents(made)
        made.close()
        return found

    return ingest


@pytest.mark.parametrize(("where", "number"), DEATHS)
def test_a_killed_ingest_resumes(child, docs, root, undisturbed, where, number):
    assert child(where, number).wait() == -signal.SIGKILL
    made = corpus(docs, root)
    made.ensure()
    assert contents(made) == undisturbed()


def test_a_killed_update_resumes_on_other_files(child, docs, root, undisturbed):
    corpus(docs, root).ingest()
    longer = docs / "town10.md"
    old = longer.read_text()
    longer.write_text(old * 6)
    (docs / "sub" / "town11.md").unlink()
    assert child(f"{VECTORS}:VectorIndex.put", -1).wait() == -signal.SIGKILL
    longer.write_text(old + "The end.")  # shorter again: chunks of the killed run must not remain
    made = corpus(docs, root)
    made.ensure()
    assert contents(made) == undisturbed()


def test_killed_again_and_again(child, docs, root, undisturbed):
    for number in range(1, 4):
        assert child(f"{STORE}:Store.mark_ready", 2).wait() in (-signal.SIGKILL, 0), number
    assert contents(corpus(docs, root)) == undisturbed()


def test_one_process_at_a_time(child, docs, root, undisturbed):
    begun, go = CONTEXT.Event(), CONTEXT.Event()
    other = child("", 0, (begun, go))
    try:
        assert begun.wait(60)
        with pytest.raises(
            CorpusError, match=r"ingest\.lock: another process is still ingesting after 0\.1 s"
        ):
            corpus(docs, root, lock_timeout=0.1).ingest()
        told = []

        def progress(done, total, label):
            told.append(label)
            go.set()

        made = corpus(docs, root)
        report = made.ingest(progress)
        assert told[0] == "waiting for another process that is ingesting"
        assert report.added == 0
        assert report.unchanged == 12
        assert contents(made) == undisturbed()
    finally:
        go.set()
        assert other.wait() == 0


def test_what_another_process_ingested_is_found(child, docs, ingested):
    query = "A lighthouse guards the cape."
    vector = ingested.embedder.embed([f"new\n{query}"])[0]
    assert ingested.lexical().search("lighthouse", 1) == []
    assert ingested.nearest(vector, 1)[0][1] < 0.99
    (docs / "new.txt").write_text(query)
    (docs / "town10.md").unlink()
    assert child().wait() == 0
    assert ingested.lexical().search("lighthouse", 1)[0][0] == "new.txt#0"
    assert ingested.nearest(vector, 1)[0][0] == "new.txt#0"
    assert ingested.documents(["town10.md"]) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes anywhere")
def test_a_folder_that_cannot_be_written(docs, root):
    root.mkdir()
    root.chmod(0o500)
    with pytest.raises(CorpusError, match="cannot be written"):
        corpus(docs, root).ingest()
