"""What a prompt cache holds, by llama.cpp's choice of slots and by providers' reports."""

import asyncio
from contextlib import ExitStack

import pytest
from langchain_core.messages import HumanMessage, SystemMessage

from dynamicrag.llm import prompt_cache
from dynamicrag.llm.chat import ChatModel
from dynamicrag.llm.local import LocalServer
from dynamicrag.llm.local_chat import LocalChatModel
from dynamicrag.llm.prompt_cache import Reported, Slots, in_common
from dynamicrag.testing.server import ScriptedServer, delta, said

DIRECT, REASON, GREET = "Answer from the passages. " * 8, "Think step by step. " * 8, "Be friendly. " * 8


def computed(slots: Slots, *prompts: str) -> Slots:
    for prompt in prompts:
        with slots.taken(prompt):
            pass
    return slots


@pytest.mark.parametrize(
    ("one", "other", "length"),
    [("", "", 0), ("", "a", 0), ("abc", "abd", 2), ("abc", "abc", 3), ("ab", "abc", 2), ("xbc", "abc", 0)],
)
def test_the_beginning_in_common(one, other, length):
    assert in_common(one, other) == in_common(other, one) == length


class TestSlots:
    """They hold the last prompts."""

    def test_a_beginning_is_held_after_the_first_prompt_with_it(self):
        slots = Slots(2)
        assert slots.share(DIRECT) == 0.0
        computed(slots, DIRECT + "Who?")
        assert slots.share(DIRECT) == 1.0
        assert slots.share(DIRECT + "y" * len(DIRECT)) == pytest.approx(0.5)

    def test_two_slots_hold_two_beginnings_and_a_third_replaces_the_oldest(self):
        slots = computed(Slots(2), DIRECT + "a", REASON + "b", DIRECT + "c")
        assert slots.share(DIRECT) == slots.share(REASON) == 1.0
        computed(slots, GREET)
        assert (slots.share(DIRECT), slots.share(REASON), slots.share(GREET)) == (1.0, 0.0, 1.0)

    def test_a_similar_prompt_takes_the_slot_of_the_one_before(self):
        slots = computed(Slots(2), REASON, DIRECT + "in German", DIRECT + "in French")
        assert slots.share(REASON) == 1.0

    def test_a_second_call_meanwhile_finds_the_other_slot_cold(self):
        slots = computed(Slots(2), DIRECT)
        with ExitStack() as calls:
            calls.enter_context(slots.taken(DIRECT + "a"))
            assert slots.share(DIRECT) == 0.0
            calls.enter_context(slots.taken(DIRECT + "b"))
            assert slots.share(DIRECT) == 1.0, "a third one waits for one of them"
        assert slots.share(DIRECT) == 1.0

    def test_a_failed_call_leaves_what_was_there_before(self):
        slots = computed(Slots(1), DIRECT + "a")
        with pytest.raises(KeyError), slots.taken(DIRECT + "b"):
            raise KeyError
        assert slots.share(DIRECT) == 1.0
        with pytest.raises(KeyError), slots.taken(REASON):
            raise KeyError
        assert slots.share(DIRECT) == slots.share(REASON) == 0.0


def test_a_report_holds_for_its_beginning_and_for_five_minutes(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(prompt_cache.time, "monotonic", lambda: now[0])
    seen = Reported()
    seen.note(DIRECT + "a", 0)
    now[0] = 100.0
    seen.note(DIRECT + "b", 1024)
    assert (seen.tokens(DIRECT), seen.tokens(REASON)) == (1024.0, 0.0)
    now[0] = 399.0
    assert seen.tokens(DIRECT) == 1024.0
    now[0] = 401.0
    assert seen.tokens(DIRECT) == 0.0


def test_a_server_s_report_is_noted():
    usage = {"prompt_tokens": 90, "completion_tokens": 2, "total_tokens": 92}
    usage["prompt_tokens_details"] = {"cached_tokens": 64}
    rows = [*said("Yes.")[:-1], {**delta(), "choices": [], "usage": usage}]
    server = ScriptedServer(lambda body: rows)
    try:
        model = ChatModel("m", "openai:m", base_url=server.url, api_key="k")
        prompt = [SystemMessage(DIRECT), HumanMessage("Who?")]
        assert model.held(DIRECT, 50.0) == 0.0
        asyncio.run(model.complete(prompt, max_tokens=8))
        assert (model.held(DIRECT, 50.0), model.held(DIRECT, 70.0), model.held(REASON, 50.0)) == (50, 64, 0)
    finally:
        server.close()


def test_a_model_here_asks_its_server_s_slots(tmp_path, monkeypatch):
    weights = tmp_path / "m.gguf"
    weights.write_bytes(b"w" * 100)
    model = LocalChatModel("m", f"local:{weights}", context=64)
    assert model.held(DIRECT, 50.0) == 0.0, "it is not loaded"
    server = model.server

    async def ask(prompt):
        async with server.slot(prompt):
            pass

    asyncio.run(ask(DIRECT + "Who?"))
    assert isinstance(server, LocalServer)
    assert model.held(DIRECT, 50.0) == 50.0
    assert LocalChatModel("m", f"local:{weights}", context=64, cache_prompt=False).held(DIRECT, 50.0) == 0.0
    monkeypatch.setattr("os.getpid", lambda: -1)
    assert model.held(DIRECT, 50.0) == 0.0, "a fork has another server"
