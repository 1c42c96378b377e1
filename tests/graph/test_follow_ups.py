"""Follow-ups of many kinds and languages: what is asked, whether the helper is, and whether documents are.

A row of ``follow_ups.jsonl`` has a ``history`` of user and assistant by turns, the ``turn``, and what the
``helper`` writes ("" if it fails). ``asked`` is what is searched and asked, by default the turn itself;
``called`` says whether the helper is asked, and ``looked_up`` whether documents are searched.
"""

import json
from pathlib import Path

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from dynamicrag.graph.conversation import LONGEST_MESSAGE

TURNS = [*map(json.loads, (Path(__file__).parent / "follow_ups.jsonl").read_text("utf-8").splitlines())]
WHO = ("user", "assistant")


def said(row):
    return [(WHO[i % 2], text) for i, text in enumerate(row["history"])]


@pytest.fixture
def talk(make, tmp_path):
    """Return the outcome of one turn, over documents that hold the words of all of them."""
    (folder := tmp_path / "docs").mkdir()
    for number, row in enumerate(TURNS):
        text = " ".join([*row["history"], row["turn"], row.get("asked", "")])
        (folder / f"{number}.md").write_text(f"# Document {number}\n\n{text}\n", "utf-8")
    written = []
    make.scripts["helper"] = lambda kind, text: written[-1] or "BREAK"
    make.scripts["small"] = lambda kind, text: "So it is."
    stages = {"retrieval": {"options": ["none", "single"], "router": "prior"}}
    rag = make(corpora={"docs": {"path": str(folder)}}, stages=stages)
    app = rag.build_graph().compile(checkpointer=InMemorySaver())

    def one(messages, helper="", thread="1"):
        written.append(helper)
        calls = len(make.models["helper"].calls)
        make.models["helper"].outage.worked()  # the turns have nothing to do with one another
        out = app.invoke({"messages": messages}, {"configurable": {"thread_id": thread}})
        prompt = [message.text for message in make.models["small"].calls[-1][1]]
        return out, len(make.models["helper"].calls) > calls, prompt

    return one


def test_there_are_at_least_forty_turns():
    assert len(TURNS) >= 40


@pytest.mark.slow
def test_each_turn_is_asked_as_it_is_meant(talk):
    wrong = []
    for number, row in enumerate(TURNS):
        out, called, prompt = talk([*said(row), ("user", row["turn"])], row.get("helper", "x"), str(number))
        found = {
            "asked": out["rag"]["turn"]["text"],
            "called": called,
            "looked_up": out["rag"]["report"]["path"]["retrieval"] != "none",
        }
        right = {
            "asked": row.get("asked", row["turn"]),
            "called": row.get("called", True),
            "looked_up": row.get("looked_up", True),
        }
        if found != right:
            wrong.append((row["turn"], row.get("helper"), found))
        in_prompt = any(row["history"][0] in text for text in prompt[:-1])
        assert in_prompt == (out["rag"]["turn"].get("follow_up") != "rewritten"), row
    assert not wrong, wrong


def test_a_turn_goes_on_with_the_rewritten_question_before_it(talk):
    talk([("user", "What is sold at the Quay Market?")])
    talk([("user", "and on Sundays?")], "What is sold at the Quay Market on Sundays?")
    out, _, _ = talk([("user", "could you explain")], "could you explain")
    assert out["rag"]["turn"]["text"] == "What is sold at the Quay Market on Sundays? could you explain"
    assert out["rag"]["turn"]["follow_up"] == "open"


def test_a_turn_after_one_that_was_not_looked_up_is_not_either(talk):
    talk([("user", "Hello there!")])
    out, _, _ = talk([("user", "why?")], "why?")
    assert out["rag"]["turn"]["follow_up"] == "closed"
    assert out["rag"]["report"]["path"]["retrieval"] == "none"


def test_what_a_long_answer_offers_at_its_end_is_kept(talk):
    long = "It is so. " * 1_000 + "Shall I tell you when the last ferry leaves?"
    history = [("user", "Is there a ferry?"), ("assistant", long)]
    out, called, _ = talk([*history, ("user", "yes please")], "When does the last ferry leave?")
    assert called
    assert out["rag"]["turn"]["text"] == "When does the last ferry leave?"
    kept = out["rag"]["turn"]["history"][1][1]
    assert len(kept) <= LONGEST_MESSAGE
    assert kept.endswith("when the last ferry leaves?")
