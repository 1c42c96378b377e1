import math

import pytest

from dynamicrag.llm.completion import Completion, TokenProb
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


def test_tokens_from_the_answer_on():
    tokens = tuple(TokenProb(text, 0.0, 1.0) for text in ("So", ".", " Answer", ":", " Li", "ma"))
    whole = "".join(token.text for token in tokens)
    completion = Completion(whole, "id", Usage(), tokens, "stop", {})
    assert [token.text for token in completion.tokens_from(whole.index("Lima"))] == [" Li", "ma"]
    assert completion.tokens_from(0) == tokens
    assert completion.tokens_from(len(whole)) == ()
