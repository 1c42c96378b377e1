"""Embedders of other libraries, and what is not assumed of them."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from langchain_core.embeddings import DeterministicFakeEmbedding, Embeddings
from llama_index.core.embeddings import MockEmbedding

from dynamicrag.errors import CorpusError, PolicyError, ProviderError
from dynamicrag.features import nearness
from dynamicrag.llm.pull import pull
from dynamicrag.retrieval import RETRIEVERS, RetrievalContext
from dynamicrag.retrieval.embedder import MINILM, Scale
from dynamicrag.retrieval.foreign_embedder import adapt_embedder
from dynamicrag.retrieval.probe import TEXTS
from dynamicrag.testing import FakeEmbedder

from .fakes import corpus


class Gives(Embeddings):
    """Returns what it is told to."""

    def __init__(self, vectors):
        self.vectors = vectors

    def embed_documents(self, texts):
        if isinstance(self.vectors, Exception):
            raise self.vectors
        return [self.vectors] * len(texts)

    def embed_query(self, text):
        return [-each for each in self.vectors]


def adapt(given):
    return adapt_embedder(given, "embedder")


@pytest.mark.parametrize(
    ("given", "name", "length"),
    [
        (DeterministicFakeEmbedding(size=16), "DeterministicFakeEmbedding:16", 16),
        (MockEmbedding(embed_dim=8, model_name="mine"), "MockEmbedding:mine", 8),
    ],
)
def test_vectors_of_length_one_from_any_library(given, name, length):
    embedder = adapt(given)
    assert (embedder.name, embedder.runs) == (name, "in_process")
    vectors, usage = embedder.embed_measured(["a bridge", "an inn", "Брод"])
    assert vectors.shape == (3, length)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1)
    assert usage.calls == 1
    assert adapt(embedder) is embedder


def test_questions_go_by_the_method_for_questions():
    embedder = adapt(Gives([3.0, 4.0]))
    assert embedder.embed_measured(["q"])[0][0] == pytest.approx([0.6, 0.8])
    assert embedder.embed_measured(["q"], query=True)[0][0] == pytest.approx([-0.6, -0.8])
    assert embedder.embed_measured(["q"])[0][0] == pytest.approx([0.6, 0.8])  # kept apart


def test_a_service_is_booked_a_token_a_byte():
    embedder = adapt(Gives([1.0]))
    assert embedder.runs == "remote"
    usage = embedder.embed_measured(["four", "Брод"])[1]
    assert (usage.input_tokens, usage.assumed, usage.cpu_seconds) == (4 + 8, True, 0.0)


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        ([], r"embedder Gives: gave numbers of shape \(2, 0\) for 2 texts"),
        ([float("nan")], "one finite vector for each"),
        (["x"], "gave no vectors of one length"),
        (3.0, r"shape \(2,\) for 2 texts"),
        (ConnectionError("no route"), r"embedder Gives: the call failed \[ConnectionError: no route\]"),
    ],
)
def test_what_is_no_vector_is_refused(vectors, message):
    with pytest.raises(ProviderError, match=message):
        adapt(Gives(vectors)).embed(["a", "b"])


@pytest.mark.parametrize("given", [None, "all-minilm", Gives, object(), len])
def test_what_is_no_embedder_is_refused(given):
    with pytest.raises(PolicyError, match=r"^embedder: expected LangChain Embeddings, a LlamaIndex"):
        adapt(given)


@pytest.mark.models
def test_a_sentence_transformer_is_known_by_its_model():
    from sentence_transformers import SentenceTransformer

    folder = str(pull("all-minilm-l6-v2"))
    embedder = adapt(SentenceTransformer(folder, local_files_only=True))
    assert embedder.name == f"SentenceTransformer:{folder}"
    cat, kitten, rates = embedder.embed(["A cat sleeps.", "A kitten naps.", "Interest rates rose."])
    assert cat @ kitten > cat @ rates + 0.2


def test_nothing_is_assumed_unread():
    embedder = adapt(Gives([1.0, 2.0]))
    assert embedder.reads("长桥是蓝色的")
    assert not np.isnan(embedder.readable_measured(["长桥是蓝色的"])[0]).any()


async def test_each_model_has_an_index_of_its_own(docs, root):
    small, large = (
        corpus(docs, root, embedder=FakeEmbedder(size=size, name=f"fake-{size}")) for size in (32, 64)
    )
    assert small.folder != large.folder
    for made in (small, large, small):
        made.ingest()
        vector = made.embedder.embed(["the bridge"])[0]
        assert made.nearest(vector, 3)
        made.close()


class Own(Embeddings):
    """A class of a user's own, which does not say what model it asks."""

    def __init__(self, word):
        self.word = word
        self.embedded = 0

    def embed_documents(self, texts):
        self.embedded += len(texts)
        return [[1.0, 0.0] if self.word in text else [0.0, 1.0] for text in texts]

    def embed_query(self, text):
        return self.embed_documents([text])[0]


