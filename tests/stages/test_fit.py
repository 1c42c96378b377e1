"""What is left out of a prompt, and in which order, when a model's context is small."""

import pytest

from dynamicrag.errors import ProviderError
from dynamicrag.llm.chat import ChatModel
from dynamicrag.llm.prompts.direct import Direct
from dynamicrag.stages.fit import SHORTEST, fit

STRATEGY = Direct(max_tokens=64, examples=False)


class Model(ChatModel):
    """Counts as the real one does for models of which no tokenizer is known: three characters a token."""

    def load(self):
        """There is nothing to load."""


def model(context):
    return Model("m", "fake:m", context=context)


def turn(lengths=(), question="Who?", history=()):
    passages = [
        {"id": f"p{i}", "document": "d", "title": "T", "text": "x" * length, "score": 1.0}
        for i, length in enumerate(lengths)
    ]
    return {"id": "q", "text": question, "passages": passages, "history": [list(said) for said in history]}


async def prompt_tokens(fitted):
    return await model(None).count_prompt(fitted.messages)


def ids(fitted):
    return [passage["id"] for passage in fitted.passages]


async def test_what_fits_is_left_alone():
    fitted = await fit(model(4096), STRATEGY, turn([300, 300]))
    assert (ids(fitted), fitted.dropped) == (["p0", "p1"], [])


async def test_a_model_without_a_known_limit_gets_everything():
    assert len((await fit(model(None), STRATEGY, turn([100_000] * 3))).passages) == 3


async def test_the_worst_passages_go_first():
    fitted = await fit(model(600), STRATEGY, turn([300] * 8))
    assert 1 < len(fitted.passages) < 8
    assert ids(fitted) == [f"p{i}" for i in range(len(fitted.passages))]
    assert sorted(fitted.dropped) == [f"p{i}" for i in range(len(fitted.passages), 8)]
    assert await prompt_tokens(fitted) <= 600 - 64


async def test_one_huge_passage_is_cut_and_no_shorter_than_need_be():
    fitted = await fit(model(600), STRATEGY, turn([1_000_000]))
    assert fitted.dropped == ["p0"]
    assert len(fitted.passages[0]["text"]) > SHORTEST
    assert 0.8 * (600 - 64) < await prompt_tokens(fitted) <= 600 - 64


async def test_a_huge_passage_after_a_small_one_is_dropped():
    fitted = await fit(model(600), STRATEGY, turn([300, 1_000_000]))
    assert (ids(fitted), fitted.dropped) == (["p0"], ["p1"])


async def test_the_history_goes_before_the_question_does_and_after_the_passages():
    history = [("user", "h" * 900), ("assistant", "i" * 300)]
    fitted = await fit(model(400), STRATEGY, turn([900], "q" * 300, history))
    assert fitted.passages == []
    texts = [message.text for message in fitted.messages]
    assert [text[0] for text in texts[1:]] == ["i", "q"]


async def test_a_question_too_long_by_itself_is_an_error_that_says_so():
    with pytest.raises(ProviderError, match=r"the question alone takes 1,\d+ tokens"):
        await fit(model(600), STRATEGY, turn([300], "q" * 5000, [("user", "before")]))
