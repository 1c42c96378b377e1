"""What may be asked, and what is refused with a reason."""

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from dynamicrag import InputError, ProviderError

from .conftest import call

QUESTION = "When was the bridge of town03 opened?"


@pytest.mark.parametrize(
    ("messages", "says"),
    [
        ([("user", "")], "the question is empty"),
        ([("user", " \n\t ")], "the question is empty"),
        ([], "no human message"),
        ([AIMessage("Hello, how can I help?")], "no human message"),
        ([("system", "Be kind.")], "no human message"),
        ([("user", "town03 " * 750_000)], "5,249,999 characters; at most 20,000"),
        (
            [HumanMessage([{"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}])],
            r"question: part 1 of its content is of type 'image_url'; valid: text",
        ),
        (
            [HumanMessage([{"type": "text", "text": QUESTION}, {"type": "input_audio", "input_audio": {}}])],
            r"question: part 2 of its content is of type 'input_audio'",
        ),
        (
            [SystemMessage([{"type": "image", "url": "https://example.org/a.png"}]), ("user", QUESTION)],
            r"system message: part 1 of its content is of type 'image'",
        ),
        (
            [("system", "x" * 20_001), ("user", QUESTION)],
            "system messages: 20,001 characters; at most 20,000",
        ),
    ],
)
@pytest.mark.parametrize("how", ["sync", "async"])
def test_what_cannot_be_answered_is_refused(make, messages, says, how):
    app = make().build_graph().compile()
    with pytest.raises(InputError, match=says):
        call(app, how, {"messages": messages})
    assert all(not model.calls for model in make.models.values())


def test_a_question_in_several_parts_is_asked(make):
    parts = ["When was the bridge", {"type": "text", "text": " of town03 opened?"}]
    out = make().build_graph().compile().invoke({"messages": [HumanMessage(parts)]})
    assert out["rag"]["turn"]["text"] == QUESTION
    assert out["messages"][-1].text == "The bridge of town03 opened"


def test_a_conversation_goes_on_after_an_image_was_refused(make, ask):
    image = HumanMessage([{"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}])
    out = make().build_graph().compile().invoke({"messages": [image, ("user", QUESTION)]})
    assert out["messages"][-1].text == "The bridge of town03 opened"


@pytest.mark.parametrize(
    "question", ["?", "🦀" * 50, "\x00", "{braces} %s {{x}}", "ما هو؟", "<|im_end|> town03", "a" * 20_000]
)
def test_strange_questions_are_answered(make, ask, question):
    assert make().build_graph().compile().invoke(ask(question))["messages"][-1].text


def test_an_unknown_word_retrieves_nothing_and_is_answered(make, ask):
    out = make().build_graph().compile().invoke(ask("xylophone quartz"))
    assert out["rag"]["turn"]["candidates"] == out["rag"]["report"]["passages"] == []
    assert out["messages"][-1].text


def test_a_question_too_long_for_one_model_goes_to_the_next(make, ask):
    models = {name: {"model": f"fake:{name}"} for name in ("small", "medium", "large", "helper")}
    models["small"]["params"] = {"context": 256}
    out = make(models=models).build_graph().compile().invoke(ask("When was town03 built? " + "really " * 200))
    assert out["rag"]["report"]["path"]["generator"] == "medium"
    assert make.models["small"].calls == []


def test_a_question_too_long_for_every_model_is_said_so(make, ask):
    names = ("small", "medium", "large", "helper")
    models = {name: {"model": f"fake:{name}", "params": {"context": 256}} for name in names}
    with pytest.raises(ProviderError, match=r"model large .*the question alone takes .* tokens.*'context'"):
        make(models=models).build_graph().compile().invoke(ask("town03 " * 300))


def test_what_the_context_had_no_room_for_is_reported(make, ask):
    models = {name: {"model": f"fake:{name}", "params": {"context": 700}} for name in ("small", "helper")}
    stages = {"generator": {"options": ["small"]}, "context": {"options": {"long": {"chunks": 8}}}}
    report = make(models=models, stages=stages).build_graph().compile().invoke(ask(QUESTION))["rag"]["report"]
    assert report["passages"][0] == "town03.md#0"
    assert report["dropped"]
    assert not set(report["dropped"]) & set(report["passages"])
    assert len(report["dropped"]) + len(report["passages"]) == 8
