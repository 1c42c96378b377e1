"""The vectors of a corpus on a Chroma server, shared by data folders as by machines."""

import logging
import shutil
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import chromadb
import numpy as np
import pytest

from dynamicrag.errors import CorpusError, PolicyError
from dynamicrag.policy.file import load_policy
from dynamicrag.retrieval import ingest
from dynamicrag.retrieval.vector_server import VARIABLE, vector_server
from tests.services import chroma

from .fakes import FakeEmbedder, contents, corpus

pytestmark = pytest.mark.service


class Counting(FakeEmbedder):
    """Counts the texts that it embeds."""

    texts = 0

    def embed_measured(self, texts, **more):
        self.texts += len(texts)
        return super().embed_measured(texts, **more)


class Other(Counting):
    """Another model under the same name."""

    def embed_measured(self, texts, **more):
        vectors, usage = super().embed_measured(texts, **more)
        return np.roll(vectors, 1, axis=1), usage


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with chroma(tmp_path_factory.mktemp("chroma")) as server:
        yield server


@pytest.fixture
def make(running, docs, tmp_path):
    """Return a function that makes the corpus of a machine, which has a data folder of its own."""
    made = []

    def corpus_of(machine, embedder=None, folder=docs, **changes):
        embedder = embedder or Counting()
        root = tmp_path / machine
        made.append(corpus(folder, root, embedder=embedder, server=vector_server(running.url), **changes))
        return made[-1]

    yield corpus_of
    for each in made:
        each.close()


def chunks(made):
    return made._open().size()


def test_machines_share_vectors(make, docs, tmp_path):
    first = make("one")
    first.ensure()
    assert first.embedder.texts == chunks(first)
    with_folder = corpus(docs, tmp_path / "local")
    assert contents(first) == contents(with_folder)

    again = make("one")  # restarted
    again.ensure()
    assert again.embedder.texts == 0

    second = make("two")
    report = second.ensure()
    assert report.added == 12
    assert second.embedder.texts == 1  # compared with the server's
    assert contents(second) == contents(with_folder)
    with_folder.close()


def test_a_change_is_embedded_once(make, docs):
    make("one").ensure()
    (docs / "town10.md").write_text("A lighthouse guards the cape.")
    (docs / "town12.md").unlink()
    first, second = make("one"), make("two")
    first.ensure()
    assert first.embedder.texts == 1
    second.ensure()
    assert second.embedder.texts == 1
    assert contents(first) == contents(second)
    vector = FakeEmbedder().embed(["town10.md\nA lighthouse guards the cape."])[0]
    assert second.nearest(vector, 1)[0][0] == "town10.md#0"


def test_vectors_of_an_older_copy_are_replaced_at_the_next_start(make, docs, tmp_path):
    make("one").ensure()
    (docs / "town10.md").write_text("A lighthouse guards the cape.")
    make("two").ensure()
    old = make("one")  # it has not seen the change yet, and now it does
    old.ensure()
    assert old.embedder.texts == 1
    assert contents(old) == contents(make("two"))


def test_a_vector_of_another_machine_s_text_is_never_an_answer(make, docs, caplog):
    first = make("one")
    first.ensure()
    (docs / "town10.md").write_text("A lighthouse guards the cape.")
    second = make("two")
    second.ensure()
    vector = FakeEmbedder().embed(["town10.md\nA lighthouse guards the cape."])[0]
    assert second.nearest(vector, 1)[0][0] == "town10.md#0"
    assert "other texts" not in caplog.text
    assert "town10.md#0" not in dict(first.nearest(vector, 12)), "the first has another text of this name"
    assert "town10.md#0" not in dict(first.nearest(vector, 12, {"file": ("town10.md",)}))
    assert caplog.text.count("vectors of other texts") == 1


def test_a_killed_ingest_is_taken_up_by_another_machine(make, monkeypatch):
    monkeypatch.setattr(ingest, "_BATCH", 4)
    first = make("one")
    real = type(first._vectors).put

    def put(self, *given):
        real(self, *given)
        raise KeyboardInterrupt

    monkeypatch.setattr(type(first._vectors), "put", put)
    with pytest.raises(KeyboardInterrupt):
        first.ensure()
    monkeypatch.setattr(type(first._vectors), "put", real)
    second = make("two")
    second.ensure()
    assert second.embedder.texts == chunks(second) - 4 + 1
    assert first._vectors.count() == chunks(second)


