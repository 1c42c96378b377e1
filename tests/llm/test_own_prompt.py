"""Prompts of the user's own: sent as they are, and refused where they cannot be filled."""

import pytest
from langchain_core.messages import HumanMessage
from langchain_core.prompt_values import StringPromptValue
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder, PromptTemplate

from dynamicrag.errors import PolicyError
from dynamicrag.llm.prompts.direct import Direct
from dynamicrag.llm.prompts.own import OwnPrompt, adapt_prompt

PASSAGES = [
    {"id": "1", "document": "d", "title": "Oslo", "text": "Oslo is <s>a {city}.", "score": 1.0},
    {"id": "2", "document": "d", "title": "Rome", "text": "Rome is old.", "score": 0.5},
]
CONTEXT = "Oslo is <s>a {city}.\n\nRome is old."


def sent(prompt, question="Where?", history=(), system=""):
    messages = prompt.messages(question, PASSAGES, history, system)
    return [(message.type, message.text) for message in messages]


def test_a_template_is_filled_and_nothing_is_added():
    template = ChatPromptTemplate([("system", "Use {context}."), ("human", "{input}")])
    assert sent(OwnPrompt(template)) == [("system", f"Use {CONTEXT}."), ("human", "Where?")]


def test_a_text_and_a_plain_template_are_one_message():
    wanted = [("human", f"{CONTEXT} Q: Where?")]
    assert sent(OwnPrompt("{context} Q: {question}")) == wanted
    assert sent(OwnPrompt(PromptTemplate.from_template("{context} Q: {question}"))) == wanted


def test_a_placeholder_gets_the_history_and_no_other_prompt_does():
    history = [("user", "Hi"), ("assistant", "Hello")]
    placed = ChatPromptTemplate([MessagesPlaceholder("chat_history", optional=True), ("human", "{question}")])
    assert sent(OwnPrompt(placed), history=history) == [("human", "Hi"), ("ai", "Hello"), ("human", "Where?")]
    assert sent(OwnPrompt("{question}"), history=history) == [("human", "Where?")]


def test_what_is_filled_in_advance_is_no_place():
    template = ChatPromptTemplate.from_template("{tone}: {question}").partial(tone="Kindly")
    assert sent(OwnPrompt(template)) == [("human", "Kindly: Where?")]


@pytest.mark.parametrize(
    "said",
    ["Where?", [("human", "Where?")], [HumanMessage("Where?")], StringPromptValue(text="Where?")],
    ids=["text", "pairs", "messages", "value"],
)
def test_a_function_returns_messages_in_any_of_their_forms(said):
    seen = []
    prompt = OwnPrompt(lambda question, passages: seen.append((question, passages)) or said)
    assert sent(prompt) == [("human", "Where?")]
    assert seen == [("Where?", PASSAGES)]


def test_system_messages_of_the_conversation_stand_first():
    template = ChatPromptTemplate([("system", "Be brief."), ("human", "{question}")])
    assert sent(OwnPrompt(template), system="Be kind.") == [
        ("system", "Be kind.\n\nBe brief."),
        ("human", "Where?"),
    ]
    assert sent(OwnPrompt("{question}"), system="Be kind.")[0] == ("system", "Be kind.")


def test_what_the_model_writes_is_the_answer():
    assert OwnPrompt("{question}").parse(" **Oslo**\nin Norway ").text == " **Oslo**\nin Norway "
    assert OwnPrompt("{question}").stops(True) == ()


def test_a_function_is_not_called_to_price_it():
    def strict(question, passages):
        raise AssertionError("nobody has asked anything")

    assert OwnPrompt(strict).overheads[0] > 0
    assert OwnPrompt("word " * 100 + "{question}").overheads[0] > 100


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (7, "prompt: expected a LangChain prompt template, a text .* got a int"),
        ("{contxt} {question}", "prompt: unknown place 'contxt'; did you mean 'context'"),
        (
            "{question} {",
            r"prompt: is no text with places \(.*double the braces that are text: '{{' and '}}'",
        ),
        ("{question} {0}", "prompt: "),
        ("{context}", "prompt: has no place for the question; valid: question, input, query"),
    ],
)
def test_what_is_no_prompt_is_refused(given, says):
    with pytest.raises(PolicyError, match=says):
        adapt_prompt(given, "prompt")


def boom(question, passages):
    return passages[9]


async def slow(question, passages):
    return question


@pytest.mark.filterwarnings("ignore:coroutine")
@pytest.mark.parametrize(
    ("given", "says"),
    [
        (boom, "prompt: boom failed: IndexError"),
        (slow, "prompt: slow returned a coroutine that holds no messages"),
        (lambda q, p: [], "returned a list that holds no messages"),
        (lambda q, p: None, "returned a NoneType that holds no messages"),
        (lambda q, p: [7], "returned a list that holds no messages"),
    ],
)
def test_a_function_that_fails_says_so(given, says):
    with pytest.raises(PolicyError, match=says):
        sent(OwnPrompt(given))


def test_a_strategy_is_taken_as_it_is():
    strategy = Direct()
    assert adapt_prompt(strategy, "prompt") is strategy
