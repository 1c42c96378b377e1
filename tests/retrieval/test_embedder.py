"""The real model, and what is said when there is none."""

import os
import threading

import numpy as np
import pytest

from dynamicrag.errors import ModelUnavailable
from dynamicrag.llm.pull import pull
from dynamicrag.retrieval import LocalEmbedder


@pytest.fixture(scope="module")
def embedder():
    asked = []

    def folder():
        asked.append(1)
        return pull("all-minilm-l6-v2")

    made = LocalEmbedder(folder)
    assert not asked
    made.tokenize("x")
    made.tokenize("y")
    assert len(asked) == 1
    return made


@pytest.mark.models
def test_vectors(embedder):
    vectors, usage = embedder.embed_measured(["A cat sleeps.", "A kitten naps.", "Interest rates rose."])
    assert vectors.shape == (3, 384)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.2
    assert usage.calls == 1
    assert 0 < usage.cpu_seconds <= usage.seconds * (os.cpu_count() or 1)


@pytest.mark.models
async def test_a_question_is_embedded_once(embedder):
    first, usage = await embedder.aembed_measured(["Who opened the bridge?"])
    assert usage.seconds > 0
    first[:] = 0
    again, usage = embedder.embed_measured(["Who opened the bridge?"])
    assert usage.seconds == 0
    assert np.linalg.norm(again) == pytest.approx(1, abs=1e-5)
    assert (await embedder.aembed(["Who opened the bridge?"])).shape == (1, 384)


@pytest.mark.models
def test_threads(embedder):
    texts = [f"Text number {n}." for n in range(8)]
    expected = [embedder.embed([text])[0] for text in texts]
    fresh, found = LocalEmbedder(embedder.folder), {}
    threads = [
        threading.Thread(target=lambda n=n: found.__setitem__(n, fresh.embed([texts[n]])[0]))
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.allclose(found[n], expected[n], atol=1e-5) for n in range(8))
    assert fresh._model() is embedder._model()


@pytest.mark.models
def test_tokens(embedder):
    assert len(embedder.tokenize("The bridge was opened.")) == 5
    assert len(embedder.tokenize("x" * 10_000)) > 1000  # not one unknown word


def test_no_texts(tmp_path):
    assert len(LocalEmbedder(tmp_path).embed([])) == 0


@pytest.mark.slow
def test_a_folder_without_a_model(tmp_path):
    with pytest.raises(ModelUnavailable, match="has no sentence-transformers model"):
        LocalEmbedder(tmp_path).embed(["x"])
    with pytest.raises(ModelUnavailable, match=r"tokenizer\.json: missing"):
        LocalEmbedder(tmp_path).tokenize("x")
