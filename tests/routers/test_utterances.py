"""Examples per option: the nearest option, the default, and examples that are refused."""

import asyncio
import time
from itertools import pairwise

import pytest

from dynamicrag.dependencies import Dependencies
from dynamicrag.errors import ModelUnavailable, PolicyError, ProviderError
from dynamicrag.routers.base import ROUTERS
from dynamicrag.testing import FakeEmbedder
from dynamicrag.types import Option

from .test_routers import context

EXAMPLES = {
    "hr": ["How many days of leave do I have?", "When is my salary paid?"],
    "it": ["My laptop does not start.", "How do I reset my password?"],
}
OPTIONS = tuple(Option(name) for name in ("hr", "it", "all"))


def build(embedder=None, *, examples=EXAMPLES, otherwise="all", **more):
    given = {"examples": examples, "otherwise": otherwise, **more}
    deps = Dependencies(embedder=FakeEmbedder() if embedder is None else embedder)
    return ROUTERS.build({"utterances": given}, "stages.retriever.router", deps)


def asked(question, **more):
    return context(question, stage="retriever", options=OPTIONS, **more)


async def taken(router, question, **more):
    choice = await router.choose(asked(question, **more))
    return OPTIONS[choice.index].name, choice.reason


async def test_the_option_with_the_nearest_examples_is_taken():
    router = build(k=1, threshold=0.6)
    assert (await taken(router, "How many days of leave are left?"))[0] == "hr"
    name, reason = await taken(router, "How can I reset my password?")
    assert name == "it"
    assert reason.startswith("nearest examples: it 0.")


async def test_a_question_near_to_nothing_has_the_default():
    name, reason = await taken(build(threshold=0.8), "Who opened the bridge?")
    assert name == "all"
    assert reason.startswith("near to no examples of an open option: ")
    assert (await taken(build(threshold=0.99, otherwise=""), "Who opened the bridge?"))[0] == "hr"


async def test_the_score_is_the_mean_of_the_nearest_k():
    embedder = FakeEmbedder()
    question = "How do I reset my password?"
    texts = EXAMPLES["it"]
    cosines = embedder(texts) @ embedder([question])[0]
    for k, expected in ((1, max(cosines)), (2, cosines.mean()), (9, cosines.mean())):
        _, reason = await taken(build(embedder, k=k, threshold=-1), question)
        assert f"it {expected:.2f}" in reason


async def test_a_closed_option_is_not_taken_however_near():
    router = build(threshold=0.5)
    name, _ = await taken(router, "How many days of leave do I have?", allowed=[False, True, True])
    assert name in ("it", "all")
    one = await taken(router, "How many days of leave do I have?", allowed=[False, False, True])
    assert one[0] == "all"


@pytest.mark.slow
async def test_the_examples_are_embedded_once_and_off_the_loop():
    embedder = FakeEmbedder(pause=0.6)
    router = build(embedder)
    assert embedder.asked == []  # not before the first question
    ticks = []

    async def tick():
        while True:
            await asyncio.sleep(0.01)
            ticks.append(time.monotonic())

    ticking = asyncio.create_task(tick())
    await asyncio.gather(*(taken(router, f"Question {i}?") for i in range(3)))
    ticking.cancel()
    assert len(ticks) > 10
    assert max(b - a for a, b in pairwise(ticks)) < 0.5
    assert sorted(embedder.asked).count("When is my salary paid?") == 1


class Failing(FakeEmbedder):
    def __init__(self, error):
        super().__init__()
        self.error = error

    def encode(self, texts, *, query):
        raise self.error


async def test_a_service_that_fails_leaves_the_default_and_a_missing_model_is_an_error():
    name, reason = await taken(build(Failing(ProviderError("embedder x: timed out"))), "Who?")
    assert (name, reason) == ("all", "the question could not be embedded: embedder x: timed out")
    with pytest.raises(ModelUnavailable, match="pull it"):
        await taken(build(Failing(ModelUnavailable("pull it"))), "Who?")


class English(FakeEmbedder):
    def reads(self, text):
        return text.isascii()


async def test_a_question_that_the_model_cannot_read_has_the_default():
    assert await taken(build(English()), "我有多少天假") == (
        "all",
        "the embedding model cannot read the question",
    )
    with pytest.raises(PolicyError, match=r"utterances\.examples\.hr: the embedding model cannot read '我"):
        await taken(build(English(), examples={"hr": ["我有多少天假"]}), "Who?")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"examples": {}}, r"examples: is empty; give example questions by option"),
        ({"examples": {"hr": []}}, r"examples\.hr: is empty"),
        ({"examples": {"hr": ["Leave?", " "]}}, r"examples\.hr: an example is empty; remove it"),
        (
            {"examples": {"hr": ["How many days?"], "it": ["how many days"]}},
            r"examples\.it: 'how many days' is also an example of 'hr'; remove one",
        ),
        ({"examples": {"hr": ["Leave?", "leave"]}}, r"'leave' is also an example of 'hr'"),
        ({"k": 0}, r"k: expected a whole number from 1, got 0"),
        ({"threshold": 2}, r"threshold: expected a cosine from -1 to 1, got 2"),
        ({"examples": {"hr": "Leave?"}}, r"utterances\.examples: Input should be a valid list"),
    ],
)
def test_examples_that_cannot_be_meant_are_refused(more, message):
    with pytest.raises(PolicyError, match=message):
        build(**more)


@pytest.mark.parametrize(
    ("more", "stage", "message"),
    [
        (
            {"examples": {"hrr": ["Leave?"]}},
            "retriever",
            r"utterances\.examples: unknown option 'hrr'; did you",
        ),
        ({"otherwise": "al"}, "retriever", r"utterances\.otherwise: unknown option 'al'; did you mean 'all'"),
        ({}, "verification", r"router: 'utterances' chooses by the question; use 'thresholds'"),
    ],
)
def test_names_that_do_not_exist_are_refused(more, stage, message):
    with pytest.raises(PolicyError, match=message):
        build(**more).check(stage, OPTIONS, "router")


def test_without_an_embedder_the_error_says_how_to_get_one():
    router = ROUTERS.build({"utterances": {"examples": EXAMPLES}}, "router", Dependencies())
    with pytest.raises(PolicyError, match=r"no embedding model; give one, from_policy\(…, embedder="):
        router.check("retriever", OPTIONS, "router")