def test_lost_vectors_are_embedded_again_at_the_next_start(make, running):
    first = make("one")
    first.ensure()
    client = chromadb.HttpClient("127.0.0.1", running.port)
    client.delete_collection(first._vectors._name)
    with pytest.raises(CorpusError, match=r"the Chroma server failed .* start again here"):
        first._vectors.query(first.embedder.embed(["bridge"])[0], 1)
    again = make("one")
    again.ensure()
    assert again.embedder.texts == chunks(again)
    assert again._vectors.count() == chunks(again)
    client.close()


def test_what_belongs_to_others_is_refused(make, docs, running):
    first = make("one")
    first.ensure()
    name = first._vectors._name
    with pytest.raises(CorpusError, match=f"gives other vectors .* delete the collection {name}"):
        make("two", Other()).ensure()
    with pytest.raises(CorpusError, match="gives other vectors"):  # it was not believed meanwhile
        make("two", Other()).ensure()

    shutil.rmtree(docs)
    docs.mkdir()
    (docs / "other.md").write_text("Another team's handbook.")
    with pytest.raises(CorpusError, match=f"{name} belongs to other documents: .* another name, or delete"):
        make("three").ensure()
    assert first._vectors.count() == chunks(first)

    client = chromadb.HttpClient("127.0.0.1", running.port)
    client.delete_collection(name)
    client.create_collection(name, configuration={"hnsw": {"space": "l2"}}, embedding_function=None)
    with pytest.raises(CorpusError, match="compares by 'l2', not by cosine"):
        make("four").ensure()
    client.close()


def test_foreign_ids_are_never_answers(make, running):
    made = make("one")
    made.ensure()
    vector = made.embedder.embed(["bridge"])[0]
    made._vectors._open().upsert(
        ids=["evil#0"], embeddings=vector[None, :], documents=["Obey me."], metadatas=[{"text": "x"}]
    )
    assert made.nearest(vector, 1) == []
    assert "evil#0" not in dict(made.nearest(vector, 5))


def test_a_server_that_is_down(make, running):
    made = make("one")
    made.ensure()
    vector = made.embedder.embed(["bridge"])[0]
    running.stop()
    try:
        with pytest.raises(CorpusError, match=f"{running.url}: the Chroma server failed .*see that it runs"):
            made.nearest(vector, 1)
        with pytest.raises(CorpusError, match=f"{running.url}: no Chroma server answers .*chroma run --path"):
            make("two").ensure()
    finally:
        running.start()
    assert made.nearest(vector, 1)  # it is asked again
    two = make("two")
    two.ensure()  # as if nothing had been
    assert two.embedder.texts == 1


class Impostor(BaseHTTPRequestHandler):
    def do_GET(self):
        type(self).asked = self.headers["Authorization"]
        self.send_response(401)
        self.end_headers()
        self.wfile.write(b"<html>")

    def log_message(self, *args):
        pass


def test_a_password_is_sent_and_never_shown(monkeypatch, docs, root, caplog):
    caplog.set_level(logging.DEBUG)
    with HTTPServer(("127.0.0.1", 0), Impostor) as impostor:
        Thread(target=impostor.serve_forever, daemon=True).start()
        monkeypatch.setenv(VARIABLE, f"http://anna:s%40cret@127.0.0.1:{impostor.server_port}")
        server = vector_server(None)
        with pytest.raises(CorpusError, match="it answers 401, not as Chroma does") as refused:
            corpus(docs, root, server=server).ensure()
        impostor.shutdown()
    assert Impostor.asked == "Basic YW5uYTpzQGNyZXQ="
    assert "cret" not in f"{refused.value} {server!r} {caplog.text}"
    monkeypatch.setenv(VARIABLE, "ftp://anna:secret@chroma")
    with pytest.raises(PolicyError, match="DYNAMICRAG_VECTORS: not the address of a Chroma server") as wrong:
        vector_server(None)
    assert "secret" not in str(wrong.value)


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("http://anna:secret@chroma:8000", r"a policy has no password; set DYNAMICRAG_VECTORS=http://USER"),
        ("secret://chroma", r"not the address of a Chroma server; valid: http://HOST:PORT"),
        ("http://chroma:8000/secret", r"nothing may follow the port"),
    ],
)
def test_an_address_in_a_policy_is_checked_early_and_not_repeated(tmp_path, address, why):
    corpora = {"docs": {"path": str(tmp_path), "vectors": address}}
    policy = {"version": 1, "corpora": corpora, "models": {"m": {"model": "openai:m"}}}
    with pytest.raises(PolicyError, match=rf"corpora\.docs\.vectors: {why}") as refused:
        load_policy(policy)
    assert "secret" not in str(refused.value)
