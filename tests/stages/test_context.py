from types import SimpleNamespace

import pytest

from dynamicrag.call_options import NO_OPTIONS
from dynamicrag.cost.expect import Plan
from dynamicrag.errors import PolicyError
from dynamicrag.routers.fixed import Fixed
from dynamicrag.stages.context import ContextStage, context_option
from dynamicrag.types import Option

RUN = SimpleNamespace(call=NO_OPTIONS)
SHORT = Option("short", {"chunks": 2})
LONG = Option("long", {"chunks": 8})
WHOLE = Option("whole", {"whole": True})
BRIEF = Option("brief", {"chunks": 2, "tokens": 30})


def passage(name, document):
    return {
        "id": name,
        "document": document,
        "title": "",
        "text": f"part {name}",
        "score": 1.0,
        "corpus": "docs",
    }


class Corpus:
    def documents(self, ids):
        return [{**passage(i, i), "text": f"all of {i}"} for i in ids if i != "gone"]


def stage():
    options = [SHORT, LONG, WHOLE]
    return ContextStage(options, Fixed(option="short"), corpora={"docs": Corpus()}, chunk_tokens=100)


def test_a_longer_context_costs_in_proportion_and_by_the_chunks_that_were_found():
    guessed, known = Plan(rounds=1), Plan(rounds=1, chunk_tokens=40)
    assert stage().apply(SHORT, guessed).context_tokens == 200
    assert stage().apply(LONG, guessed).context_tokens == 800
    assert stage().apply(LONG, known).context_tokens == 320


async def test_the_best_chunks_are_kept_in_order():
    found = [passage(f"a#{n}", "a") for n in range(5)]
    assert await stage().act(SHORT, {"candidates": found}, RUN) == {
        "passages": found[:2],
        "outside": False,
    }


async def test_nothing_is_shown_of_documents_that_do_not_speak_of_it():
    nothing = Option("nothing", {"chunks": 0})
    assert await stage().act(nothing, {"candidates": [passage("a#0", "a")]}, RUN) == {
        "passages": [],
        "outside": True,
    }
    assert stage().apply(nothing, Plan(rounds=1)).context_tokens == 0


async def test_whole_documents_are_those_of_the_best_chunks_each_once():
    found = [passage("b#0", "b"), passage("b#1", "b"), passage("a#0", "a"), passage("c#0", "c")]
    passages = (await stage().act(WHOLE, {"candidates": found}, RUN))["passages"]
    assert [p["text"] for p in passages] == ["all of b", "all of a"]


async def test_a_document_that_has_gone_leaves_its_chunk():
    passages = (await stage().act(WHOLE, {"candidates": [passage("g#0", "gone")]}, RUN))["passages"]
    assert passages[0]["text"] == "part g#0"


async def test_a_limit_of_tokens_keeps_the_best_sentences_and_is_reckoned_with():
    text = "The mill was built in 1813. It is red. Many people visit. Its owner was Ada Quill. Bread is sold."
    found = [{**passage("a#0", "a"), "text": text}, {**passage("b#0", "b"), "text": "Nothing of it. " * 9}]
    turn = {"candidates": found, "text": "Who was the owner of the mill?"}
    kept = (await stage().act(BRIEF, turn, RUN))["passages"]
    assert kept[0]["text"].startswith("The mill was built in 1813.")
    assert "Its owner was Ada Quill." in kept[0]["text"]
    assert sum(len(p["text"]) for p in kept) <= 30 * 4
    assert stage().apply(BRIEF, Plan(rounds=1)).context_tokens == 30
    assert stage().apply(BRIEF, Plan(rounds=1, chunk_tokens=10)).context_tokens == 20


def about(name, title, text, score):
    return {**passage(f"{name}#0", name), "title": title, "text": text, "score": score}


FOUND = [
    about("a", "Ada Quill", "Ada Quill owned the mill at Norrby from 1813.", 9.0),
    about("b", "Rain", "Rain fell for three days.", 4.0),
    about("c", "Snow", "Snow lay until April.", 3.5),
    about("d", "Wind", "Wind came from the west.", 3.0),
    about("e", "Norrby", "Norrby lies in the province of Halland.", 2.5),
]
QUESTION = "Where is the mill that Ada Quill owned?"


async def test_an_adaptive_context_keeps_what_the_best_passages_name_and_leaves_the_rest_out():
    option = context_option("adaptive", {"adaptive": True, "chunks": 5}, "o")
    kept = (await stage().act(option, {"candidates": FOUND, "text": QUESTION}, RUN))["passages"]
    assert [each["id"] for each in kept] == ["a#0", "e#0"]


async def test_an_adaptive_context_shows_more_if_nothing_stands_out():
    alike = [about(str(n), "", "The mill.", 1.0) for n in range(10)]
    option = context_option("adaptive", {"adaptive": True, "chunks": 8}, "o")
    kept = (await stage().act(option, {"candidates": alike, "text": "Who opened it?"}, RUN))["passages"]
    assert 6 <= len(kept) <= 8


async def test_an_adaptive_context_stays_within_its_chunks_and_tokens():
    long = [about(str(n), "", "The mill was built in stone. " * 40, 1.0) for n in range(10)]
    option = context_option("adaptive", {"adaptive": True, "chunks": 8, "tokens": 200}, "o")
    kept = (await stage().act(option, {"candidates": long, "text": "Who opened the mill?"}, RUN))["passages"]
    assert 0 < sum(len(each["text"]) for each in kept) <= 200 * 4
    assert (await stage().act(option, {"candidates": [], "text": "Who?"}, RUN))["passages"] == []


def test_an_adaptive_context_is_priced_by_the_passages_that_it_will_show():
    option = context_option("adaptive", {"adaptive": True, "chunks": 8, "tokens": 500}, "o")
    assert stage().apply(option, Plan(rounds=1)).context_tokens == pytest.approx(320)
    assert stage().apply(option, Plan(rounds=1, chunk_tokens=50, enough=3.0)).context_tokens == 150
    assert stage().apply(option, Plan(rounds=1, chunk_tokens=50, enough=12.0)).context_tokens == 400
    assert stage().apply(option, Plan(rounds=1, chunk_tokens=90, enough=8.0)).context_tokens == 500


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"adaptive": True}, "'adaptive' needs 'chunks: K'"),
        ({"adaptive": True, "chunks": 0}, "'adaptive' needs 'chunks: K'"),
        ({"adaptive": 1, "chunks": 4}, "adaptive: expected true or false, got 1"),
        ({"adaptive": False}, "'adaptive' is false, so it needs 'chunks: K'"),
        ({"adaptive": True, "whole": True, "chunks": 4}, "remove 'whole' or 'adaptive'"),
        ({"adaptive": True, "chunks": 4, "documents": 2}, "documents: an adaptive context has none"),
        ({"adaptive": True, "chunks": 4, "tokens": 0}, "tokens: expected a whole number from 1"),
        ({"adaptiv": True, "chunks": 4}, "did you mean 'adaptive'?"),
    ],
)
def test_a_mistake_in_an_adaptive_context_is_named(params, message):
    with pytest.raises(PolicyError) as error:
        context_option("wide", params, "stages.context.options.wide")
    assert message in str(error.value)
