"""The page of state and events: the typed dictionaries that a graph keeps and streams."""

from typing import Any, NotRequired, Required, get_args, get_origin, get_type_hints

from prose import Doc, in_words, table

from dynamicrag import records, turn
from dynamicrag.graph import channel, events

INTRODUCTION = """# State and events

DynamicRAG keeps plain JSON under one key of your graph's state, `rag` unless `prefix` names another, and
only for the current turn of the conversation. Declare `rag: RagChannel` in your own schema to read it; the
state of a whole graph, `RagState`, is `messages` and `rag`. The type of `rag` is [`Channel`](#channel). A
key marked *may be missing* is there only when it says something.
"""
STATE = (
    channel.Channel, turn.TurnState, records.Decision, records.Passage, turn.Draft,
    turn.Attempt, turn.Escalation, turn.LastTurn, records.AccountLine, records.Figure, channel.Sibling,
)  # fmt: skip
EVENTS_INTRODUCTION = """## Events

`stream_mode="custom"` yields these events, in the order in which they happen; `stream_mode="messages"`
yields the tokens of the answer and nothing else. [Stream answers](../tutorials/streaming.md) shows a
client.
"""
EVENTS = (
    events.BegunEvent,
    events.DecisionEvent, events.WithdrawnEvent, events.ReportEvent, events.Report, events.DraftCount,
    events.Source,
)  # fmt: skip


REQUESTS_INTRODUCTION = """## Requests for more budget

With `exhausted: ask`, a query whose budget is used up interrupts the graph; the interrupt's value is a
[`BudgetRequest`](#budgetrequest). [Ask for more budget](../how-to/ask-for-budget.md) shows how to answer it.
"""
REQUESTS = (events.BudgetRequest, events.BudgetOffer, events.BudgetAnswer, turn.Lack)


def page() -> str:
    """Return the page."""
    parts = [INTRODUCTION, *(_section(kind) for kind in STATE), EVENTS_INTRODUCTION]
    parts += [*(_section(kind, "###") for kind in EVENTS), REQUESTS_INTRODUCTION]
    return "\n".join([*parts, *(_section(kind, "###") for kind in REQUESTS)])


def _section(kind: type, mark: str = "##") -> str:
    doc, hints = Doc.of_all(kind), get_type_hints(kind, include_extras=True)
    above = [base for base in getattr(kind, "__orig_bases__", ()) if base in (*STATE, *EVENTS)]
    inherited = {key for base in above for key in get_type_hints(base)}
    rows = [
        (f"`{key}`", in_words(_bare(hint)), doc.named.get(key, "") + _missing(kind, hint))
        for key, hint in hints.items() if key not in inherited
    ]  # fmt: skip
    more = "".join(f"It has all keys of {in_words(base)}, and:\n\n" for base in above)
    return f"{mark} {kind.__name__}\n\n{doc.text}\n\n{more}{table(('key', 'type', 'what it is'), rows)}"


def _bare(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) in (NotRequired, Required) else hint


def _missing(kind: Any, hint: Any) -> str:
    rare = get_origin(hint) is NotRequired and kind.__total__
    return " *May be missing.*" if rare else ""
