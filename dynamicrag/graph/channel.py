"""Our part of a graph's state: one channel of plain JSON, and the reducer that merges it.

A query is identified by its id. A new turn of the conversation drops the queries of earlier turns. Queries of
the same turn, from ``Send`` or from parallel branches, are kept side by side. Merging is idempotent, so a
parent graph may merge a subgraph's channel again.
"""

from collections.abc import Collection, Mapping
from typing import Annotated, Any

from typing_extensions import TypedDict  # pydantic needs this one before Python 3.12

from dynamicrag.records import AccountLine, Decision
from dynamicrag.turn import TurnState


class Sibling(TypedDict):
    """Another query of the same turn of the conversation.

    Attributes:
        turn: Its state in the stages.
        report: Its report; empty until it is done.
    """

    turn: TurnState
    report: dict[str, Any]


class Channel(TypedDict):
    """The state of the current turn of the conversation; it has every key once a query has begun.

    Attributes:
        turn: The state of the query in the stages; with several queries, the last to begin.
        decisions: The routing decisions, in order, of all queries.
        report: Cost and path of the query; empty until it is done.
        account: The calls of all queries, with their costs.
        siblings: The other queries by id.
    """

    turn: TurnState
    decisions: list[Decision]
    report: dict[str, Any]
    account: list[AccountLine]
    siblings: dict[str, Sibling]


def merge(left: Channel, right: Channel) -> Channel:
    """Return the channel with an update merged in; neither is changed.

    Decisions are keyed by query, attempt and sequence: a later run from a checkpoint replaces the decisions
    of an earlier run after that checkpoint. Account lines are keyed by their ids.

    Args:
        left: The current channel; ``{}`` at first.
        right: The update, which may lack any key.
    """
    if not right:
        return left
    if not left:
        return _whole(right)
    here, there = left["turn"], right.get("turn") or left["turn"]
    if here["id"] != there["id"] or right.get("siblings"):
        return _side_by_side(left, right)
    merged: Channel = {**left}
    if "report" not in right and there["seq"] >= here["seq"] and there["attempt"] == here["attempt"]:
        merged["turn"] = there  # a node's update: the common case, at every step, so it takes the short way
    else:
        merged["turn"], merged["report"] = _later(
            _entry(left), {"turn": there, "report": right.get("report")}
        )
    if made := right.get("decisions"):
        merged["decisions"] = _decisions(left["decisions"], made)
    if lines := right.get("account"):
        merged["account"] = _account(left["account"], lines)
    return merged


RagChannel = Annotated[Channel, merge]
"""Type of our channel; declare it to read the channel: ``class State(MessagesState): rag: RagChannel``."""


def _whole(given: Mapping[str, Any]) -> Channel:
    empty: Channel = {"turn": {}, "decisions": [], "report": {}, "account": [], "siblings": {}}
    return {**empty, **given}  # type: ignore[typeddict-item]  # an update has no other keys


def _entry(channel: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"turn": channel["turn"], "report": channel.get("report")}


def _later(one: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[TurnState, dict[str, Any]]:
    """Return the turn and the report of a query from the later of two; from ``other`` if neither is later.

    A channel with an empty report is from before the end of the query, so it is earlier than one with a
    report.
    """
    early = other["report"] == {} and bool(one["report"])
    behind = _progress(other["turn"]) < _progress(one["turn"])
    first, last = (other, one) if early or behind else (one, other)
    return last["turn"], last["report"] or first["report"] or {}


def _progress(turn: TurnState) -> tuple[int, int]:
    return turn.get("attempt", 1), turn.get("seq", 0)


def _decisions(left: list[Decision], right: list[Decision]) -> list[Decision]:
    if left and right:
        last, first = left[-1], right[0]
        same = last["turn"] == first["turn"] and last.get("attempt") == first.get("attempt")
        if same and last["seq"] + 1 == first["seq"]:
            return [*left, *right]  # the lines that a node adds
    merged = {_key(decision): decision for decision in [*left, *right]}
    kept: list[Decision] = []
    newest: dict[str, int] = {}
    for query, attempt, seq in sorted(merged, key=lambda key: (key[0], key[2], -key[1])):
        if attempt >= newest.get(query, attempt):
            newest[query] = attempt
            kept.append(merged[query, attempt, seq])
    return kept


def _key(decision: Decision) -> tuple[str, int, int]:
    return decision["turn"], decision.get("attempt", 1), decision["seq"]


def _account(left: list[AccountLine], right: list[AccountLine]) -> list[AccountLine]:
    known = {line["id"] for line in left}
    if known.isdisjoint([line["id"] for line in right]):
        return [*left, *right]
    merged = {line["id"]: line for line in left}
    for line in right:
        if line.get("settled") or not merged.get(line["id"], line).get("settled"):
            merged[line["id"]] = line
    return list(merged.values())


def _side_by_side(left: Channel, right: Channel) -> Channel:
    """Merge channels of several queries: drop those of earlier turns, keep siblings."""
    queries = _queries(left)
    for name, other in _queries(right).items():
        mine = queries.get(name)
        queries[name] = (
            other if mine is None else dict(zip(("turn", "report"), _later(mine, other), strict=True))
        )
    turns = [entry["turn"] for entry in queries.values()]
    kept = {
        name: queries[name]
        for name in sorted(queries)
        if not any(_drops(turn, queries[name]["turn"]) for turn in turns)
    }
    last = max(kept)
    siblings = {
        name: Sibling(turn=entry["turn"], report=entry["report"] or {})
        for name, entry in kept.items()
        if name != last
    }
    return {
        "turn": kept[last]["turn"],
        "decisions": _of(kept, "turn", _decisions(left["decisions"], right.get("decisions") or [])),
        "report": kept[last]["report"] or {},
        "account": _of(kept, "query", _account(left["account"], right.get("account") or [])),
        "siblings": siblings,
    }


def _queries(channel: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {**(channel.get("siblings") or {}), channel["turn"]["id"]: _entry(channel)}


def _of(queries: Collection[str], key: str, rows: list[Any]) -> list[Any]:
    return [row for row in rows if row[key] in queries]


def _drops(newer: TurnState, older: TurnState) -> bool:
    """Return whether a query belongs to a later conversation turn than another; ids sort by time.

    Siblings began in the same step of the outermost graph, or answer the same message.
    """
    if newer["id"] <= older["id"]:
        return False
    if older["id"] in newer.get("replaces", ()):
        return True
    return not any(newer.get(key) and newer.get(key) == older.get(key) for key in ("step", "message_id"))