def best(corpus, word):
    """Return the text that is nearest to a word, as the corpus's own embedder sees it."""
    ((name, _),) = corpus.nearest(corpus.embedder.embed([word])[0], 1)
    return corpus.chunks([name])[0]["text"]


def test_an_index_is_made_anew_for_another_embedder_of_the_same_class(tmp_path, root):
    (tmp_path / "a.md").write_text("A bridge.\n")
    (tmp_path / "b.md").write_text("A ferry.\n")
    first, second = (corpus(tmp_path, root, embedder=adapt(Own(word))) for word in ("bridge", "ferry"))
    assert first.folder == second.folder, "their class alone is known"
    assert "bridge" in best(first, "bridge")
    assert "ferry" in best(second, "ferry")
    assert "bridge" in best(first, "bridge"), "it sees that the other has written"
    for made in (first, second):
        made.close()


def test_an_index_is_kept_for_the_same_embedder(tmp_path, root):
    (tmp_path / "a.md").write_text("A bridge.\n")
    for documents in (1, 0):
        own = Own("bridge")
        again = corpus(tmp_path, root, embedder=adapt(own))
        assert own.embedded == 0, "nothing is asked before the index is opened"
        assert "bridge" in best(again, "bridge")
        assert own.embedded == documents + len(TEXTS) + 1, "the probe and the question"
        again.close()


def test_an_embedder_that_says_its_model_is_not_probed():
    assert adapt(MockEmbedding(embed_dim=8, model_name="mine")).named
    assert not adapt(Gives([1.0])).named


async def test_an_embedder_of_another_length_than_the_index_says_how_to_mend_it(docs, root):
    first = corpus(docs, root, embedder=FakeEmbedder(size=64))
    first.ingest()
    first.close()
    other = corpus(docs, root, embedder=FakeEmbedder(size=32))  # of the same name
    dense = RETRIEVERS.build("chroma", "here")
    dense.bind(RetrievalContext({"docs": other}, "docs"))
    message = (
        r"corpus docs: embedder fake gives vectors of 32 numbers, and its index has 64; use "
        r"the index's own model, give this model another name, or delete the folder .* and ingest again"
    )
    with pytest.raises(CorpusError, match=message):
        await dense.retrieve("the bridge", 3)
    next(iter(docs.glob("*.md"))).write_text("# New\n\nA new text.\n")
    with pytest.raises(CorpusError, match="gives vectors of 32 numbers, and its index has 64"):
        other.ingest()
    other.close()


async def similarities(docs, root, **given):
    made = corpus(docs, root, **given)
    dense = RETRIEVERS.build("chroma", "here")
    dense.bind(RetrievalContext({"docs": made}, "docs"))
    found = (await dense.retrieve("the bridge of steel", 3)).passages
    made.close()
    return found


class Unmeasured(FakeEmbedder):
    scale = None


async def test_cosines_of_a_model_that_was_not_measured_say_nothing_of_nearness(docs, root):
    assert all("similarity" in each for each in await similarities(docs, root))
    found = await similarities(docs, root, embedder=Unmeasured(name="other"))
    assert found
    assert not any("similarity" in each for each in found)


async def test_given_thresholds_put_a_models_cosines_on_the_measured_scale(docs, root):
    scale = Scale(similar=0.8, strange=0.6)
    assert scale.standard(0.8) == pytest.approx(nearness.SIMILAR)
    assert scale.standard(0.6) == pytest.approx(nearness.STRANGE)
    found = await similarities(docs, root, embedder=Unmeasured(name="other"), scale=scale)
    for passage in found:
        assert passage["similarity"] == pytest.approx(scale.standard(passage["score"]))


def test_the_measured_scale_is_the_one_that_nearness_goes_by():
    assert MINILM == (nearness.SIMILAR, nearness.STRANGE)


class Together(Gives):
    """A service that answers when two are waiting."""

    def __init__(self):
        super().__init__([1.0])
        self.two = threading.Barrier(2, timeout=10)

    def embed_documents(self, texts):
        self.two.wait()
        return super().embed_documents(texts)


def test_a_service_is_asked_by_many_at_the_same_time():
    embedder = adapt(Together())
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda text: embedder.embed([text, text]).shape, ["a", "b"]))
    assert found == [(2, 1), (2, 1)]


def test_what_computes_here_does_one_at_a_time():
    inside, most = [], []

    class Counting(FakeEmbedder):
        def encode(self, texts, *, query):
            inside.append(1)
            most.append(len(inside))
            found = super().encode(texts, query=query)
            inside.pop()
            return found

    embedder = Counting(0.01)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: embedder.embed([f"a{n}", f"b{n}"]), range(8)))
    assert max(most) == 1
