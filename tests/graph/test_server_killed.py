"""LangGraph Server on Postgres, killed in the middle of two runs; another server continues them."""

import asyncio
import json
import os
import signal
import threading

import pytest

from dynamicrag.cost.runs import Runs
from dynamicrag.cost.shared_purse import SharedPurse
from dynamicrag.llm.pull import cache_dir
from dynamicrag.store.log import Log
from dynamicrag.testing.server import ScriptedServer, said

from .langgraph_server import ROOT, serving

CONFIG = "langgraph.postgres.json"
HELPER, SMALL, LARGE = 0.001, 0.01, 0.1
BUDGET = "{total: {usd: 5}, account: museum}"
POLICY = """
version: 1
corpora: {docs: {path: docs/}}
models:
  small: {model: "openai:small", params: {base_url: URL}, profile: {usd: {call: 0.01}}}
  large: {model: "openai:large", params: {base_url: URL}, profile: {usd: {call: 0.1}}}
  helper: {model: "openai:helper", params: {base_url: URL}, profile: {usd: {call: 0.001}}}
helper: helper
host: {meter: none}
objective: {budget: BUDGET}
stages:
  rewrite: {options: [hyde]}
  context: {options: {short: {chunks: 2}}}
  prompt: {options: [direct]}
  generator: {options: [small, large], router: {fixed: {option: small}}}
"""
ASKING = """
  verification:
    options: [accept, escalate, abstain]
    verifiers: [unanswerable]
    router: thresholds
    escalate: {unanswerable: generator}
"""
STEPS = "How many steps has the lighthouse?"
FERRY = "When does the last ferry leave?"
KEEPER = "Who was its first keeper?"

pytestmark = [pytest.mark.service, pytest.mark.models, pytest.mark.slow]


class Provider(ScriptedServer):
    """Answers at once, except that it holds the draft about STEPS and the agent's last call until told."""

    def __init__(self):
        super().__init__(self.answer)
        self.held, self.goes_on = [], threading.Event()

    def models(self):
        return [body["model"] for body in self.requests]

    def answer(self, body):
        last, agent = body["messages"][-1], "tools" in body
        used_tool = last["role"] == "tool"
        if used_tool or (body["model"] == "small" and STEPS in last["content"]):
            self.held.append(body)
            self.goes_on.wait(120)
        if agent and not used_tool:
            made = {"name": "documents", "arguments": json.dumps({"question": KEEPER})}
            return whole(None, [{"id": "1", "type": "function", "function": made}])
        if agent:
            return whole("It was Ada Finch.")
        return said("unanswerable" if body["model"] == "small" and FERRY in last["content"] else "It is so.")


def whole(text, calls=()):
    """Return a reply that is not streamed."""
    message = {"role": "assistant", "content": text, "tool_calls": list(calls)}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if calls else "stop"}
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    about = {"id": "c", "object": "chat.completion", "created": 1, "model": "m"}
    return {**about, "choices": [choice], "usage": usage}


def asked(question):
    return {"messages": [{"role": "user", "content": question}]}


async def until(find, seconds=60):
    """Return what a function finds as soon as it does."""
    for _ in range(20 * seconds):
        if found := await find():
            return found
        await asyncio.sleep(0.05)
    raise TimeoutError


