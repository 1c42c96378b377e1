import pytest

from dynamicrag.errors import ProviderError, UnfinishedAnswer
from dynamicrag.llm.completion import Completion
from dynamicrag.llm.finish import check
from dynamicrag.types import Usage


def judge(text, reason, whole=True, ended=True):
    check(Completion(text, "", Usage(), (), reason, {}, ended), "small", "openai:x", whole=whole)


@pytest.mark.parametrize(
    "reason", ["stop", "STOP", "end_turn", "stop_sequence", "eos", "COMPLETE", None, "anything"]
)
def test_a_good_end(reason):
    judge("blue", reason)


@pytest.mark.parametrize(
    "reason", ["length", "max_tokens", "MAX_TOKENS", "model_context_window_exceeded", "incomplete"]
)
def test_a_cut_answer_is_unfinished_where_it_should_be_whole(reason):
    judge("A", reason, whole=False)  # a verifier that asks for one letter
    with pytest.raises(UnfinishedAnswer, match=r"limit cut the answer.*larger 'max_tokens'") as caught:
        judge("It was opened in", reason)
    assert caught.value.completion.text == "It was opened in"


@pytest.mark.parametrize(
    "reason", ["content_filter", "SAFETY", "refusal", "RECITATION", "guardrail_intervened", "SPII"]
)
@pytest.mark.parametrize("whole", [True, False])
def test_a_withheld_answer_is_none(reason, whole):
    with pytest.raises(ProviderError, match="withheld the answer"):
        judge("It was", reason, whole)


@pytest.mark.parametrize(
    "reason", ["error", "tool_calls", "function_call", "malformed_function_call", "abort"]
)
def test_a_broken_answer_is_none(reason):
    with pytest.raises(ProviderError, match="broke off"):
        judge("It was", reason)


@pytest.mark.parametrize("text", ["", " \n", "\u200b\ufeff"])
def test_an_empty_answer_is_none(text):
    with pytest.raises(ProviderError, match="the answer is empty"):
        judge(text, "stop")
    with pytest.raises(ProviderError, match="used its limit up"):
        judge(text, "length", whole=False)


def test_an_end_without_a_reason():
    judge("A", None, whole=False, ended=False)
    with pytest.raises(UnfinishedAnswer, match="without a finish_reason"):
        judge("It was opened in", None, ended=False)
