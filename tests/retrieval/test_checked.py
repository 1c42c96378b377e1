"""What a retriever of one's own finds, before anything else reads it."""

import json

import numpy as np
import pytest
from langgraph.errors import GraphInterrupt

from dynamicrag.errors import CorpusError, ModelUnavailable
from dynamicrag.retrieval.base import RETRIEVERS, RetrievalContext, Retrieved, Retriever
from dynamicrag.retrieval.filtering import search
from dynamicrag.types import Usage

ONE = {"id": "1", "document": "d", "title": "t", "text": "The bridge opened in 1871.", "score": 0.5}
USED = Usage(calls=1)


class Own(Retriever):
    def __init__(self, found):
        self.found = found

    def bind(self, context):
        pass

    async def retrieve(self, query, k, filter):  # noqa: A002
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


class AtOnce(Own):
    def retrieve(self, query, k, filter):  # noqa: A002
        return Retrieved([ONE], USED)


class WithoutFilter(Own):
    async def retrieve(self, query, k):
        return Retrieved([ONE], USED)


async def test_numbers_of_other_libraries_become_plain_ones():
    given = Retrieved([{**ONE, "score": np.float32(0.5), "similarity": np.float64(0.25)}], USED)
    (found,) = (await search(Own(given), "q", 3, {})).passages
    assert json.loads(json.dumps(found)) == {**ONE, "similarity": 0.25}
    assert type(found["score"]) is type(found["similarity"]) is float


@pytest.mark.parametrize(
    ("own", "message"),
    [
        (Own(KeyError("boom")), r"retriever \(Own\), retrieve\(query, k, filter\) failed: KeyError: 'boom'"),
        (Own(None), r"returned None; valid: Retrieved\(passages, usage\)"),
        (Own([ONE]), r"returned \[\{.*; valid: Retrieved\(passages, usage\)"),
        (Own(Retrieved([ONE], None)), r"returned usage=None; valid: Usage\("),
        (Own(Retrieved(None, USED)), r"returned passages=None; valid: a list of passages"),
        (Own(Retrieved(["a"], USED)), r"returned 'a' as passages\[0\]; valid: a list of passages"),
        (Own(Retrieved([{"text": "x"}], USED)), r"returned passages\[0\] without 'id'; valid"),
        (Own(Retrieved([{**ONE, "id": 5}], USED)), r"passages\[0\] with 'id' 5, which is not a text"),
        (Own(Retrieved([{**ONE, "score": None}], USED)), "None is not a finite number"),
        (Own(Retrieved([{**ONE, "score": float("nan")}], USED)), "nan is not a finite number"),
        (Own(Retrieved([{**ONE, "kept": object()}], USED)), r"object object .* is not plain JSON"),
        (AtOnce(0), r"returned Retrieved\(.* at once; write it with 'async def'"),
        (WithoutFilter(0), r"retrieve\(query, k, filter\) failed: TypeError: .*3 positional arguments"),
    ],
)
@pytest.mark.parametrize("part", [False, True])
async def test_what_is_not_of_the_contract_is_named(own, message, part):
    retriever = own
    if part:
        retriever = RETRIEVERS.build({"rrf": {"of": ["own", "other"]}}, "here")
        retriever.bind(RetrievalContext({}, "", {"own": own, "other": Own(Retrieved([], USED))}))
    with pytest.raises(CorpusError, match=message):
        await search(retriever, "q", 3, {})


@pytest.mark.parametrize("error", [ModelUnavailable("no key"), GraphInterrupt()])
async def test_errors_that_mean_something_here_pass(error):
    with pytest.raises(type(error)) as caught:
        await search(Own(error), "q", 3, {})
    assert caught.value is error
