"""Servers behind OpenAI's protocol as they are, over real HTTP."""

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import HumanMessage

from dynamicrag import portal
from dynamicrag.errors import ProviderError
from dynamicrag.llm.build import chat_model
from dynamicrag.testing.server import Refusal, delta, said, used


class Watcher(BaseCallbackHandler):
    """Sees what LangGraph's stream would show."""

    run_inline = True

    def __init__(self):
        self.texts, self.ids = [], set()

    def on_llm_new_token(self, token, *, chunk=None, **kwargs):
        self.texts.append(chunk.message.text)
        self.ids.add(chunk.message.id)

    @property
    def text(self):
        return "".join(self.texts)


def model_of(server, **params):
    return chat_model("small", "openai:any", base_url=server.url, api_key="none", **params)


def complete(model, watcher=None, **more):
    config = {"callbacks": [watcher]} if watcher else None
    settings = {"max_tokens": 64, "stop": ["\n"], "config": config, **more}
    return portal.run(model.complete([HumanMessage("Which colour?")], **settings))


REFUSED = {
    "stop": "The parameter 'stop' cannot be used",
    "stream_options": "[{'type': 'extra_forbidden', 'loc': ['body', 'stream_options', 'include_usage']}]",
    "logprobs": "Logprobs are switched off",
    "temperature": "'temperature' can only be 1",
    "max_completion_tokens": "max_completion_tokens: extra fields not permitted",
}


@pytest.mark.parametrize("status", [400, 403, 422])
@pytest.mark.parametrize("parameter", REFUSED)
def test_a_refused_parameter_is_left_out_from_then_on(serve, parameter, status):
    def script(body):
        if parameter in body:
            raise Refusal(status, {"error": {"message": REFUSED[parameter]}})
        return said("blue")

    server = serve(script)
    model = model_of(server)
    assert complete(model, stop=["END"]).text == "blue"
    assert len(server.requests) == 2
    assert complete(model, stop=["END"]).text == "blue"
    assert len(server.requests) == 3
    others = REFUSED.keys() - {parameter}
    assert others <= server.requests[-1].keys()
    if parameter == "max_completion_tokens":
        assert server.requests[-1]["max_tokens"] == 64


def test_a_server_that_knows_no_parameters_and_names_none(serve):
    def script(body):
        if body.keys() & {*REFUSED, "max_tokens", "top_logprobs"}:
            raise Refusal(422, {"detail": "Extra inputs are not permitted"})
        return said("blue")

    server = serve(script)
    model = model_of(server)
    assert complete(model, stop=["END"]).text == "blue"
    assert len(server.requests) == 7
    complete(model)
    assert len(server.requests) == 8
    assert server.requests[-1]["stream"]


@pytest.mark.slow
def test_what_was_dropped_in_vain_is_sent_again(serve):
    def script(body):
        raise Refusal(400, {"error": {"message": "Unsupported parameter"}})

    server = serve(script)
    model = model_of(server)
    for _ in range(2):
        with pytest.raises(ProviderError, match="Unsupported parameter"):
            complete(model)
    assert "logprobs" in server.requests[0]
    assert "logprobs" not in server.requests[-1]
    assert len(server.requests) == 2 * 7
    assert "logprobs" in server.requests[7]


@pytest.mark.parametrize(
    "message",
    ["maximum context length is 8192 tokens", "flagged by our content policy", "Incorrect API key provided"],
)
def test_another_bad_request_is_not_repeated(serve, message):
    def script(body):
        raise Refusal(400, {"error": {"message": message}})

    server = serve(script)
    with pytest.raises(ProviderError):
        complete(model_of(server))
    assert len(server.requests) == 1


ODD = {
    "blank lines": ["\n\nblue"],
    "thoughts": ["<think>\nLet me ", "see.\n</thi", "nk>\n\nbl", "ue"],
    "a second line": ["blue", "\nBecause it is."],
    "half a pair": ["bl", "ue\ud83d"],
    "parts": [[{"type": "text", "text": "blue"}]],
    "thoughts in parts": [[{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "blue"}]],
    "nothing in between": ["", "bl", None, "ue", ""],
}


@pytest.mark.parametrize("kind", ODD)
def test_the_answer_alone_is_given_and_shown(serve, kind):
    server = serve(lambda body: [*map(delta, ODD[kind]), delta(finish="stop"), used(20, 7)])
    watcher = Watcher()
    completion = complete(model_of(server), watcher)
    assert completion.text == watcher.text == "blue"
    assert watcher.ids == {completion.message_id}
    assert completion.finish_reason == "stop"
    assert (completion.usage.input_tokens, completion.usage.output_tokens) == (20, 7)


def test_a_stop_of_white_space_is_no_business_of_the_server(serve):
    server = serve(lambda body: said("blue END red"))
    assert complete(model_of(server), stop=["\n", "END"]).text == "blue "
    assert server.requests[0]["stop"] == ["END"]


def test_a_cut_behind_the_end_of_the_line_cuts_no_answer(serve):
    server = serve(lambda body: said("blue\nBecause it", finish="length"))
    completion = complete(model_of(server))
    assert (completion.text, completion.finish_reason) == ("blue", "stop")