class Story:
    """Two servers, one after the other, on the same database.

    Attributes:
        before: The states of the threads before the first was killed.
        after: Their states after the second has continued them.
        called: The models called by the second, by thread.
    """

    def __init__(self, folder, database):
        self.folder, self.provider = folder, Provider()
        models = cache_dir() / "models"
        models.mkdir(parents=True, exist_ok=True)
        (folder / "cache").mkdir()
        (folder / "cache/models").symlink_to(models)
        policy = POLICY.replace("URL", self.provider.url)
        (folder / "plain.yaml").write_text(policy.replace("BUDGET", BUDGET))
        limited = "{per_query: {usd: 0.05}, exhausted: ask}"
        (folder / "asking.yaml").write_text(policy.replace("BUDGET", limited) + ASKING)
        self.env = {
            "DYNAMICRAG_POLICY": str(folder / "plain.yaml"),
            "DYNAMICRAG_POLICIES": f"asking={folder / 'asking.yaml'}",
            "DYNAMICRAG_CORPUS": str(ROOT / "examples/corpus"),
            "DYNAMICRAG_CACHE": str(folder / "cache"),
            "DYNAMICRAG_DATA": str(folder / "data"),
            "DYNAMICRAG_THREADS": database,
            "OPENAI_API_KEY": "none",
            "LANGGRAPH_STRICT_MSGPACK": "true",
        }
        self.asking = {"rag": {"policy": "asking"}}
        asyncio.run(self._tell())

    async def _tell(self):
        with serving(self.folder / "first", self.env, CONFIG) as server:
            self.read_in = [path.name for path in (self.folder / "cache/corpora").rglob("*")]
            await self._begin(server)
            server.stop(signal.SIGKILL)
        paid = len(self.provider.requests)
        self.provider.goes_on.set()
        with serving(self.folder / "second", self.env, CONFIG) as server:
            self.after, self.called = {}, {}
            await self._continue(server, paid)

    async def _begin(self, server):
        from langgraph_sdk import get_client

        client = get_client(url=server.url)
        threads = [await client.threads.create() for _ in range(3)]
        self.threads = dict(
            zip(("rag", "agent", "asking"), (each["thread_id"] for each in threads), strict=True)
        )
        await client.store.put_item(("notes",), key="a", value={"text": "kept"})
        await client.runs.create(self.threads["rag"], "rag", input=asked(STEPS))
        await client.runs.create(self.threads["agent"], "agent", input=asked("Who kept the lighthouse?"))
        self.request = await client.runs.wait(
            self.threads["asking"], "rag", input=asked(FERRY), context=self.asking
        )
        self.before = {}
        await until(lambda: asyncio.sleep(0, len(self.provider.held) == 2))
        for name, there in (("rag", "generate"), ("agent", "model")):

            async def stored(name=name, there=there):
                state = await client.threads.get_state(self.threads[name])
                return state["next"] == [there] and state["values"]

            self.before[name] = await until(stored)

    async def _continue(self, server, paid):
        from langgraph_sdk import get_client

        client = get_client(url=server.url)
        self.note = await client.store.get_item(("notes",), "a")
        for name, thread in self.threads.items():
            await client.threads.create(thread_id=thread, graph_id="agent" if name == "agent" else "rag")
            if name == "asking":
                resume = {"command": {"resume": True}, "context": self.asking}
                resumes = [client.runs.wait(thread, "rag", **resume) for _ in range(2)]
                self.after[name], self.again = await asyncio.gather(*resumes)
            else:
                self.after[name] = await client.runs.wait(thread, name, input=None)
            self.called[name], paid = self.provider.models()[paid:], len(self.provider.requests)


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    database = os.environ.get("DYNAMICRAG_TEST_POSTGRES")
    if not database:
        pytest.skip("DYNAMICRAG_TEST_POSTGRES names no database; source .ci/services")
    pytest.importorskip(
        "langgraph.checkpoint.postgres", reason="langgraph-checkpoint-postgres is not installed"
    )
    return Story(tmp_path_factory.mktemp("killed"), database)


def accounts(story, name):
    """Return the ids of the lines before and after, and the labels of the calls that cost money."""
    ids = [[line["id"] for line in states[name]["rag"]["account"]] for states in (story.before, story.after)]
    lines = story.after[name]["rag"]["account"]
    paid = [line["label"] for line in lines if any(d == "usd" and x for d, _, x in line["cost"])]
    return *ids, paid


def costs(story, name):
    report = story.after[name]["rag"]["report"]
    assert report["cost_all_runs"]["usd"] == report["cost"]["usd"]
    return report["cost"]["usd"]["value"]


def test_a_draft_under_way_is_written_again_and_nothing_else(story):
    assert story.called["rag"] == ["small"], "the passage for the search is not written again"
    assert story.after["rag"]["messages"][-1]["content"] == "It is so."
    before, after, paid = accounts(story, "rag")
    assert after[: len(before)] == before, "the earlier lines, as they were"
    assert len(set(after)) == len(after)
    assert paid == ["helper", "small"]
    assert costs(story, "rag") == pytest.approx(HELPER + SMALL)


def test_an_agents_tool_is_not_called_again(story):
    assert story.called["agent"] == ["small"], "its last call alone"
    assert story.after["agent"]["messages"][-1]["content"] == "It was Ada Finch."
    before, after, paid = accounts(story, "agent")
    assert after[: len(before)] == before
    assert paid == ["small", "helper", "small", "small"]
    assert costs(story, "agent") == pytest.approx(2 * SMALL + HELPER + SMALL)


def test_of_two_resumes_at_once_one_pays(story):
    (request,) = story.request["__interrupt__"]
    assert request["value"]["stage"] == "verification"
    assert story.called["asking"] == ["large"], "the server runs one after the other"
    assert story.after["asking"]["rag"] == story.again["rag"]
    assert costs(story, "asking") == pytest.approx(HELPER + SMALL + LARGE)


def test_the_run_store_and_the_total_agree(story):
    runs = Runs(story.folder / "data/runs.sqlite")
    stored = [
        runs.turn(story.after[name]["rag"]["report"]["query_id"])["cost"]["usd"]["value"]
        for name in ("rag", "agent", "asking")
    ]
    assert stored == [pytest.approx(costs(story, name)) for name in ("rag", "agent", "asking")]
    logged = {query.id: len(query.decisions) for query in Log(runs.database).queries()}
    for values in story.after.values():
        assert logged[values["rag"]["report"]["query_id"]] == len(values["rag"]["decisions"])
    spent, held = SharedPurse(story.folder / "data/budgets.sqlite", "museum").state()
    # a call under way when its process died may have been answered: it is booked at its worst case
    assert spent["usd"] == pytest.approx(sum(stored) + 2 * SMALL)
    assert not any(held.values())


def test_the_corpus_is_read_in_before_the_first_request(story):
    assert story.read_in


def test_the_store_is_in_the_database_too(story):
    assert story.note["value"] == {"text": "kept"}
