"""The channel's reducer: what it keeps, what it drops, and that merging again changes nothing."""

import copy
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynamicrag.graph.channel import merge


def turn(name, seq=0, **more):
    return {"id": name, "attempt": 1, "seq": seq, "message_id": f"m-{name}", "step": f"s-{name}", **more}


def decisions(name, *seqs, attempt=1):
    return [{"turn": name, "attempt": attempt, "seq": seq} for seq in seqs]


def lines(name, *numbers, **more):
    return [{"id": f"{name}.{number}", "query": name, **more} for number in numbers]


def channel(name, *seqs, report=None, **more):
    """The channel of one query after so many decisions, each with a line."""
    return {
        "turn": turn(name, len(seqs), **more),
        "decisions": decisions(name, *seqs),
        "report": report or {},
        "account": lines(name, *seqs),
        "siblings": {},
    }


def keys(merged):
    return [(d["turn"], d["seq"]) for d in merged["decisions"]], [line["id"] for line in merged["account"]]


def test_an_update_needs_no_more_than_what_changed():
    begun = merge({}, {"turn": turn("a"), "decisions": [], "report": {}, "account": []})
    assert set(begun) == {"turn", "decisions", "report", "account", "siblings"}
    one = merge(begun, {"turn": turn("a", 1), "decisions": decisions("a", 0), "account": lines("a", 0)})
    two = merge(one, {"turn": turn("a", 2), "decisions": decisions("a", 1), "account": lines("a", 1)})
    assert two == channel("a", 0, 1)
    assert merge(two, {"report": {"cost": 1}}) == {**two, "report": {"cost": 1}}
    assert merge(two, {}) == two


def test_merging_again_changes_nothing():
    whole, early = channel("a", 0, 1, 2, report={"cost": 1}), channel("a", 0, 1)
    assert merge(whole, whole) == merge(whole, early) == merge(early, whole) == whole


def test_what_was_withdrawn_does_not_come_back():
    before = channel("a", 0, 1)
    before["turn"]["earlier"] = ["a draft"]
    done = channel("a", 0, 1, report={"cost": 1})
    assert merge(done, before) == done


def test_an_edit_of_the_turn_counts():
    done = channel("a", 0, 1, report={"cost": 1})
    edited = {**done["turn"], "text": "Who else?"}
    assert merge(done, {"turn": edited})["turn"] == edited


def test_a_new_turn_drops_older_ones():
    left = merge(channel("a", 0, step="s1", message_id="m1"), channel("b", 0, step="s1", message_id="m2"))
    assert set(left["siblings"]) == {"a"}
    assert merge(left, channel("c", 0)) == channel("c", 0)
    assert merge(channel("c", 0), left) == channel("c", 0), "whichever comes first"


def test_a_turn_that_began_in_the_same_state_drops_what_it_found():
    left = channel("a", 0, step="s", message_id="m")
    right = channel("b", 0, step="s", message_id="m", replaces=["a"])
    assert merge(left, right) == right


@pytest.mark.parametrize("shared", ["step", "message_id"])
def test_siblings_stay_in_any_order(shared):
    parts = [channel(name, 0, 1, report={"query_id": name}, **{shared: "same"}) for name in "abcd"]
    found = []
    for order in itertools.permutations(parts):
        merged = {}
        for part in order:
            merged = merge(merge(merged, part), part)
        found.append(merged)
        assert merged["turn"]["id"] == "d"
        assert {name: each["report"] for name, each in merged["siblings"].items()} == {
            name: {"query_id": name} for name in "abc"
        }
        assert sorted(keys(merged)[0]) == [(name, seq) for name in "abcd" for seq in (0, 1)]
        assert len(set(keys(merged)[1])) == len(merged["account"]) == 8


def test_a_later_run_replaces_what_an_earlier_one_decided_from_there_on():
    left = channel("a", 0, 1, 2, 3, 4)
    again = {"turn": turn("a", 3, attempt=2), "decisions": decisions("a", 2, attempt=2)}
    merged = merge(left, again)
    assert [(d["attempt"], d["seq"]) for d in merged["decisions"]] == [(1, 0), (1, 1), (2, 2)]
    assert merged["turn"]["attempt"] == 2
    assert merge(merged, left)["decisions"] == merged["decisions"]


def test_a_settled_line_is_not_unsettled():
    settled = {**channel("a", 0), "account": lines("a", 0, settled=True)}
    for one, other in itertools.permutations([channel("a", 0), settled]):
        assert merge(one, other)["account"] == settled["account"]


@settings(max_examples=150)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 3), st.integers(0, 3)), min_size=1, max_size=7),
    st.randoms(),
)
def test_decisions_come_to_the_same_in_any_order_and_nothing_is_changed_in_place(picks, random):
    parts = [
        {**channel(name, step="same"), "decisions": decisions(name, seq, attempt=attempt)}
        for name, attempt, seq in picks
    ]
    mixed = random.sample(parts, len(parts))
    outs = []
    for order in (parts, mixed):
        merged = {}
        for part in order:
            before = copy.deepcopy((merged, part))
            after = merge(merged, part)
            assert (merged, part) == before
            merged = after
        outs.append(sorted((d["turn"], d["attempt"], d["seq"]) for d in merged["decisions"]))
    assert outs[0] == outs[1]
