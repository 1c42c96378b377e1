"""The graph behind a real LangGraph Server, asked over HTTP and by its client."""

import json

import httpx
import pytest

from .langgraph_server import ROOT, serving

# one thread: two wait for one another where another process has a core; and brief, for seconds count
POLICY = """
version: 1
corpora: {docs: {path: docs/}}
models: {small: {model: "local:smollm2-135m-instruct", params: {threads: 1}}}
helper: small
host: {meter: cpu}
stages:
  retrieval: {options: [none, single], router: prior}
  context: {options: {short: {chunks: 2}}}
  prompt: {options: {direct: {style: brief}}}
"""
STAGES = {"retrieval", "retriever", "context", "prompt", "generator", "verification"}
QUESTION = "How many steps must a visitor climb in the lighthouse at Cape Ondry?"

pytestmark = [pytest.mark.service, pytest.mark.models]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    (folder / "policy.yaml").write_text(POLICY)
    (folder / "bare.yaml").write_text(POLICY.replace("chunks: 2", "chunks: 1"))
    (folder / "port").mkdir()
    (folder / "port/pier.md").write_text("# Pier 9\n\nPier 9 of Port Alder has 84 lamps.\n")
    env = {
        "DYNAMICRAG_POLICY": str(folder / "policy.yaml"),
        "DYNAMICRAG_POLICIES": f"bare={folder / 'bare.yaml'}",
        "DYNAMICRAG_CORPUS": f"museum={ROOT / 'examples/corpus'},port={folder / 'port'}",
        "DYNAMICRAG_DATA": str(folder / "data"),
    }
    with serving(folder, env) as running:
        yield running.url


def events(url, body):
    """Return ``(event, data)`` of a stateless streamed run."""
    found, event = [], ""
    with httpx.stream("POST", f"{url}/runs/stream", json=body, timeout=240) as response:
        assert response.status_code == 200
        for line in response.iter_lines():
            field, _, value = line.partition(": ")
            if field == "event":
                event = value
            elif field == "data":
                found.append((event, json.loads(value)))
    return found


def test_plain_http_streams_tokens_decisions_and_the_answer(server):
    body = {
        "assistant_id": "rag",
        "input": {"messages": [{"role": "user", "content": QUESTION}]},
        "stream_mode": ["messages-tuple", "custom", "values"],
    }
    found = events(server, body)
    assert not [data for event, data in found if event == "error"]
    final = [data for event, data in found if event == "values"][-1]
    tokens = [data[0] for event, data in found if event == "messages"]
    assert "".join(token["content"] for token in tokens).strip() == final["messages"][-1]["content"]
    assert {token["id"] for token in tokens} == {final["messages"][-1]["id"]}
    decisions = [data["stage"] for event, data in found if event == "custom" and data["type"] == "decision"]
    assert set(decisions) == STAGES
    assert final["rag"]["report"]["passages"][0].startswith("visiting/cape-ondry-lighthouse.md")


def test_a_bad_question_is_an_error_of_its_own_kind(server):
    # the server keeps the words of errors that are not Python's own from its clients
    body = {"assistant_id": "rag", "input": {"messages": []}, "stream_mode": "values"}
    (error,) = [data for event, data in events(server, body) if event == "error"]
    assert error["error"] == "InputError"


async def test_three_turns_of_a_thread_by_the_client(server):
    get_client = pytest.importorskip("langgraph_sdk").get_client
    client = get_client(url=server)
    thread = await client.threads.create()
    turns = set()
    for number, question in enumerate([QUESTION, "Who was its first keeper?", "Thanks!"], 1):
        shown: dict[str, str] = {}
        given = {"messages": [{"role": "user", "content": question}]}
        modes = ["messages-tuple", "custom"]
        async for part in client.runs.stream(thread["thread_id"], "rag", input=given, stream_mode=modes):
            assert part.event != "error", part.data
            if part.event == "messages":
                message = part.data[0]
                shown[message["id"]] = shown.get(message["id"], "") + message["content"]
            elif part.event == "custom" and part.data["type"] == "withdrawn":  # as an unfinished answer is
                del shown[part.data["message_id"]]
        values = (await client.threads.get_state(thread["thread_id"]))["values"]
        assert len(values["messages"]) == 2 * number
        assert list(shown) == [values["messages"][-1]["id"]]
        assert {decision["turn"] for decision in values["rag"]["decisions"]} == {
            values["rag"]["report"]["query_id"]
        }
        turns.add(values["rag"]["report"]["query_id"])
    assert len(turns) == 3
    assert values["rag"]["report"]["path"]["retrieval"] == "none"


