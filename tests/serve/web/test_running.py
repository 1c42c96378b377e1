"""A run that writes an answer: streaming, withdrawal, stop, failure; and the account that stays."""

import asyncio

import pytest

from dynamicrag import DynamicRAG
from dynamicrag.serve.keys import Caller
from dynamicrag.serve.web.admission import Admission
from dynamicrag.serve.web.answering import begin, rated, resume, settled
from dynamicrag.serve.web.baseline import baseline_path
from dynamicrag.serve.web.conversation import Conversation, Conversations
from dynamicrag.serve.web.otherwise import call_weights, otherwise
from dynamicrag.serve.web.views import messages
from dynamicrag.store.logged import Feedback
from dynamicrag.testing import FakeRetriever, ScriptedChat
from tests.serve.web.decided import answered, decision

PRICE = {"usd": {"input": 1e-6, "output": 1e-6}, "joules": {"input": 0.1, "output": 1.0}}
QUESTION = "Who designed the bridge?"
WRONG, RIGHT = "Zebras juggle umbrellas.", "Varrick designed it."


class Talk:
    """A conversation with two models, of which the small one is wrong."""

    def __init__(self, budget=None, **stages):
        from langgraph.checkpoint.memory import InMemorySaver

        self.replies = {"small": WRONG, "large": RIGHT}
        chats = {name: ScriptedChat(script=lambda k, p, n=name: self.replies[n]) for name in self.replies}
        policy = {
            "version": 1, "models": {name: {"profile": PRICE} for name in chats}, "host": {"meter": "none"},
            "objective": {"weights": {"joules": 0.001}, **({"budget": budget} if budget else {})},
            "stages": {
                "retrieval": {"options": ["single"]}, "prompt": {"options": ["direct"]},
                "generator": {"options": ["small", "large"], "router": {"fixed": {"option": "small"}}},
                "verification": {
                    "options": ["accept", "escalate"], "verifiers": ["groundedness"],
                    "router": {"thresholds": {"groundedness": 0.5}}, "escalate": {"ungrounded": "generator"},
                },
                **stages,
            },
        }  # fmt: skip
        kb = FakeRetriever({"bridge": "Varrick designed the bridge."})
        self.rag = DynamicRAG.from_policy(
            policy, models=chats, retrievers={"kb": kb}, policies={"other": policy}
        )
        self.graph = self.rag.build_graph().compile(checkpointer=InMemorySaver())
        self.conversation = Conversation()

    async def go_on(self, more):
        who = Admission(None), Caller()
        return [state async for state in resume(self.rag, self.graph, *who, self.conversation, more).states()]

    def begin(self, question=QUESTION, policy="", weights=None):
        who = Admission(None), Caller()
        name = policy or self.rag.pipeline.policy.name
        return begin(self.rag, self.graph, *who, self.conversation, question, name, weights or {})

    async def answer(self, *args, **more):
        return [state async for state in self.begin(*args, **more).states()]


@pytest.fixture
def talk():
    made = []

    def make(**stages):
        made.append(Talk(**stages))
        return made[-1]

    yield make
    for each in made:
        each.rag.close()


async def test_a_withdrawn_draft_gives_way_to_the_final_text(talk):
    own = talk()
    last = (await own.answer())[-1]
    assert (last.state, last.text) == ("done", RIGHT)
    assert [each.text for each in last.withdrawn] == [WRONG]
    assert (last.other.text, last.other.stage, last.other.option) == (WRONG, "generator", "small")
    assert last.escalations[0]["option"] == "large"
    assert [passage["title"] for passage in last.passages] == ["bridge"]
    assert own.conversation.answers == [last]
    assert own.conversation.running is None
    assert len(own.rag.account(last.query_id).lines) >= 2


async def test_text_streams_before_the_run_ends(talk):
    own = talk()
    own.replies["small"] = "Varrick WAIT designed it."
    running = own.begin()
    seen = []
    async for state in running.states():
        seen.append((state.state, state.text.strip()))
        if state.text:
            running.stop()
    assert seen[-2:] == [("writing", "Varrick"), ("stopped", "Varrick")]


async def test_a_stopped_run_keeps_its_account_and_the_conversation_goes_on(talk):
    own = talk()
    own.replies["small"] = "Varrick WAIT"
    running = own.begin()
    async for state in running.states():
        if state.text:
            running.stop()
    stopped = await settled(own.rag, own.conversation.answers[0])
    assert (stopped.state, stopped.text.strip()) == ("stopped", "Varrick")
    assert stopped.amount("joules") > 0
    own.replies["small"] = RIGHT
    assert (await own.answer())[-1].text == RIGHT
    assert [each.state for each in own.conversation.answers] == ["stopped", "done"]


