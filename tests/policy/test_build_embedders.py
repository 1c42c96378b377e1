"""Embedding models by their names in a policy."""

import pytest

from dynamicrag.errors import ModelUnavailable, PolicyError
from dynamicrag.policy.assembly import assemble
from dynamicrag.policy.build_embedders import default_embedder, embedder_of
from dynamicrag.policy.file import load_policy
from dynamicrag.retrieval.local_embedder import LocalEmbedder

POLICY = {
    "version": 1,
    "models": {"m": {"model": "openai:gpt-4o-mini"}},
    "host": {"meter": "none"},
    "runs": {"keep": 0},
}


def assembled(tmp_path, **sections):
    corpora = {name: {"path": str(tmp_path), **section} for name, section in sections.items()}
    return assemble(load_policy({**POLICY, "corpora": corpora}))


def test_the_default_is_the_catalogues():
    assert default_embedder().name == "all-minilm-l6-v2"
    assert default_embedder().scale is not None


@pytest.mark.parametrize(
    ("spec", "name", "runs"),
    [
        ("all-minilm-l6-v2", "all-minilm-l6-v2", "in_process"),
        ("openai:text-embedding-3-small", "openai:text-embedding-3-small", "remote"),
        (
            {"openai:text-embedding-3-small": {"dimensions": 256, "api_key": "k"}},
            "openai:text-embedding-3-small:dimensions=256", "remote",
        ),
        (
            {"openai:bge": {"base_url": "http://localhost:8080/v1"}},
            "openai:bge:base_url=http://localhost:8080/v1", "same_host",
        ),
        ("ollama:nomic-embed-text", "ollama:nomic-embed-text", "same_host"),
        ("huggingface:BAAI/bge-small-en", "huggingface:BAAI/bge-small-en", "in_process"),
        ("intfloat/multilingual-e5-small", "intfloat/multilingual-e5-small", "in_process"),
    ],
)  # fmt: skip
def test_names(spec, name, runs):
    embedder = embedder_of(spec, "corpora.docs.embedding")
    assert (embedder.name, embedder.runs) == (name, runs)


@pytest.mark.slow
def test_a_folder_is_relative_to_the_policy(tmp_path):
    (tmp_path / "e5").mkdir()
    embedder = embedder_of("e5", "corpora.docs.embedding", tmp_path)
    assert isinstance(embedder, LocalEmbedder)
    assert embedder.folder == tmp_path / "e5"
    with pytest.raises(ModelUnavailable, match="has no sentence-transformers model"):
        embedder.embed(["x"])


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            "opnai:text",
            r"docs\.embedding: unknown provider of embeddings 'opnai'; did you mean 'openai'",
        ),
        ("", r"corpora\.docs\.embedding: is empty"),
        ("./nowhere", r"corpora\.docs\.embedding: there is no folder .*nowhere"),
        (
            "smollm2-135m-instruct",
            r"smollm2-135m-instruct is a chat model; valid of the catalogue: all-m",
        ),
        ({"all-minilm-l6-v2": {"x": 1}}, r"embedding\.all-minilm-l6-v2: takes no parameters, got x"),
        ({"a": {}, "b": {}}, r"expected a name or \{name"),
    ],
)
def test_what_is_no_model_is_refused_with_its_place(tmp_path, spec, message):
    with pytest.raises(PolicyError, match=message):
        assembled(tmp_path, docs={"embedding": spec})


def test_corpora_of_one_model_share_it_and_others_have_their_own(tmp_path):
    openai = {"embedding": "openai:text-embedding-3-small"}
    found = assembled(tmp_path, a={}, b=openai, c=openai).corpora
    assert found["b"].embedder is found["c"].embedder
    assert found["a"].embedder.name == "all-minilm-l6-v2"
    assert found["a"].profile.runs == "in_process"
    assert found["b"].profile.runs == "remote"
    assert not found["b"].profile.priced


def test_a_limit_in_usd_needs_the_price_of_embedding(tmp_path):
    objective = {"budget": {"total": {"usd": 1.0}}}
    section = {"path": str(tmp_path), "embedding": "openai:bge"}
    policy = {**POLICY, "objective": objective, "corpora": {"docs": section}}
    with pytest.raises(PolicyError, match=r"budget\.total\.usd: .*openai:bge.*docs\.embedding_profile"):
        assemble(load_policy(policy))
    section["embedding_profile"] = {"usd": {"input": 2e-8}}
    assert assemble(load_policy(policy)).corpora["docs"].profile.usd.input == 2e-8


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"similar": 0.2, "strange": 0.4}, r"nearness: similar: 0\.2 must be above strange, 0\.4"),
        ({"similar": 2, "strange": 0.4}, r"nearness\.similar"),
        ({"similar": 0.8}, r"nearness\.strange: is missing"),
        ({"similar": 0.8, "strage": 0.1, "strange": 0.2}, r"unknown key 'strage'; did you mean 'strange'"),
    ],
)
def test_thresholds_that_cannot_be(tmp_path, given, message):
    with pytest.raises(PolicyError, match=message):
        assembled(tmp_path, docs={"nearness": given})
