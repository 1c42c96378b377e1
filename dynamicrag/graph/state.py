"""The graph's state: messages, and plain JSON that any checkpointer can keep."""

from collections.abc import Sequence
from typing import Annotated, Any

from langgraph.graph import MessagesState

from dynamicrag.types import Decision, TurnState


def merge_decisions(left: Sequence[Decision], right: Sequence[Decision]) -> list[Decision]:
    """Keep the decisions of the latest turn, each once, in order.

    Idempotent, so that a parent graph may merge a subgraph's list again; older turns are dropped, so
    that the list does not grow with the conversation. Turn ids sort by time.
    """
    if left and right and (left[-1]["turn"], left[-1]["seq"] + 1) == (right[0]["turn"], right[0]["seq"]):
        return [*left, *right]  # what a node adds to those before it
    merged = {(decision["turn"], decision["seq"]): decision for decision in [*left, *right]}
    latest = max((turn for turn, _ in merged), default="")
    return [merged[key] for key in sorted(merged) if key[0] == latest]


class RagState(MessagesState, total=False):
    """State of a DynamicRAG graph.

    Attributes:
        messages: The conversation.
        turn: All that the stages know and make of the current turn.
        decisions: The routing decisions of the current turn.
        report: What the current turn cost and which path it took, once it is done.
    """

    turn: TurnState
    decisions: Annotated[list[Decision], merge_decisions]
    report: dict[str, Any]