async def test_a_reader_may_leave_and_another_one_sees_the_end(talk, monkeypatch):
    own = talk()
    monkeypatch.setattr("dynamicrag.serve.web.running.UNREAD_SECONDS", 10.0)
    running = own.begin()
    states = running.states()
    assert (await anext(states)).state == "writing"
    await states.aclose()
    seen = [state async for state in running.states()]
    assert [seen[0].state, seen[-1].state, seen[-1].text] == ["writing", "done", RIGHT]
    assert own.conversation.answers == seen[-1:]
    assert own.conversation.running is None


async def test_a_run_that_nobody_reads_stops_and_says_why(talk, monkeypatch):
    own = talk()
    monkeypatch.setattr("dynamicrag.serve.web.running.UNREAD_SECONDS", 0.02)
    own.replies["small"] = "Varrick WAIT"
    states = own.begin().states()
    async for state in states:
        if state.text:
            break
    await states.aclose()
    while own.conversation.running is not None:  # noqa: ASYNC110
        await asyncio.sleep(0.005)
    last = own.conversation.answers[0]
    assert (last.state, last.failure) == ("stopped", "no page was open to read it")
    assert "Stopped: no page was open to read it." in messages([last])[1]["content"]


async def test_a_failure_is_named_and_leaves_the_conversation_usable(talk):
    own = talk()
    failed = (await own.answer("why " * 10_000))[-1]
    assert failed.state == "failed"
    assert "at most 20,000" in failed.failure
    assert (await own.answer())[-1].text == RIGHT


@pytest.mark.parametrize("more", [True, False])
async def test_a_budget_that_asks_is_granted_or_refused(talk, more):
    own = talk(budget={"per_query": {"usd": 0.0001}, "exhausted": "ask"})
    asking = (await own.answer())[-1]
    assert asking.state == "asking"
    assert "$" in asking.failure
    last = (await own.go_on(more))[-1]
    assert last.state == "done"
    assert (last.text == RIGHT) == more
    assert own.conversation.answers == [last]


async def test_a_call_has_its_weights_and_its_policy(talk):
    own = talk()
    last = (await own.answer(policy="other", weights={"joules": 0.5}))[-1]
    assert last.decisions[0]["policy"] == "other"
    assert last.decisions[0]["weights"] == {"joules": 0.5}


async def test_the_baseline_is_the_largest_model_on_the_plain_path(talk):
    own = talk(context={"options": {"none": {"chunks": 0}, "long": {"chunks": 8}, "whole": {"whole": True}}}
               | {"router": {"fixed": {"option": "none"}}})  # fmt: skip
    assert baseline_path(own.rag.pipeline) == {
        "retrieval": "single", "retriever": "kb", "context": "long", "prompt": "direct", "generator": "large",
    }  # fmt: skip
    last = (await own.answer())[-1]
    assert last.expected("joules") > 0
    assert last.expected("usd") > 0


def test_other_weights_choose_from_the_recorded_figures(talk):
    pipeline = talk().rag.pipeline
    costs = [{"joules": 1.0}, {"joules": 40.0}]
    made = [decision(expected=costs, quality=[0.5, 0.6]), decision("prompt", quality=[None, None])]
    assert [(each.stage, each.option) for each in otherwise(made, pipeline, 0.0)] == [("generator", "large")]
    assert [each.option for each in otherwise(made, pipeline, 16.0)] == ["small"]
    own = [decision(expected=costs, quality=[0.5, 0.6], weights={"joules": 1.0})]
    assert [each.option for each in otherwise(own, pipeline, 1.0)] == ["small"]
    assert call_weights(pipeline, 1.0) == {}
    assert call_weights(pipeline, 4.0) == {"joules": 0.004}


def test_the_last_feedback_of_the_user_counts():
    items = [
        Feedback("q", "thumb", "user", 1.0, score=1.0), Feedback("q", "f1", "gold", 2.0, score=0.2),
        Feedback("q", "preference", "user", 3.0, stage="generator", a="small", b="large", y=0.0),
    ]  # fmt: skip
    found = rated(answered(), items)
    assert (found.rating, found.preference) == (1.0, "large over small")


class Saver:
    def __init__(self):
        self.deleted = []

    def delete_thread(self, thread):
        self.deleted.append(thread)


def test_conversations_are_bounded_and_belong_to_their_visitor():
    saver = Saver()
    known = Conversations(2, saver)
    first, second = known.of(None), known.of("unknown", "anna")
    assert known.of(first.id) is first
    assert known.of(second.id) is not second
    assert known.of(first.id) is first
    third = known.of(None)
    assert known.of(third.id) is third
    assert len(known) == 2
    assert second.thread in saver.deleted
    known.drop(first.id)
    assert known.of(first.id) is not first


async def test_an_answer_without_a_query_has_no_cost(talk):
    own = talk()
    assert await settled(own.rag, answered(query_id="")) == answered(query_id="")
    unknown = await settled(own.rag, answered(query_id="nobody", cost={}), 0.0)
    assert unknown.amount("joules") in (None, 0.0)
