import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynamicrag.llm.parameters import NAMED, Parameters

ALL = ["temperature", "stop", "logprobs", "stream_options", "stream"]


class Refused(Exception):
    def __init__(self, message, status=400, body=None):
        super().__init__(message)
        self.status_code = status
        self.body = body if body is not None else {"message": message, "type": "invalid_request_error"}


def dropped(error, names=ALL, limits=("native", "max_tokens", "")):
    """Return what one refusal changes."""
    parameters = Parameters(names, limits)
    before = parameters.state
    again = parameters.drop(error, before)
    after = parameters.state
    assert again == (before != after)
    return set(before[0]) - set(after[0]) | ({"limit"} if before[1] != after[1] else set())


@pytest.mark.parametrize("status", [400, 403, 422])
@pytest.mark.parametrize(
    ("message", "name"),
    [
        ("The parameter 'stop' cannot be used with this model", "stop"),
        ("Stop sequences are not supported", "stop"),
        ("[{'type': 'extra_forbidden', 'loc': ['body', 'stop']}]", "stop"),
        ("Logprobs are switched off for this model", "logprobs"),
        ("This key may not ask for logprobs", "logprobs"),
        ("no log probabilities here", "logprobs"),
        ("TOP_LOGPROBS: extra fields not permitted", "logprobs"),
        ("`stream_options`: unknown field", "stream_options"),
        ("body.stream_options.include_usage: Extra inputs are not permitted", "stream_options"),
        ("Unsupported value: 'temperature' does not support 0.0 with this model.", "temperature"),
        ("Temperature must be 1", "temperature"),
        ("Streaming is not supported by this model", "stream"),
        ('"stream": not implemented', "stream"),
        ("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.", "limit"),
        ("max_completion_tokens: Extra inputs are not permitted", "limit"),
    ],
)
def test_a_named_parameter_is_dropped(message, name, status):
    assert dropped(Refused(message, status)) == {name}


def test_the_place_for_the_name_counts_before_the_words():
    body = {"message": "Supported are stop and temperature", "param": "top_logprobs"}
    assert dropped(Refused("no", body=body)) == {"logprobs"}
    assert dropped(Refused("no", body={"message": "not supported", "param": "messages[0].role"})) == set()
    assert dropped(Refused("no", 422, {"detail": [{"loc": ["body", "stop"], "input": "temperature"}]})) == {
        "stop"
    }


@pytest.mark.parametrize(
    "message", ["Unsupported parameter", "extra fields not permitted", "Bad Request", "", "not allowed"]
)
@pytest.mark.parametrize("status", [400, 422])
def test_a_vague_refusal_drops_one_after_another_and_ends(message, status):
    parameters = Parameters(ALL, ["native", "max_tokens", ""])
    states = [parameters.state]
    while parameters.drop(Refused(message, status), parameters.state):
        states.append(parameters.state)
    assert len(states) == 8
    assert parameters.state == ((), ("",))
    parameters.restore(states[0])
    assert all(parameters.sends(name) for name in ALL)
    assert parameters.limit == "native"


@pytest.mark.parametrize("status", [400, 403, 422])
@pytest.mark.parametrize(
    "message",
    [
        "This model's maximum context length is 8192 tokens; max_tokens is 64, your messages are 9000 tokens",
        "the request exceeds the available context size",
        "prompt is too long: 210000 tokens > 200000 maximum",
        "Please reduce the length of the messages",
        "The response was filtered: the prompt triggered Azure OpenAI's content management policy",
        "Your request was rejected as a result of our safety system",
        "Invalid prompt: flagged as potentially violating our usage policy",
        "Incorrect API key provided: sk-x",
        "Invalid API key",
        "Your API key has expired: api key expired",
        "Your credit balance is too low",
        "The model `x` does not exist or you do not have access to it",
        "Conversation roles must alternate user/assistant",
        "messages: Field required",
    ],
)
def test_what_is_about_something_else_is_not_repeated(message, status):
    assert dropped(Refused(message, status)) == set()


@pytest.mark.parametrize("status", [None, 401, 404, 429, 500, 503])
def test_other_statuses_are_no_refusals(status):
    assert dropped(Refused("Unsupported parameter: stop", status)) == set()


def test_a_key_without_rights_is_no_vague_refusal():
    assert dropped(Refused("You are not allowed to sample from this model", 403)) == set()


WORDINGS = [
    "{} is not supported",
    "Unknown parameter: '{}'",
    "{}: extra fields not permitted",
    "we do not do {}!",
    "You may not use {} here",
    "invalid_request: {}",
    "['body', '{}']",
    '"{}" nicht erlaubt',
]
SPELLINGS = {
    "stop": ["stop", "Stop", "STOP", "stop sequences", "stop_sequences"],
    "logprobs": ["logprobs", "Logprobs", "top_logprobs", "log_probs", "log probs"],
    "stream_options": ["stream_options", "Stream options", "stream_options.include_usage", "include_usage"],
    "temperature": ["temperature", "Temperature"],
    "limit": ["max_tokens", "max_completion_tokens", "Max tokens"],
}


@given(
    st.sampled_from([(name, spelling) for name in SPELLINGS for spelling in SPELLINGS[name]]),
    st.sampled_from(WORDINGS),
    st.sampled_from([400, 403, 422]),
    st.sampled_from(["error", "detail", None]),
)
def test_any_wording_that_names_it(named, wording, status, where):
    name, spelling = named
    message = wording.format(spelling)
    body = {where: {"message": message}} if where else {"message": message}
    assert dropped(Refused("Error code", status, body)) == {name}


@given(st.lists(st.tuples(st.text(max_size=40), st.sampled_from([400, 403, 422])), max_size=20))
def test_any_refusals_end(refusals):
    parameters = Parameters(ALL, ["native", "max_tokens", ""])
    again = sum(parameters.drop(Refused(message, status), parameters.state) for message, status in refusals)
    assert again <= len(NAMED) + 1


@pytest.mark.parametrize("message", ["logprobs are off", "max_tokens is unknown", "Bad Request"])
def test_calls_side_by_side_learn_from_each_other(message):
    parameters = Parameters(ALL, ["native", "max_tokens", ""])
    used = parameters.state
    assert parameters.drop(Refused(message), used)
    after = parameters.state
    assert after != used
    assert parameters.drop(Refused(message), used)
    assert parameters.state == after