def test_a_model_that_thinks_aloud_is_known_after_its_first_answer(serve):
    server = serve(lambda body: said("Let me see.\n</think>\n\nblue"))
    model = model_of(server)
    first, second = Watcher(), Watcher()
    completion = complete(model, first)
    assert completion.text == "blue"
    assert "blue" not in first.text
    assert completion.message_id == ""  # what was shown is no part of the answer
    completion = complete(model, second)
    assert completion.text == second.text == "blue"
    assert {completion.message_id} == second.ids


NOTHING = {
    "thoughts apart": [delta(delta={"content": None, "reasoning_content": "hm"}), delta(finish="length")],
    "white space": [delta(" \n"), delta(finish="stop")],
    "a tool": [
        delta(delta={"tool_calls": [{"index": 0, "id": "1", "function": {"name": "f", "arguments": "{}"}}]}),
        delta(finish="tool_calls"),
    ],
    "a refusal": [delta(delta={"content": None, "refusal": "I will not."}), delta(finish="stop")],
    "null choices": [{**delta(), "choices": None}],
    "no choices": [{key: value for key, value in delta().items() if key != "choices"}],
    "no delta": [{**delta(), "choices": [{"index": 0}]}],
    "null delta": [delta(delta=None)],
    "unclosed thoughts": [delta("<think>hm"), delta(finish="length")],
}


@pytest.mark.parametrize("kind", NOTHING)
def test_no_answer_is_empty_and_shows_nothing(serve, kind):
    server = serve(lambda body: [*NOTHING[kind], "data: [DONE]"])
    watcher = Watcher()
    assert complete(model_of(server), watcher).text == ""
    assert watcher.text == ""


@pytest.mark.parametrize(
    "rows",
    [
        [delta("It was "), 'data: {"error": {"message": "overloaded", "code": 529}}'],
        ["data: {not json"],
    ],
)
def test_what_breaks_in_mid_stream_is_an_error_that_says_so(serve, rows):
    with pytest.raises(ProviderError, match="model small"):
        complete(model_of(serve(lambda body: rows)))


def test_a_server_that_cannot_stream_is_asked_for_whole_answers(serve):
    def script(body):
        message = {"role": "assistant", "content": "blue"}
        choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
        raise Refusal(200, {**used(), "object": "chat.completion", "choices": choices})

    server = serve(script)
    model = model_of(server)
    with pytest.raises(ProviderError, match="not a stream") as caught:
        complete(model)
    assert caught.value.retry_after == 0.0
    assert complete(model).text == "blue"
    assert not server.requests[-1].get("stream")


def test_reading_stops_behind_a_limit_that_a_server_does_not_know(serve):
    def script(body):
        if body.keys() & {"max_tokens", "max_completion_tokens"}:
            raise Refusal(422, {"detail": [{"loc": ["body", "max_tokens"], "msg": "extra"}]})
        return said("word " * 2000)

    completion = complete(model_of(serve(script)), max_tokens=16, stop=[])
    assert completion.finish_reason == "length"
    assert len(completion.text) < 1000
    assert completion.usage.output_tokens <= 16


def test_an_end_without_a_reason_is_known(serve):
    done = "data: [DONE]"
    kinds = iter(
        [[delta("blue")], [delta("blue"), used()], [delta("blue"), done], [delta("blue")], said("blue")]
    )
    model = model_of(serve(lambda body: next(kinds)))
    assert [complete(model).ended for _ in range(5)] == [False, True, True, False, True]
    kinds = iter([[delta("blue"), done], [delta("blue"), used()]])  # it is known to give reasons now
    assert [complete(model).ended for _ in range(2)] == [False, True]


def entry(token, logprob=-0.1):
    likely = {"token": token, "logprob": logprob}
    return {**likely, "top_logprobs": [likely, {"token": "x", "logprob": -3.0}]}


def test_probabilities_are_those_of_the_answer(serve):
    tokens = ["<think>", "\n", "so", "</think>", "\n\n", "dark", " blue", "\n", "Be", "cause"]
    probs = [-1.0, -1.0, -1.0, -1.0, -1.0, -0.1, -0.2, -1.0, -1.0, -1.0]
    rows = [delta(t, logprobs={"content": [entry(t, p)]}) for t, p in zip(tokens, probs, strict=True)]
    completion = complete(model_of(serve(lambda body: [*rows, delta(finish="stop"), used()])))
    assert completion.text == "dark blue"
    assert [(token.text, token.logprob) for token in completion.tokens] == [("dark", -0.1), (" blue", -0.2)]
    assert completion.tokens_from(5) == completion.tokens[1:]


def test_a_model_that_cannot_stream_is_asked_all_the_same(serve):
    message = {"role": "assistant", "content": "\nblue\nno"}
    whole = {**used(), "object": "chat.completion", "choices": [
        {"index": 0, "message": message, "finish_reason": "stop"}
    ]}  # fmt: skip

    def script(body):
        assert not body.get("stream")
        raise Refusal(200, whole)

    completion = complete(model_of(serve(script), disable_streaming=True))
    assert (completion.text, completion.finish_reason, completion.usage.output_tokens) == ("blue", "stop", 5)


def test_the_clients_own_retries_do_not_keep_the_next_model_waiting(serve):
    def script(body):
        raise Refusal(429, {"error": {"message": "slow down"}}, Retry_After=6)

    server = serve(script)
    with pytest.raises(ProviderError, match="rate limit") as caught:
        complete(model_of(server, max_retries=5))
    assert caught.value.retry_after == 6.0
    assert caught.value.refused
    assert len(server.requests) == 1
