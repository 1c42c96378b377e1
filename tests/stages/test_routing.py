"""What a policy embeds elsewhere is on the account, with its price."""

import numpy as np
import pytest

from dynamicrag import DynamicRAG
from dynamicrag.features.base import FeatureSet, Seen
from dynamicrag.predictors.base import PREDICTORS
from dynamicrag.routers.estimator import Estimator
from dynamicrag.testing import ScriptedChat

from .test_search import PRICE, QUESTION, Service

EXAMPLES = {"direct": ["Who built it?"], "cot": ["How many years passed between the two fires?"]}
ROUTERS = {
    "utterances": {"utterances": {"examples": EXAMPLES}},
    "online": {"linucb": {"start": "none", "alpha": 0.0}},
    "judge": {"linucb": {"start": "prior", "alpha": 0.0}},
}
PLANNED = {"prompt": "direct", "verification": "accept"}


@pytest.fixture
def make(tmp_path, monkeypatch):
    monkeypatch.setenv("DYNAMICRAG_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("DYNAMICRAG_DATA", str(tmp_path / "data"))
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("# Bridge\n\nThe bridge opened in 1871.\n")
    (tmp_path / "docs" / "b.md").write_text("# Ferry\n\nThe ferry stopped when the bridge opened.\n")
    made = []

    def go(router, rerank=("none",), verifiers=(), exhausted="cheapest", **budget):
        named = router if isinstance(router, dict) else ROUTERS[router]
        fixed = {stage: {"fixed": {"option": name}} for stage, name in PLANNED.items()}
        routers = fixed | {"verification" if router == "judge" else "prompt": named}
        policy = {
            "version": 1, "host": {"meter": "none"}, "runs": {"keep": 100},
            "corpora": {
                "docs": {"path": str(tmp_path / "docs"), "embedding_profile": {"usd": {"input": PRICE}}}
            },
            "models": {"m": {"profile": {"usd": {"input": 0, "output": 0}}}},
            "objective": {"budget": {"per_query": budget, "exhausted": exhausted}},
            "stages": {
                "retriever": {"options": {"lexical": "bm25", "dense": "chroma"},
                              "router": {"fixed": {"option": "lexical"}}},
                "rerank": {"options": list(rerank)},
                "verification": {"options": ["ask_again", "accept"], "verifiers": list(verifiers),
                                 "router": routers["verification"]},
                "prompt": {"options": ["direct", "cot"], "router": routers["prompt"]},
            },
        }  # fmt: skip
        chat = ScriptedChat(script=lambda kind, prompt: "In 1871.")
        made.append(DynamicRAG.from_policy(policy, models={"m": chat}, embedder=Service()))
        return made[-1]

    yield go
    for rag in made:
        rag.close()


def run(rag, question=QUESTION):
    return rag.build_graph().compile().invoke({"messages": [("user", question)]})["rag"]


def ask(rag, question=QUESTION):
    return run(rag, question)["report"]["query_id"]


@pytest.mark.parametrize("router", ROUTERS)
def test_it_has_a_line_of_its_own_with_its_price(make, router):
    rag = make(router, usd=1.0)
    query_id = ask(rag)
    (line,) = [each for each in rag.account(query_id).lines if each.label == "fake"]
    stage = "verification" if router == "judge" else "prompt"
    assert (line.stage, line.usage.input_tokens) == (f"route:{stage}", len(QUESTION))
    assert rag.cost(query_id, 0).known("usd") == pytest.approx(len(QUESTION) * PRICE)
    again = ask(rag)  # the vector is known
    assert rag.cost(again, 0)["usd"] == 0
    assert not rag.pipeline.budget._open


@pytest.mark.parametrize("exhausted", ["cheapest", "error"])
@pytest.mark.parametrize("router", ROUTERS)
def test_what_the_budget_has_no_room_for_is_not_embedded(make, router, exhausted):
    """The answer itself is free; at verification it is written already."""
    rag = make(router, exhausted=exhausted, usd=0.9 * len(QUESTION) * PRICE)
    made = {each["stage"]: each for each in run(rag)["decisions"]}
    own = made["verification" if router == "judge" else "prompt"]
    assert own["reason"].startswith("the question could not be embedded: objective.budget.per_query.usd")
    assert own["chosen"] in ("accept", "direct")
    assert rag.pipeline.embedder.recent(QUESTION) is None
    assert not rag.pipeline.budget._open


def test_a_question_is_embedded_once_without_the_instructions_of_all_training_questions(make, tmp_path):
    shared, embedder = "Answer in one sentence.\n\n", Service()
    queries = [Seen(f"{shared}Who built bridge {number}?") for number in range(20)]
    estimator = Estimator.fit(
        queries, np.tile([1.0, 0.0], (20, 1)), ["direct", "cot"],
        features=FeatureSet(["embedding"], embedder), predictor=PREDICTORS.build("linear", "t"),
    )  # fmt: skip
    estimator.state().save(tmp_path / "prompt.npz")
    rag = make({"linear": {"state": str(tmp_path / "prompt.npz")}}, usd=1.0)
    query_id = ask(rag, f"{shared}{QUESTION}")
    (line,) = [each for each in rag.account(query_id).lines if each.label == "fake"]
    assert line.usage.input_tokens == len(QUESTION)
    asked = rag.pipeline.embedder.asked
    assert (asked.count(QUESTION), asked.count(f"{shared}{QUESTION}")) == (1, 0)


@pytest.mark.parametrize(
    ("stages", "label"),
    [({"rerank": ["mmr"]}, "mmr"), ({"verifiers": ["groundedness_embedding"]}, "embedding")],
)
def test_texts_of_other_stages_are_paid_for(make, stages, label):
    rag = make("utterances", **stages)
    (line,) = [each for each in rag.account(ask(rag)).lines if each.label == label]
    assert line.usage.input_tokens > len("In 1871.")
    assert rag.pipeline.ledger.line_cost(line).known("usd") == pytest.approx(line.usage.input_tokens * PRICE)
