"""Embedding a question elsewhere is on the account, apart, and within the budget."""

import pytest

from dynamicrag import DynamicRAG
from dynamicrag.testing import FakeEmbedder, ScriptedChat
from dynamicrag.types import Usage

QUESTION = "When did the bridge open?"
PRICE = 1e-6


class Service(FakeEmbedder):
    """An embedder on another machine, which says nothing of what it used."""

    runs = "remote"

    def encode(self, texts, *, query):
        vectors, _ = super().encode(texts, query=query)
        tokens = sum(len(text.encode()) for text in texts)
        return vectors, Usage(calls=1, seconds=0.01, input_tokens=tokens, assumed=True)


@pytest.fixture
def make(tmp_path, monkeypatch):
    monkeypatch.setenv("DYNAMICRAG_CACHE", str(tmp_path / "cache"))
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("# Bridge\n\nThe bridge opened in 1871.\n")
    made = []

    def go(total=None, meter="none", **budget):
        free = {"profile": {"usd": {"input": 0, "output": 0}}}
        corpus = {"path": str(tmp_path / "docs"), "embedding_profile": {"usd": {"input": PRICE}}}
        policy = {
            "version": 1, "host": {"meter": meter}, "runs": {"keep": 0},
            "corpora": {"docs": corpus}, "models": {"m": free},
            "objective": {"budget": {"per_query": budget, "total": total or {}}},
            "stages": {
                "retriever": {
                    "options": {"lexical": "bm25", "dense": {"rrf": {"of": ["lexical", "near"]}}},
                    "parts": {"near": "chroma"},
                    "router": {"fixed": {"option": "dense"}},
                }
            },
        }  # fmt: skip
        chat = ScriptedChat(script=lambda kind, prompt: "In 1871.")
        made.append(DynamicRAG.from_policy(policy, models={"m": chat}, embedder=Service()))
        return made[-1]

    yield go
    for rag in made:
        rag.close()


def ask(rag, question=QUESTION):
    return rag.build_graph().compile().invoke({"messages": [("user", question)]})


def test_it_has_a_line_of_its_own_with_its_price(make):
    rag = make()
    state = ask(rag)
    lines = rag.account(state["rag"]["report"]["query_id"]).lines
    (line,) = [each for each in lines if each.label == "fake"]
    assert (line.stage, line.usage.input_tokens) == ("retriever", len(QUESTION))
    assert rag.cost(state["rag"]["report"]["query_id"], 0).known("usd") == pytest.approx(
        len(QUESTION) * PRICE
    )
    (search,) = [each for each in lines if each.label == "dense"]
    assert search.usage.input_tokens == 0  # or it would be counted twice
    ingest = rag.pipeline.ledger.cost("ingest:docs")
    assert ingest.known("usd") == pytest.approx(len("Bridge\n# Bridge\n\nThe bridge opened in 1871.") * PRICE)


def test_what_the_budget_has_no_room_for_is_not_embedded(make):
    rag = make(usd=0.9 * len(QUESTION) * PRICE)
    state = ask(rag)
    assert state["rag"]["turn"]["path"]["retriever"] == "lexical"
    assert "too expensive" in next(
        d["reason"] for d in reversed(state["rag"]["decisions"]) if d["stage"] == "retriever"
    )
    assert rag.cost(state["rag"]["report"]["query_id"], 0)["usd"] == 0
    assert not rag.pipeline.budget._open


@pytest.mark.slow
def test_the_total_has_it_once_when_the_books_are_closed(make):
    rag = make(total={"usd": 1.0}, meter="cpu")
    ask(rag)  # ingests the corpus
    assert rag.flush()
    before, other = rag.budget()["usd"]["spent"], "Who opened it?"
    ask(rag, other)
    assert rag.flush()
    assert rag.budget()["usd"]["spent"] - before == pytest.approx(len(other) * PRICE)
