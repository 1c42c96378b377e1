"""What is remembered is paid for all the same; and what is left is corrected by what came."""

import pytest

from dynamicrag.call_options import NO_FILTER
from dynamicrag.graph.rag import DynamicRAG
from dynamicrag.lab.outcomes.table import Outcome
from dynamicrag.lab.questions import Question
from dynamicrag.lab.record.executor import for_recording
from dynamicrag.lab.record.remaining import Remaining
from dynamicrag.lab.record.runs import record_all
from dynamicrag.retrieval.base import Retrieved
from dynamicrag.types import Usage
from tests.graph.conftest import docs, make  # noqa: F401 - fixtures

STAGES = {
    "retrieval": {"options": ["none", "single"], "router": {"fixed": {"option": "single"}}},
    "context": {"options": {"short": {"chunks": 1}, "long": {"chunks": 4}},
                "router": {"fixed": {"option": "short"}}},
    "generator": {"options": ["small", "large"], "router": {"fixed": {"option": "small"}}},
    "verification": {"options": ["accept", "escalate"], "router": {"thresholds": {"token_margin": 0.99}},
                     "verifiers": ["token_margin"], "escalate": {"unsure": ["generator"]}},
}  # fmt: skip
SINGLE = {"retrieval": "single", "retriever": "lexical", "prompt": "direct", "verification": "accept"}


@pytest.fixture
def rag(make):  # noqa: F811
    made = make(stages=STAGES)
    recording = DynamicRAG(for_recording(made.pipeline))
    yield recording
    recording.close()


async def test_a_retrieval_is_done_once_and_charged_to_every_path(rag, monkeypatch):
    calls = []
    cached = rag.pipeline.stages["retriever"].retrievers["lexical"]
    retrieve = cached.inner.retrieve

    async def counted(query, k, filter=NO_FILTER):  # noqa: A002
        calls.append(query)
        return Retrieved(
            (await retrieve(query, k, filter)).passages, Usage(calls=1, seconds=3.0, cpu_seconds=2.0)
        )

    monkeypatch.setattr(cached.inner, "retrieve", counted)
    questions = [Question(f"q{n}", f"When was the bridge of town0{n} opened?") for n in (1, 2)]
    work = [
        ({**SINGLE, "context": context, "generator": "small"}, questions) for context in ("short", "long")
    ]
    outcomes = [outcome async for _, outcome in record_all(rag, work)]
    assert sorted(query for query in calls if query in {q.text for q in questions}) == sorted(
        q.text for q in questions
    )
    assert len(outcomes) == 4
    for outcome in outcomes:
        assert outcome.facts["retrieval_steps"] == 1
        assert 2.0 <= outcome.facts["cpu_seconds"] < 2.5
        assert 3.0 <= outcome.facts["seconds"] < 4.0
        assert outcome.facts["joules"] > 2.0


async def test_the_path_that_was_asked_for_is_the_one_that_ran(rag):
    """However many run at a time, and though the draft would not be accepted by the policy."""
    questions = [Question(f"q{n}", f"When was the bridge of town{n:02} opened?") for n in range(6)]
    work = [
        ({**SINGLE, "context": context, "generator": generator}, questions)
        for context in ("short", "long") for generator in ("small", "large")
    ]  # fmt: skip
    taken = []

    submit = rag.pipeline.bookkeeper.submit
    rag.pipeline.bookkeeper.submit = lambda finished: (taken.append(finished.facts["path"]), submit(finished))
    outcomes = [outcome async for _, outcome in record_all(rag, work, workers=3)]
    assert [outcome.path for outcome in outcomes] == taken
    assert [outcome.path for outcome in outcomes] == [steps for steps, _ in work for _ in questions]
    assert all(outcome.signals["token_margin"] < 0.99 for outcome in outcomes)


