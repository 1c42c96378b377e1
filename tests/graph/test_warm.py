"""The first call of a model: its price while the prompt cache is cold, and the account of filling it."""

import asyncio
from contextlib import asynccontextmanager
from itertools import takewhile

import pytest
from langchain_core.messages.ai import UsageMetadata

from dynamicrag.llm.prompt_cache import Slots, prompt_text
from dynamicrag.testing import FakeRetriever, ScriptedModel
from dynamicrag.testing.chat import ScriptedChat

TOWNS = [f"town{n:02}" for n in range(8)]
QUESTIONS = [f"When was the bridge of {town} opened?" for town in TOWNS]
TEXTS = [f"{town} has a bridge. " + "It was repaired twice, and painted green. " * 25 for town in TOWNS]
CPU_SECONDS = {"profile": {"cpu_seconds": {"input": 0.01, "output": 0.05}}}
MODELS = {name: {"model": f"fake:{name}", **CPU_SECONDS} for name in ("small", "large")}


def size(texts):
    """Return the tokens of messages: one per four letters, and five for each."""
    return sum(len(text) / 4 + 5 for text in texts)


def alike(one, other):
    """Return the texts with which both lists begin."""
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    return [text for text, _ in pairs]


class CachingChat(ScriptedChat):
    """Reports the cached tokens that its model noted."""

    def _usage(self, messages, text):
        read, wrote = round(size(each.text for each in messages)), len(text.split(" "))
        found = UsageMetadata(input_tokens=read, output_tokens=wrote, total_tokens=read + wrote)
        return {**found, "input_token_details": {"cache_read": self.metadata[prompt_text(messages)]}}


class CachingModel(ScriptedModel):
    """Computes in this process, with two slots; their contents are kept apart from what it says of them."""

    caches = True

    def __init__(self, name, spec, script, margin=0.9, **params):
        super().__init__(name, spec, script, margin, **params)
        self._scripted = CachingChat(script=script, margin=margin, metadata={})
        self.runs = "in_process"
        self.slots = Slots(2)
        self._idle, self._free = [[], []], asyncio.Semaphore(2)

    def held(self, beginning, tokens):
        return tokens * self.slots.share(beginning)

    @asynccontextmanager
    async def _turn(self, messages):
        texts, prompt = [each.text for each in messages], prompt_text(messages)
        async with self._free:
            slot = max(self._idle, key=lambda held: len(alike(held, texts)))
            self._idle.remove(slot)
            self._scripted.metadata[prompt] = int(size(alike(slot, texts)))
            with self.slots.taken(prompt):
                yield self
            self._idle.append(texts)

    def _cpu_seconds(self, turn, answer, tokens):
        return 0.01 * (tokens.input - tokens.cached) + 0.05 * tokens.output


@pytest.fixture
def rag(make, monkeypatch, tmp_path):
    def model(name, spec, **params):
        make.models[name] = CachingModel(name, spec, make.scripts.get(name, make_answer), **params)
        return make.models[name]

    monkeypatch.setenv("DYNAMICRAG_DATA", str(tmp_path))
    monkeypatch.setattr("dynamicrag.policy.build_models.chat_model", model)
    generator = {"options": ["small", "large"], "router": {"fixed": {"option": "large"}}}
    objects = {"retrievers": {"kb": FakeRetriever(TEXTS)}}
    return make(models=MODELS, helper=None, corpora={}, stages={"generator": generator}, objects=objects)


def make_answer(kind, text):
    return "It opened in the year 1871, on the second day of May."


def figures(out):
    """Return the decision on the generator, its expected joules, and the joules that it took."""
    decision = next(d for d in out["rag"]["decisions"] if d["stage"] == "generator")
    expected = decision["expected"][decision["options"].index(decision["chosen"])]["joules"]
    return decision, expected, out["rag"]["report"]["stages"]["generator"]["joules"]["value"]


def test_the_reason_tells_what_a_cold_cache_adds_to_the_expected_cost(rag, ask):
    app = rag.build_graph().compile()
    cold, warm = [figures(app.invoke(ask(question))) for question in QUESTIONS[:2]]
    more = cold[0]["reason"].removeprefix("fixed; its prompt cache is cold: ").removesuffix("\u00a0J more")
    assert cold[1] + float(more) == pytest.approx(cold[2], rel=0.05)
    assert cold[0]["colder"] == pytest.approx(float(more), rel=0.01)
    assert "colder" not in warm[0]
    assert warm[1] == pytest.approx(warm[2], rel=0.05)
    assert cold[2] > 1.5 * warm[2]
    assert warm[0]["reason"] == "fixed"
    assert warm[0]["expected"][0] == warm[0]["expected"][1], "the cold one is no dearer"


def test_a_limit_counts_a_cold_cache(rag, ask):
    app = rag.build_graph().compile()
    cold, warm = [figures(app.invoke(ask(question))) for question in QUESTIONS[:2]]
    between = {"budget": {"joules": (cold[2] + warm[2]) / 2}}
    limited = app.invoke(ask(QUESTIONS[2]), {"configurable": {"rag": between}})
    decision, _, taken = figures(limited)
    assert decision["allowed"] == [False, True], "only the warm one fits"
    assert taken < between["budget"]["joules"]


def test_warming_is_on_an_account_of_its_own_and_on_no_query(rag, ask, make):
    told = []
    rag.warm(lambda done, total, label: told.append(label))
    model = make.models["large"]
    assert [len(each.calls) for each in make.models.values()] == [1, 1]
    assert "filling the prompt cache of large" in told
    (line,) = rag.account("warm:large").lines
    assert (line.stage, line.usage.output_tokens > 0, line.failed) == ("warm", True, False)
    assert rag.cost("warm:large")["joules"] > 5 * rag.cost("warm:small")["joules"] > 0, "small is not chosen"
    rag.warm()
    assert len(model.calls) == 1, "it is warm"
    out = rag.build_graph().compile().invoke(ask(QUESTIONS[0]))
    decision, expected, taken = figures(out)
    assert decision["reason"] == "fixed"
    assert expected == pytest.approx(taken, rel=0.05)
    assert not any(line.stage == "warm" for line in rag.account(out["rag"]["report"]["query_id"]).lines)


async def test_first_questions_at_once_are_cold_on_each_slot(rag, ask):
    app = rag.build_graph().compile()
    outs = await asyncio.gather(*(app.ainvoke(ask(question)) for question in QUESTIONS[:6]))
    taken = sorted(figures(out)[2] for out in outs)
    assert [each > 1.5 * taken[0] for each in taken] == [False] * 4 + [True] * 2
    after = await app.ainvoke(ask(QUESTIONS[7]))
    assert figures(after)[1] == pytest.approx(figures(after)[2], rel=0.05)
    assert figures(after)[0]["reason"] == "fixed"
