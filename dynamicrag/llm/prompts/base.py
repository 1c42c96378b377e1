"""The contract of a prompt strategy, and what all of them share.

A strategy turns a question into messages, and the model's raw text into the answer's span. Passages
are data from outside: control tokens of chat templates are taken out of them, they stand between
delimiters, and the model is told to ignore instructions in them.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from dynamicrag.registry import Registry
from dynamicrag.types import Passage

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

__all__ = ["PROMPTS", "UNANSWERABLE", "Answer", "PromptStrategy", "clean", "listed"]

UNANSWERABLE = "unanswerable"
"""What a model replies when the passages do not hold the answer."""

# Control tokens of the chat templates in use (ChatML, Llama 2 and 3, Gemma, Mistral), and our delimiters.
_CONTROL = re.compile(
    r"<\|[^|<>\n]{1,40}\|>|</?s>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>|<[be]os>|</?passages>",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer in a model's raw text: ``text``, which begins at character ``start`` of the raw text."""

    text: str
    start: int


class PromptStrategy(ABC):
    """How a question is put to a chat model, and the answer read from what it says.

    Attributes:
        max_tokens: Most tokens to generate.
        expected_tokens: Tokens that an answer usually takes.
        streams: Whether the raw text is the answer, so that its tokens may be shown as they come.
    """

    max_tokens: int
    expected_tokens: float
    streams: bool = True

    @abstractmethod
    def instructions(self, grounded: bool) -> str:
        """Return the system prompt, for a question with passages or without."""

    @abstractmethod
    def parse(self, text: str) -> Answer:
        """Find the answer in a model's raw text."""

    def stops(self, grounded: bool) -> tuple[str, ...]:  # noqa: ARG002
        """Return the texts that end the answer."""
        return ()

    def messages(
        self, question: str, passages: Sequence[Passage] = (), history: Sequence[tuple[str, str]] = ()
    ) -> "list[BaseMessage]":
        """Return the conversation to send.

        Args:
            question: What is asked, standing alone.
            passages: What was retrieved, best first; empty to answer without.
            history: Earlier messages as ``(role, text)``, oldest first; roles are ``user`` and ``assistant``.
        """
        from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

        turns: list[BaseMessage] = [SystemMessage(self.instructions(bool(passages)))]
        for role, text in history:
            turns.append(AIMessage(clean(text)) if role in ("assistant", "ai") else HumanMessage(clean(text)))
        turns.append(HumanMessage(self.ask(clean(question), passages)))
        return turns

    @cached_property
    def overheads(self) -> tuple[float, float]:
        """Tokens of a prompt besides question and passages, about: without passages, and with some."""
        nothing = Passage(id="", document="", title="", text="", score=0.0)
        bare, grounded = self.messages(""), self.messages("", [nothing])
        return tuple(sum(len(m.text) / 4 + 5 for m in turns) for turns in (bare, grounded))  # type: ignore[return-value]

    def ask(self, question: str, passages: Sequence[Passage]) -> str:
        """Return the last message: the passages, then the question."""
        if not passages:
            return question
        return f"{listed(passages)}\n\nQuestion: {question}"


def listed(passages: Sequence[Passage]) -> str:
    """Return passages as a numbered list between delimiters, cleaned."""
    lines = (
        f"[{number}] {clean(passage['title'])}: {clean(passage['text'])}"
        for number, passage in enumerate(passages, 1)
    )
    return "\n".join(["<passages>", *lines, "</passages>"])


def clean(text: str) -> str:
    """Take chat templates' control tokens and our own delimiters out of a text."""
    return _CONTROL.sub(" ", text).strip()


def span(text: str, start: int, end: int | None = None) -> Answer:
    """Return ``text[start:end]`` as an answer, without white space or marks of emphasis around it."""
    piece = text[start:end]
    bare = piece.strip(' \t\r\n*_`"')
    return Answer(bare, start + piece.find(bare) if bare else start)


PROMPTS = Registry[PromptStrategy]("prompt strategy", "dynamicrag.llm.prompts")
