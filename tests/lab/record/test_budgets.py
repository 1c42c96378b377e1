"""A limit per query fails the one run; only an exhausted total ends the recording."""

import pytest

from dynamicrag.errors import TotalExceeded
from dynamicrag.graph.rag import DynamicRAG
from dynamicrag.lab.questions import Question
from dynamicrag.lab.record.executor import for_recording
from dynamicrag.lab.record.judge import AnswerJudge
from dynamicrag.lab.record.runs import record_all
from dynamicrag.verify.base import VERIFIERS
from tests.graph.conftest import docs, make  # noqa: F401 - fixtures

FAST = {"call": 0.01, "input": 0.0, "output": 0.0}
DEAR = {
    name: {"model": f"fake:{name}", "profile": {"usd": {"call": price}, "seconds": FAST}}
    for name, price in {"small": 0.001, "medium": 0.01, "large": 0.1, "helper": 0.0}.items()
}
PLANNED_LARGE = {
    "retrieval": {"options": ["none", "single"], "router": {"fixed": {"option": "none"}}},
    "generator": {"options": ["small", "medium", "large"], "router": {"fixed": {"option": "large"}}},
}
QUESTIONS = [Question(f"q{n}", f"When was the bridge of town0{n} opened?") for n in range(3)]
SINGLE = {"retrieval": "single", "retriever": "lexical", "context": "short", "prompt": "direct"}


def path(generator):
    return {**SINGLE, "generator": generator, "verification": "accept"}


@pytest.fixture
def recording(make):  # noqa: F811
    made = []

    def of(**budget):
        rag = make(models=DEAR, objective={"budget": budget}, stages=PLANNED_LARGE)
        made.append(DynamicRAG(for_recording(rag.pipeline)))
        return made[-1]

    yield of
    for rag in made:
        rag.close()


@pytest.mark.slow
async def test_a_model_that_times_out_fails_its_own_runs_alone(make, recording):  # noqa: F811
    make.scripts["medium"] = lambda kind, text: "let me see WAIT"
    rag = recording(per_query={"seconds": 3.0}, total={"usd": 1.0})
    work = [(path(name), QUESTIONS[:1]) for name in ("small", "medium", "large")]
    small, medium, large = [outcome async for _, outcome in record_all(rag, work)]
    assert small.error is large.error is None
    assert "per_query.seconds: model medium had no answer" in medium.error
    assert medium.facts["usd"] == pytest.approx(0.01)


async def test_an_option_that_a_limit_per_query_closes_fails_its_own_runs_alone(recording):
    """Nor does it matter that the model that the policy plans with is too dear."""
    rag = recording(per_query={"usd": 0.05}, total={"usd": 1.0})
    work = [(path(name), QUESTIONS[:1]) for name in ("large", "small")]
    large, small = [outcome async for _, outcome in record_all(rag, work)]
    assert "stages.generator: the policy's limits per query leave no room for 'large'" in large.error
    assert large.facts["usd"] == 0
    assert small.error is None


async def test_a_recording_never_asks_and_does_not_say_so(recording, caplog):
    rag = recording(per_query={"usd": 0.05}, exhausted="ask")
    ((_, large),) = [found async for found in record_all(rag, [(path("large"), QUESTIONS[:1])])]
    assert "leave no room for 'large'" in large.error
    assert "'ask' acts as 'error'" not in caplog.text


@pytest.mark.parametrize("exhausted", ["cheapest", "error", "ask"])
async def test_a_total_that_is_used_up_ends_the_recording(recording, exhausted):
    rag = recording(per_query={"seconds": 60.0}, total={"usd": 0.25}, exhausted=exhausted)
    outcomes = []
    with pytest.raises(TotalExceeded, match=r"the recording stops here: .*budget\.total\.usd"):
        async for _, outcome in record_all(rag, [(path("large"), QUESTIONS)]):
            outcomes.append(outcome)
    assert [outcome.error for outcome in outcomes] == [None, None]


async def test_a_draft_that_could_not_be_verified_is_kept_whatever_the_policy_does_then(make, monkeypatch):  # noqa: F811
    class Failing(VERIFIERS["token_margin"]):
        async def verify(self, evidence):
            raise RuntimeError("the scales broke")

    monkeypatch.setattr(VERIFIERS, "_classes", {**VERIFIERS._classes, "token_margin": Failing})
    verification = {
        "options": ["accept", "escalate"], "verifiers": ["token_margin"], "max_escalations": 1,
        "on_failure": "escalate", "escalate": {"unverified": "generator"}, "router": "thresholds",
    }  # fmt: skip
    rag = DynamicRAG(for_recording(make(stages={**PLANNED_LARGE, "verification": verification}).pipeline))
    ((_, outcome),) = [found async for found in record_all(rag, [(path("small"), QUESTIONS[:1])])]
    assert outcome.error is None
    assert outcome.signals["unverified"] == 1.0
    rag.close()


async def test_judging_is_no_query(make, recording):  # noqa: F811
    make.scripts["small"] = lambda kind, text: "yes"
    rag = recording(per_query={"usd": 0.0015}, total={"usd": 0.0035})
    judge = AnswerJudge(rag.pipeline, "small")
    assert [await judge.judge(f"Is it {n}?", "yes") for n in range(3)] == [1.0, 1.0, 1.0]
    with pytest.raises(TotalExceeded):
        await judge.judge("Is it 3?", "yes")