def test_what_is_left_follows_what_came(rag):
    path, other = ({**SINGLE, "context": "short", "generator": name} for name in ("small", "large"))
    questions = [Question(f"q{n}", "How long is it?") for n in range(4)]
    expected = Remaining(rag.pipeline.decider, [(path, questions), (other, questions)])
    price = rag.pipeline.decider.price("How long is it?", path)["seconds"]
    both = price + rag.pipeline.decider.price("How long is it?", other)["seconds"]
    assert expected.runs == 8
    assert expected.left("seconds") == pytest.approx(4 * both)
    expected.done(questions[0], Outcome(1.0, {"seconds": 3 * price}, path=path))
    assert expected.runs == 7
    assert expected.left("seconds") == pytest.approx(3 * (4 * both - price))


def test_workers_share_the_time_that_is_left_of_a_path_and_no_more_of_them_than_it_has_questions(rag):
    path, other = ({**SINGLE, "context": "short", "generator": name} for name in ("small", "large"))
    questions = [Question(f"q{n}", "How long is it?") for n in range(6)]
    expected = Remaining(rag.pipeline.decider, [(path, questions), (other, questions[:2])], workers=3)
    first, second = (
        rag.pipeline.decider.price("How long is it?", steps)["seconds"] for steps in (path, other)
    )
    assert expected.left("seconds") == pytest.approx(6 * first + 2 * second)
    assert expected.time_left() == pytest.approx(2 * first + second)
    for question in questions:
        expected.done(question, Outcome(1.0, {"seconds": first}, path=path))
    assert expected.time_left() == pytest.approx(second)


async def test_signals_of_verifiers_that_ask_are_recorded_with_what_each_took(make):  # noqa: F811
    make.scripts["small"] = lambda kind, text: "True" if "True or False" in text else "In 1811"
    verification = {**STAGES["verification"], "verifiers": ["p_true", "agreement", "entropy"],
                    "router": "thresholds"}  # fmt: skip
    recording = DynamicRAG(for_recording(make(stages={**STAGES, "verification": verification}).pipeline))
    steps = {**SINGLE, "context": "short", "generator": "small"}
    work = [(steps, [Question("q", "When was the bridge of town01 opened?")])]
    ((_, outcome),) = [item async for item in record_all(recording, work)]
    recording.close()
    assert outcome.signals["p_true"] == outcome.signals["agreement"] == 1.0
    assert {"agreement_samples", "entropy"} <= set(outcome.signals)
    assert 0 < outcome.facts["p_true_seconds"] < outcome.facts["seconds"]
    assert 0 < outcome.facts["p_true_joules"] + outcome.facts["agreement_joules"] < outcome.facts["joules"]


async def test_what_is_recorded_with_changes_nothing_of_the_policy_s_own_pipeline(make):  # noqa: F811
    own = make(stages=STAGES).pipeline
    routers = {name: point.router for name, point in own.points.items()}
    recording = DynamicRAG(for_recording(own))
    steps = {**SINGLE, "context": "long", "generator": "large"}
    ((_, outcome),) = [item async for item in record_all(recording, [(steps, [Question("q", "How long?")])])]
    recording.close()
    assert outcome.path == steps
    assert {name: point.router for name, point in own.points.items()} == routers
    assert own.verification.verifiers["token_margin"].verdict is not None
    assert type(own.stages["retriever"].retrievers["lexical"]).__name__ != "CachedRetriever"


async def test_a_recording_is_no_traffic_to_learn_from_or_to_judge(make):  # noqa: F811
    judge = {"model": "helper", "share": 1.0, "budget": {"tokens": 10_000}}
    recording = DynamicRAG(for_recording(make(stages=STAGES, learning={"judge": judge}).pipeline))
    steps = {**SINGLE, "context": "long", "generator": "large"}
    log = recording.pipeline.bookkeeper.log
    before = {query.id for query in log.queries()}  # of other tests
    [item async for item in record_all(recording, [(steps, [Question("q", "How long?")])])]
    recording.flush()
    assert recording.pipeline.models["helper"].calls == []
    assert {query.id for query in log.queries()} == before
    recording.close()
