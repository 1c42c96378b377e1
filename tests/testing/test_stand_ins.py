"""The stand-ins that we ship do what their users rely on."""

import pytest
from langchain_core.messages import HumanMessage, SystemMessage

from dynamicrag import testing
from dynamicrag.errors import ProviderError
from dynamicrag.llm.build import chat_model
from dynamicrag.testing import FakeEmbedder, FakeRetriever, ScriptedChat, ScriptedModel, ScriptedServer
from dynamicrag.testing.server import said

ASKED = [SystemMessage("Answer."), HumanMessage("When?")]


def test_a_scripted_chat_answers_whole_and_in_pieces_and_remembers():
    chat = ScriptedChat(script=lambda kind, prompt: f"{kind}: {prompt}")
    whole = chat.invoke(ASKED)
    assert whole.text == "answer: When?"
    assert whole.usage_metadata["input_tokens"] == 20
    assert chat.kinds() == ["answer"]
    assert list(chat.calls[0].messages) == ASKED


async def test_it_streams_with_probabilities_and_usage():
    chat = ScriptedChat(script=lambda kind, prompt: "In 1871.", margin=0.5)
    chunks = [chunk async for chunk in chat.astream(ASKED)]
    assert [chunk.text for chunk in chunks if chunk.text] == ["In ", "1871."]
    assert sum((chunk.usage_metadata or {}).get("output_tokens", 0) for chunk in chunks) == 2
    assert "logprobs" in chunks[0].response_metadata


async def test_a_scripted_model_is_a_chat_model_with_a_name():
    model = ScriptedModel("small", "fake:x", lambda kind, prompt: "In 1871.", margin=0.5)
    completion = await model.complete(ASKED, max_tokens=9)
    assert completion.text == "In 1871."
    assert completion.tokens[0].margin == pytest.approx(0.5)
    model.script = lambda kind, prompt: "BREAK"
    with pytest.raises(ProviderError, match="model small"):
        await model.complete(ASKED, max_tokens=9)
    assert model.kinds() == ["answer", "answer"]


async def test_a_scripted_server_speaks_openais_protocol():
    server = ScriptedServer(lambda body: said(body["messages"][-1]["content"]))
    model = chat_model("small", "openai:any", base_url=server.url, api_key="none")
    assert (await model.complete(ASKED, max_tokens=9)).text == "When?"
    assert server.requests[0]["model"] == "any"
    server.close()


def test_a_fake_embedder_is_near_where_words_are_shared():
    embedder = FakeEmbedder(size=128)
    bridge, steel, inn = embedder.embed(["the bridge of steel", "a steel bridge", "soup at nine"])
    assert bridge @ steel > bridge @ inn
    assert len(bridge) == 128
    assert embedder.asked == ["the bridge of steel", "a steel bridge", "soup at nine"]


async def test_a_fake_retriever_ranks_by_shared_words():
    retriever = FakeRetriever({"Inn": "Soup at nine.", "Bridge": "The bridge opened in 1871."})
    found = (await retriever.retrieve("When did the bridge open?", 5)).passages
    assert [passage["title"] for passage in found] == ["Bridge", "Inn"]
    assert len((await retriever.retrieve("x", 1)).passages) == 1
    assert retriever.asked == [("When did the bridge open?", 5), ("x", 1)]


def test_other_names_do_not_exist():
    with pytest.raises(AttributeError, match="no attribute 'Fake'"):
        _ = testing.Fake
