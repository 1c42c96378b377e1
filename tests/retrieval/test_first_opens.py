"""Many threads and processes open a corpus at once that nobody has ingested, or indexed like this, before."""

import threading

import pytest

from dynamicrag.retrieval import lexical_files
from dynamicrag.retrieval.lexical import Bm25sIndex
from dynamicrag.retrieval.store import Store
from tests.forked import CONTEXT, Forked

from .child import search
from .fakes import corpus


def at_once(*work):
    """Run functions in threads that start together; return what they raised."""
    failed, gate = [], threading.Barrier(len(work))

    def run(one):
        gate.wait()
        try:
            one()
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
            failed.append(error)

    threads = [threading.Thread(target=run, args=(one,)) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failed


@pytest.mark.slow
def test_threads_with_a_corpus_each(docs, root):
    for number in range(6):
        opened = [corpus(docs, root) for _ in range(8)]
        assert (
            at_once(*(lambda c=c, n=number: c.lexical(k1=0.5 + n / 100).search("bridge", 3) for c in opened))
            == []
        )
        for each in opened:
            each.close()
    assert not list(opened[0].folder.glob(".bm25-*"))


def test_threads_that_ingest_first(docs, root):
    opened = [corpus(docs, root) for _ in range(6)]
    vector = opened[0].embedder.embed(["bridge"])[0]
    assert (
        at_once(*(lambda c=c: (c.nearest(vector, 2), c.lexical().search("bridge", 2)) for c in opened)) == []
    )
    for each in opened:
        each.close()


@pytest.mark.slow
def test_threads_that_open_and_close_one_vector_index(docs, root, ingested):
    vector = ingested.embedder.embed(["bridge"])[0]

    def use():
        made = corpus(docs, root)
        for _ in range(3):
            assert len(made.nearest(vector, 2)) == 2
            made.close()

    for _ in range(4):
        assert at_once(*[use] * 8) == []


def test_a_new_database(tmp_path):
    for number in range(15):
        path = tmp_path / f"{number}.sqlite"

        def use(path=path):
            with Store(path) as store:
                assert store.generation() == (0, 0)

        assert at_once(*[use] * 8) == []


@pytest.mark.slow
def test_processes(docs, root):
    gate = CONTEXT.Barrier(3)
    started = [Forked(search, docs, root, gate) for _ in range(3)]
    assert [each.result() for each in started] == ["3 2"] * 3


@pytest.mark.parametrize("theirs", ["sound", "damaged"])
def test_anothers_success_is_success(ingested, monkeypatch, theirs):
    """Another process puts its index where ours is about to go."""
    folder, index = ingested.folder, ingested.lexical()
    store = Store(folder / "store.sqlite")
    real = Bm25sIndex.save

    def save(self, where):
        real(self, where)
        target = folder / f"{prefix}{generation}"
        target.mkdir(exist_ok=True)
        if theirs == "sound":
            real(self, target)
        else:
            (target / "ids.json").write_text("junk")

    generation, _ = store.generation()
    prefix = "bm25-9-0.7-0.4-"
    monkeypatch.setattr(Bm25sIndex, "save", save)
    lexical_files._keep(index, folder, prefix, generation)
    assert lexical_files._load(folder / f"{prefix}{generation}").ids == index.ids
    store.close()


def test_a_folder_that_cannot_be_written_is_told(ingested, monkeypatch):
    def full(self, where):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Bm25sIndex, "save", full)
    with pytest.raises(Exception, match="BM25 index cannot be written: No space left on device"):
        ingested.lexical(k1=0.77)
