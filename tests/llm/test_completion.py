import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynamicrag.llm.completion import Completion, TokenProb, within
from dynamicrag.llm.streamed import token_probs
from dynamicrag.types import Usage


def entry(token, *probabilities):
    top = [{"token": "?", "logprob": math.log(p)} for p in probabilities]
    return {"token": token, "logprob": math.log(probabilities[0]), "top_logprobs": top}


def test_margin_is_of_the_two_likeliest():
    (token,) = token_probs([entry("a", 0.3, 0.6)])
    assert token.margin == pytest.approx(0.3)
    assert token.logprob == pytest.approx(math.log(0.3))


def test_a_token_without_alternatives_is_sure():
    (token,) = token_probs([entry("a", 0.9)])
    assert token.margin == 1.0


@pytest.mark.parametrize(
    "value", [None, "-0.1", True, math.nan, math.inf, -math.inf, -(10**400), 0.7, [], {}]
)
def test_what_is_no_log_probability_is_left_out(value):
    bad = {"token": "a", "logprob": value, "top_logprobs": [{"token": "a", "logprob": value}, {"token": "b"}]}
    assert [*token_probs({"content": [bad, {}, None, 3, {"token": "c"}]})] == []
    good = {"token": "a", "logprob": -0.1, "top_logprobs": bad["top_logprobs"]}
    (token,) = token_probs({"content": [good]})
    assert token.margin == pytest.approx(2 * math.exp(-0.1) - 1)


@pytest.mark.parametrize(
    "logprobs", [None, {}, [], "no", {"content": None}, {"content": "no"}, {"tokens": []}]
)
def test_probabilities_in_no_known_form_are_none(logprobs):
    assert [*token_probs(logprobs)] == []


def test_a_probability_that_is_rounded_up_is_one():
    (token,) = token_probs([{"token": "a", "logprob": 1e-6}])
    assert token.logprob == 0.0


ODD = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers(-5, 5) | st.text(max_size=3) | st.just("\ud83d"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["content", "token", "logprob", "top_logprobs"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(ODD)
def test_any_probabilities_give_finite_signals(logprobs):
    for token in token_probs(logprobs):
        assert token.logprob <= 0.0
        assert 0.0 <= token.margin <= 1.0
        assert math.isfinite(token.entropy)
        token.text.encode()


@given(st.lists(st.sampled_from(["a", "b", " a", "\n", "ab", ""]), max_size=12), st.data())
def test_tokens_of_a_span_are_those_that_stand_in_it(texts, data):
    text = "".join(texts)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    tokens = [TokenProb(piece, 0.0, 1.0) for piece in texts]
    assert "".join(token.text for token in within(tokens, text, [(start, end)])) == text[start:end]


def test_tokens_that_a_text_lacks_do_not_shift_the_others():
    tokens = tuple(TokenProb(text, 0.0, 1.0) for text in ("<|x|>", "dark", "\ufffd", " blue"))
    completion = Completion("dark é blue", "id", Usage(), tokens, "stop", {})
    assert [token.text for token in completion.tokens_from(6)] == [" blue"]


def test_tokens_from_the_answer_on():
    tokens = tuple(TokenProb(text, 0.0, 1.0) for text in ("So", ".", " Answer", ":", " Li", "ma"))
    whole = "".join(token.text for token in tokens)
    completion = Completion(whole, "id", Usage(), tokens, "stop", {})
    assert [token.text for token in completion.tokens_from(whole.index("Lima"))] == [" Li", "ma"]
    assert completion.tokens_from(0) == tokens
    assert completion.tokens_from(len(whole)) == ()