async def test_six_questions_at_once_by_the_client(server):
    import asyncio

    client = pytest.importorskip("langgraph_sdk").get_client(url=server)

    async def ask():
        given = {"messages": [{"role": "user", "content": QUESTION}]}
        return await client.runs.wait(None, "rag", input=given)

    outs = await asyncio.gather(*(ask() for _ in range(6)))
    assert len({out["rag"]["report"]["query_id"] for out in outs}) == 6
    assert all(out["messages"][-1]["content"] for out in outs)
    # the same question finds the same; its wording may differ, for calls share a batch in llama.cpp
    assert len({tuple(out["rag"]["report"]["passages"]) for out in outs}) == 1


async def test_its_schemas_can_be_read(server):
    client = pytest.importorskip("langgraph_sdk").get_client(url=server)
    assistant = (await client.assistants.search(graph_id="rag"))[-1]
    schemas = await client.assistants.get_schemas(assistant["assistant_id"])
    assert set(schemas["input_schema"]["properties"]) == {"messages"}
    assert set(schemas["context_schema"]["properties"]) == {"rag", "corpus"}


async def test_assistants_of_two_policies_answer_one_thread_in_turns(server):
    client = pytest.importorskip("langgraph_sdk").get_client(url=server)
    rag = {"weights": {"joules": 0.001}, "user": "anna"}
    first, second = [
        await client.assistants.create("rag", context={"rag": {**rag, **policy}})
        for policy in ({}, {"policy": "bare"})
    ]
    thread = await client.threads.create()
    found = []
    for assistant in (first, second, first):
        given = {"messages": [{"role": "user", "content": QUESTION}]}
        out = await client.runs.wait(thread["thread_id"], assistant["assistant_id"], input=given)
        decision = next(each for each in out["rag"]["decisions"] if each["stage"] == "retrieval")
        found.append((decision.get("policy"), len(out["rag"]["report"]["passages"]), decision["weights"]))
    weights = {"joules": 0.001}
    assert found == [(None, 2, weights), ("bare", 1, weights), (None, 2, weights)]
    assert len(out["messages"]) == 6


async def test_an_assistant_has_its_corpus_and_its_feedback_is_stored(server):
    client = pytest.importorskip("langgraph_sdk").get_client(url=server)
    assistant = await client.assistants.create("rag", context={"corpus": "port"})
    given = {"messages": [{"role": "user", "content": "How many lamps has Pier 9 of Port Alder?"}]}
    out = await client.runs.wait(None, assistant["assistant_id"], input=given)
    assert [passage.split("#")[0] for passage in out["rag"]["report"]["passages"]] == ["pier.md"]
    body = {"query_id": out["rag"]["report"]["query_id"], "score": 1}
    async with httpx.AsyncClient(base_url=server, timeout=60) as plain:
        assert (await plain.post("/feedback", json=body)).json() == {"changed": True}
        assert (await plain.post("/feedback", json=body)).json() == {"changed": False}
        for wrong in ({"score": 1}, {**body, "query_id": "nobody"}, {**body, "score": 7}, {**body, "x": 1}):
            answer = await plain.post("/feedback", json=wrong)
            assert (answer.status_code, set(answer.json())) == (400, {"error"})


async def test_an_agent_is_served_beside_it(server):
    client = pytest.importorskip("langgraph_sdk").get_client(url=server)
    given = {"messages": [{"role": "user", "content": "Say hello."}]}
    context = {"rag": {"budget": {"joules": 500}}}
    out = await client.runs.wait(None, "agent", input=given, context=context)
    about = out["messages"][-1]["response_metadata"]["dynamicrag"]
    assert (about["model"], about["query_id"]) == ("small", out["rag"]["report"]["query_id"])
    wrong = await client.runs.wait(
        None, "agent", input=given, context={"rag": {"policy": "nobody"}}, raise_error=False
    )
    assert "InputError" in str(wrong)


async def test_an_unknown_corpus_is_refused(server):
    client = pytest.importorskip("langgraph_sdk").get_client(url=server)
    assistant = await client.assistants.create("rag", context={"corpus": "../../etc"})
    given = {"messages": [{"role": "user", "content": "Hello"}]}
    out = await client.runs.wait(None, assistant["assistant_id"], input=given, raise_error=False)
    assert "unknown corpus" in str(out)
