"""What a policy embeds elsewhere is on the account, with its price."""

import pytest

from dynamicrag import BudgetExceeded, DynamicRAG
from dynamicrag.testing import ScriptedChat

from .test_search import PRICE, QUESTION, Service

EXAMPLES = {"direct": ["Who built it?"], "cot": ["How many years passed between the two fires?"]}
ROUTERS = {
    "utterances": {"utterances": {"examples": EXAMPLES}},
    "online": {"linucb": {"start": "none", "alpha": 0.0}},
}


@pytest.fixture
def make(tmp_path, monkeypatch):
    monkeypatch.setenv("DYNAMICRAG_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("DYNAMICRAG_DATA", str(tmp_path / "data"))
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("# Bridge\n\nThe bridge opened in 1871.\n")
    (tmp_path / "docs" / "b.md").write_text("# Ferry\n\nThe ferry stopped when the bridge opened.\n")
    made = []

    def go(router, rerank=("none",), verifiers=(), **budget):
        policy = {
            "version": 1, "host": {"meter": "none"}, "runs": {"keep": 100},
            "corpora": {
                "docs": {"path": str(tmp_path / "docs"), "embedding_profile": {"usd": {"input": PRICE}}}
            },
            "models": {"m": {"profile": {"usd": {"input": 0, "output": 0}}}},
            "objective": {"budget": {"per_query": budget}},
            "stages": {
                "retriever": {"options": {"lexical": "bm25", "dense": "chroma"},
                              "router": {"fixed": {"option": "lexical"}}},
                "rerank": {"options": list(rerank)},
                "verification": {"options": ["accept"], "verifiers": list(verifiers)},
                "prompt": {"options": ["direct", "cot"], "router": ROUTERS[router]},
            },
        }  # fmt: skip
        chat = ScriptedChat(script=lambda kind, prompt: "In 1871.")
        made.append(DynamicRAG.from_policy(policy, models={"m": chat}, embedder=Service()))
        return made[-1]

    yield go
    for rag in made:
        rag.close()


def ask(rag):
    state = rag.build_graph().compile().invoke({"messages": [("user", QUESTION)]})
    return state["rag"]["report"]["query_id"]


@pytest.mark.parametrize("router", ROUTERS)
def test_it_has_a_line_of_its_own_with_its_price(make, router):
    rag = make(router, usd=1.0)
    query_id = ask(rag)
    (line,) = [each for each in rag.account(query_id).lines if each.label == "fake"]
    assert (line.stage, line.usage.input_tokens) == ("route:prompt", len(QUESTION))
    assert rag.cost(query_id, 0).known("usd") == pytest.approx(len(QUESTION) * PRICE)
    again = ask(rag)  # the vector is known
    assert rag.cost(again, 0)["usd"] == 0
    assert not rag.pipeline.budget._open


def test_what_the_budget_has_no_room_for_is_not_embedded(make):
    rag = make("online", usd=0.9 * len(QUESTION) * PRICE)
    with pytest.raises(BudgetExceeded, match="usd"):
        ask(rag)
    assert rag.pipeline.embedder.recent(QUESTION) is None
    assert not rag.pipeline.budget._open


@pytest.mark.parametrize(
    ("stages", "label"),
    [({"rerank": ["mmr"]}, "mmr"), ({"verifiers": ["groundedness_embedding"]}, "embedding")],
)
def test_texts_of_other_stages_are_paid_for(make, stages, label):
    rag = make("utterances", **stages)
    (line,) = [each for each in rag.account(ask(rag)).lines if each.label == label]
    assert line.usage.input_tokens > len("In 1871.")
    assert rag.pipeline.ledger.line_cost(line).known("usd") == pytest.approx(line.usage.input_tokens * PRICE)
