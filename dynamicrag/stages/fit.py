"""Prompts that fit a model's context, and passages that fit a budget."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dynamicrag.errors import BudgetExceeded, ProviderError, TotalExceeded
from dynamicrag.llm.chat import ChatModel
from dynamicrag.llm.prompts.base import PromptStrategy
from dynamicrag.records import Passage
from dynamicrag.stages.base import query_of
from dynamicrag.turn import TurnState

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

SHORTEST = 200  # fewest characters of a passage worth showing


@dataclass(frozen=True, slots=True)
class Fitted:
    """A prompt that fits: its messages, the passages in it, and the ids of those dropped or cut."""

    messages: "list[BaseMessage]"
    passages: list[Passage]
    dropped: list[str]


async def fitted(
    model: ChatModel, write: Callable[[Sequence[Passage]], "list[BaseMessage]"], passages: Sequence[Passage],
    max_tokens: int,
) -> "list[BaseMessage]":  # fmt: skip
    """Make a prompt with as many passages, best first, as leave room for the reply.

    Raises:
        ProviderError: The prompt is too long without any passage.
    """
    if model.context is not None:
        await model.aload()
    for count in range(len(passages), -1, -1):
        messages = write(passages[:count])
        if model.context is None or await model.count_prompt(messages) <= model.context - max_tokens:
            return messages
    raise ProviderError(
        f"model {model.name} ({model.spec}): its context of {model.context:,} tokens has no room for "
        "question and answer; ask a shorter question, or give the model a larger 'context'"
    )


async def fit(model: ChatModel, strategy: PromptStrategy, turn: TurnState) -> Fitted:
    """Make a prompt that leaves room for the answer in the model's context.

    Passages are dropped first, the worst first; a single passage that is too long by itself is cut at its
    end. Then the history is dropped, oldest first, because the question should stand alone. Instructions and
    system messages stay whole.

    Raises:
        ProviderError: The question, with instructions and system messages, is too long for the model.
    """
    if model.context is not None:
        await model.aload()  # it counts the tokens itself, and loading would block the loop
    query, system = query_of(turn), turn.get("system", "")
    passages = list(turn.get("passages", []))
    # a question rewritten to stand alone no longer needs its history
    history = [] if turn.get("follow_up") == "rewritten" else list(query.history)
    dropped: list[str] = []
    while True:
        messages = strategy.messages(query.text, passages, history, system)
        if model.context is None:
            return Fitted(messages, passages, dropped)
        room, tokens = model.context - strategy.max_tokens, await model.count_prompt(messages)
        if tokens <= room:
            return Fitted(messages, passages, dropped)
        if passages:
            last = passages.pop()
            if last["id"] not in dropped:
                dropped.append(last["id"])
            if not passages and len(last["text"]) > SHORTEST:
                keep = max(SHORTEST, int(len(last["text"]) * 0.95 * room / tokens))
                passages = [{**last, "text": last["text"][: min(keep, len(last["text"]) - 1)]}]
        elif history:
            del history[0]
        else:
            raise _too_long(model, strategy, turn, tokens, room)


def _too_long(
    model: ChatModel, strategy: PromptStrategy, turn: TurnState, tokens: int, room: int
) -> ProviderError:
    given = len(strategy.voice.instructions) + len(turn.get("system", ""))
    long = given > len(turn["text"])
    return ProviderError(
        f"model {model.name} ({model.spec}): "
        + (f"instructions and system messages ({given:,} characters) and the question take " if long else "")
        + ("" if long else "the question alone takes ")
        + f"{tokens:,} tokens, and its context has room for {room:,} besides the answer;  "
        + ("shorten the instructions or the system messages" if long else "ask a shorter question")
        + ", or give the model a larger 'context'"
    )


def lighter(stage: str, turn: TurnState, error: Exception) -> TurnState | None:
    """Return the turn without the worst of its passages, or ``None`` if that does not help.

    A single passage is cut at its end, but part of it stays: an answer without documents is another answer.

    If ``error`` concerns all models together, waiting for others' reservations has not helped.
    """
    passages = turn.get("passages", [])
    too_expensive = isinstance(error, BudgetExceeded) and not isinstance(error, TotalExceeded)
    if isinstance(error.__cause__, TimeoutError):  # the time is used up for any prompt
        return None
    if stage != "generator" or not passages or not too_expensive:
        return None
    if len(passages) > 1:
        return {**turn, "passages": passages[:-1]}
    (last,) = passages
    if len(last["text"]) <= SHORTEST:
        return None
    cut = max(SHORTEST, len(last["text"]) * 3 // 4)
    return {**turn, "passages": [{**last, "text": last["text"][:cut]}]}
