from types import SimpleNamespace

from dynamicrag.call_options import NO_OPTIONS
from dynamicrag.cost.expect import Plan
from dynamicrag.routers.fixed import Fixed
from dynamicrag.stages.context import ContextStage
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
