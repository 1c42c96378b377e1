"""Feedback on the answers of a graph, from callers and from the package itself."""

import asyncio
import logging
import sqlite3
import threading
from contextlib import closing

import pytest

from dynamicrag.errors import InputError, PolicyError, RunsError
from dynamicrag.learning.judge import is_sampled
from dynamicrag.topology import JUDGING
from tests.graph.conftest import TOWNS

QUESTION = "When was the bridge of town03 opened?"
UP = {
    "generator": {"options": ["small", "large"], "router": {"fixed": {"option": "small"}}},
    "verification": {
        "options": ["accept", "escalate", "abstain"],
        "verifiers": ["unanswerable", "groundedness", "token_margin"],
        "router": "prior",
        "escalate": {"unsure": "generator"},
    },
}
MODELS = {"small": {"model": "openai:gpt-4o-mini"}, "large": {"model": "openai:gpt-4o"}}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("DYNAMICRAG_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def asked(ask):
    """Ask a graph a question and return the id of the query, from the final message."""

    def go(rag, question=QUESTION):
        state = rag.build_graph().compile().invoke(ask(question))
        return state["messages"][-1].response_metadata["dynamicrag"]["query_id"]

    return go


def stored(rag, source=None):
    return [item for item in rag.pipeline.log.feedbacks() if source in (None, item.source)]


def test_a_score_and_a_preference(make, asked):
    rag = make()
    query = asked(rag)
    assert rag.feedback(query, score=1.0)
    assert not rag.feedback(query, 1.0)
    assert rag.feedback(query, 0.5, name="stars", source="crm", stage="generator")
    assert rag.prefer(query, "large", "small", 1.0)
    assert rag.prefer(query, "small", "large", 0.5), "a tie now"
    assert not rag.prefer(query, "large", "small", 0.5), "the same pair"
    thumb, stars, pair = stored(rag)
    assert (thumb.score, stars.score, stars.stage, pair.y, pair.stage) == (
        1.0,
        0.5,
        "generator",
        0.5,
        "generator",
    )
    assert [item.score for item in rag.explain(query).feedback] == [1.0, 0.5, None]


def test_the_asynchronous_twins(make, asked):
    rag = make()
    query = asked(rag)

    async def rate():
        return await asyncio.gather(
            rag.afeedback(query, True), rag.aprefer(query, "small", "medium", 0.0, name="side by side")
        )

    assert asyncio.run(rate()) == [True, True]
    assert len(stored(rag)) == 2


def test_feedback_of_another_process_is_late_and_counts(make, asked):
    query = asked(make())
    later = make()
    assert later.feedback(query, 0.0)
    assert len(stored(later)) == 1
    assert later.explain(query).feedback[0].score == 0.0


def test_unknown_and_pruned_queries(make, asked):
    rag = make()
    query = asked(rag)
    rag.pipeline.log.prune(before=4e9)
    for name in (query, "never"):
        with pytest.raises(InputError, match=r"not in the decision log.*runs\.keep"):
            rag.feedback(name, 1.0)
    with pytest.raises(InputError, match="this policy stores no queries"):
        make(runs={"keep": 0}).feedback(query, 1.0)


def test_a_failed_answer_takes_no_feedback(make, ask):
    rag = make()
    rag.pipeline.models["small"].script = lambda kind, text: "BREAK"
    rag.pipeline.models["medium"].script = rag.pipeline.models["large"].script = lambda kind, text: "BREAK"
    with pytest.raises(Exception, match="the line broke"):
        rag.build_graph().compile().invoke(ask(QUESTION))
    rag.flush()
    assert list(rag.pipeline.log.queries()) == []


def test_a_store_that_is_down_refuses_feedback_aloud_and_answers_go_on(make, asked, folder):
    rag = make()
    query = asked(rag)
    rag.flush()
    with closing(sqlite3.connect(folder / "runs.sqlite")) as db:
        before = db.execute("SELECT count(*) FROM feedback").fetchone()
        db.execute("ALTER TABLE feedback RENAME TO gone")
        db.commit()
        with pytest.raises(RunsError):
            rag.feedback(query, 1.0)
        assert asked(rag), "answers go on"
        assert rag.explain(query).feedback == ()
        db.execute("ALTER TABLE gone RENAME TO feedback")
        db.commit()
        assert db.execute("SELECT count(*) FROM feedback").fetchone() == before == (0,)
    assert rag.feedback(query, 1.0)


def test_threads_rate_while_others_ask(make, asked):
    rag = make()
    queries = [asked(rag, f"When was the bridge of {town} opened?") for town in TOWNS[:4]]
    failures = []

    def rate():
        try:
            for number in range(10):
                for query in queries:
                    rag.feedback(query, number % 2)
        except Exception as error:  # noqa: BLE001 - any failure fails the test
            failures.append(error)

    threads = [threading.Thread(target=rate) for _ in range(3)]
    for thread in threads:
        thread.start()
    for town in TOWNS[4:8]:
        asked(rag, f"When was the bridge of {town} opened?")
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(stored(rag)) == 4, "one thumb per query"


def escalating(make, **changes):
    """A policy whose small model is believed wrong, so that the large one writes again."""
    rag = make(stages=UP, models=MODELS, helper="small", objective={"weights": {"usd": 1}}, **changes)
    rag.pipeline.models["small"].script = lambda kind, text: "Perhaps in spring"
    rag.pipeline.models["small"]._scripted.margin = 0.01
    return rag


def test_the_drafts_of_an_escalation_are_a_duel(make, asked):
    rag = escalating(make)
    query = asked(rag)
    beliefs = [
        each["quality"][each["options"].index("accept")]
        for each in rag.decisions(query)
        if each["stage"] == "verification"
    ]
    assert len(beliefs) == 2, "it escalated"
    assert rag.flush()
    (duel,) = stored(rag)
    assert (duel.source, duel.stage, {duel.a, duel.b}) == ("drafts", "generator", {"small", "large"})
    y = duel.y if duel.a == "large" else 1 - duel.y
    assert y == pytest.approx(0.5 + (beliefs[1] - beliefs[0]) / 2, abs=1e-6)


def test_beliefs_are_feedback_where_the_policy_says_so(make, asked):
    rag = escalating(make, learning={"sources": {"verifier": 0.2, "drafts": 0}})
    query = asked(rag)
    belief = rag.decisions(query)[-1]["quality"][0]
    assert rag.flush()
    (item,) = stored(rag)
    assert (item.source, item.name, item.score) == ("verifier", "belief", pytest.approx(belief, abs=1e-6))


def judging(make, said="Score: 4", *, budget=None, **changes):
    judge = {"model": "helper", "share": 1.0, "budget": budget or {"tokens": 100_000}}
    rag = make(learning={"judge": {**judge, **changes}})
    rag.pipeline.models["helper"].script = lambda kind, text: said
    return rag


def test_a_judge_marks_answers_on_the_querys_account(make, asked):
    rag = judging(make)
    query = asked(rag)
    assert rag.flush()
    (item,) = stored(rag)
    assert (item.source, item.name, item.score, item.stage) == ("judge", "judge", 0.75, "")
    (call,) = rag.pipeline.models["helper"].calls
    prompt = call.messages[-1].text
    assert QUESTION in prompt
    assert "The bridge of town03 opened" in prompt
    assert "It crosses the river Ondry." in prompt
    (line,) = [line for line in rag.account(query).lines if line.stage == JUDGING]
    assert (line.label, line.failed) == ("helper", False)
    spent = rag.pipeline.judge.budget.state()["tokens"].spent
    assert spent == rag.pipeline.ledger.line_cost(line)["tokens"] == 22.0
    kept = rag.pipeline.bookkeeper.kept(query)
    assert JUDGING in kept["stages"]
    logged = rag.pipeline.log.query(query)
    assert logged.cost["tokens"] == kept["cost"]["tokens"]["value"] - 22.0, "no decision caused it"
    assert kept["wall_seconds"] < line.end - min(each.begin for each in rag.account(query).lines)


def test_the_judges_calls_are_apart_from_the_policys_budget(make, asked):
    plain, judged = make(objective={"budget": {"total": {"tokens": 10_000}}}), judging(make)
    rag = make(
        objective={"budget": {"total": {"tokens": 10_000}}},
        learning={"judge": {"model": "helper", "share": 1.0, "budget": {"tokens": 100_000}}},
    )
    rag.pipeline.models["helper"].script = lambda kind, text: "5"
    spent = []
    for each in (plain, rag):
        asked(each)
        assert each.flush()
        spent.append(each.budget()["tokens"]["spent"])
    assert spent[0] == spent[1] > 0
    assert stored(rag)[0].score == 1.0
    assert judged.budget() == {}


@pytest.mark.slow
def test_the_judge_stops_when_its_budget_is_spent(make, asked, caplog):
    rag = judging(make, budget={"tokens": 400})
    with caplog.at_level(logging.INFO, "dynamicrag.learning.judge"):
        for town in TOWNS:
            asked(rag, f"When was the bridge of {town} opened?")
        assert rag.flush()
    number = len(stored(rag))
    assert 1 <= number < len(TOWNS)
    assert len(rag.pipeline.models["helper"].calls) == number
    assert rag.pipeline.judge.budget.state()["tokens"].spent <= 400
    said = [record.getMessage() for record in caplog.records if record.name == "dynamicrag.learning.judge"]
    assert said == ["the judge stops: another call may exceed learning.judge.budget"]


@pytest.mark.parametrize("said", ["BREAK", "I like it", "Score: 9"])
def test_a_judge_that_fails_costs_a_line_in_the_log(make, asked, caplog, said):
    rag = judging(make, said)
    with caplog.at_level(logging.WARNING):
        assert asked(rag)
        assert rag.flush()
    assert stored(rag) == []
    assert [record.name for record in caplog.records] == ["dynamicrag.learning.background"]
    assert rag.feedback(asked(rag), 1.0)


def test_the_judge_is_not_heard_by_the_user(make, ask):
    rag = judging(make)
    app = rag.build_graph().compile()

    async def stream():
        found = [data async for data in app.astream(ask(QUESTION), stream_mode="messages")]
        return [message.text for message, _ in found]

    said = asyncio.run(stream())
    assert rag.flush()
    assert len(stored(rag)) == 1
    assert not any("Score" in text for text in said)


def test_the_sample_is_drawn_by_the_querys_id(make, asked):
    rag = judging(make, share=0.5)
    queries = [asked(rag, f"When was the bridge of {town} opened?") for town in TOWNS[:8]]
    assert rag.flush()
    assert {item.query_id for item in stored(rag)} == {name for name in queries if is_sampled(name, 0.5)}


def test_samples_have_their_share_and_larger_ones_contain_smaller_ones():
    names = [f"{n:024x}" for n in range(4_000)]
    some, more = ({name for name in names if is_sampled(name, share)} for share in (0.05, 0.25))
    assert some < more
    assert 150 < len(some) < 250
    assert 900 < len(more) < 1_100
    assert all(is_sampled(name, 1.0) for name in names[:100])


def test_an_abstention_is_not_judged(make, asked):
    stages = {
        "verification": {
            "options": ["accept", "abstain"],
            "verifiers": ["unanswerable"],
            "router": "thresholds",
        }
    }
    rag = make(
        stages={**stages, "generator": {"options": ["small"]}},
        learning={"judge": {"model": "helper", "share": 1.0, "budget": {"tokens": 1_000}}},
    )
    rag.pipeline.models["small"].script = lambda kind, text: "unanswerable"
    asked(rag)
    assert rag.flush()
    assert rag.pipeline.models["helper"].calls == []


@pytest.mark.parametrize("changes", [{"learning": {"sources": {"judge": 0}}}, {"runs": {"keep": 0}}])
def test_a_judge_that_teaches_nobody_is_not_asked(make, asked, changes):
    learning = {"judge": {"model": "helper", "share": 1.0, "budget": {"tokens": 1_000}}}
    rag = make(**{**changes, "learning": {**learning, **changes.get("learning", {})}})
    asked(rag)
    assert rag.flush()
    assert rag.pipeline.models["helper"].calls == []


def test_a_judge_of_no_model_of_the_policy(make):
    with pytest.raises(PolicyError, match=r"learning\.judge\.model: unknown model 'helpr'; did you mean"):
        make(learning={"judge": {"model": "helpr", "share": 1.0, "budget": {"usd": 1}}})


def test_feedback_moves_a_router_that_learns(make, asked):
    router = {"linucb": {"alpha": 0, "start": "none"}}
    rag = make(stages={"generator": {"options": ["small", "large"], "router": router}})
    first = asked(rag)
    assert rag.decisions(first)[-2]["chosen"] == "small"
    rag.feedback(first, 0.0)
    for town in TOWNS[:5]:
        query = asked(rag, f"When was the bridge of {town} opened?")
        rag.feedback(query, 0.1)
        rag.prefer(query, "large", "small", 1.0)
        assert rag.flush()
    last = asked(rag)
    assert rag.decisions(last)[-2]["chosen"] == "large"
    found = rag.explain(last)
    (learnt,) = found.learnt.values()
    assert learnt == 11
