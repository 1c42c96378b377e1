"""The contract of a prompt strategy, and the common parts.

A strategy turns a question into messages, and the model's raw text into the answer's span. Passages
are untrusted data: control tokens of chat templates are removed, the passages are placed between
delimiters, and the model is instructed to ignore instructions in them.

Your own strategy is a class with two methods. This base adds instructions, language and system messages
to its prompts::

    @PROMPTS.register("haiku")
    class Haiku(PromptStrategy):
        max_tokens, expected_tokens = 64, 24.0

        def rules(self, grounded: bool) -> str:
            return "Answer in a haiku." + (" Keep to the passages." if grounded else "")

        def parse(self, text: str, question: str = "") -> Answer:
            return span(text, 0)
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from dynamicrag.llm.prompt_cache import in_common, prompt_text
from dynamicrag.llm.prompts.spans import Answer, prose, span
from dynamicrag.llm.prompts.voice import AUTO, CONTROL, Style, Voice
from dynamicrag.records import Passage
from dynamicrag.registry import Registry

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

__all__ = [
    "BLANK",
    "NOTHING",
    "PROMPTS",
    "UNANSWERABLE",
    "Answer",
    "PromptStrategy",
    "clean",
    "instructed",
    "listed",
    "span",
]

UNANSWERABLE = "unanswerable"
"""A model's reply when the passages do not have the answer."""


NOTHING = "–"
BLANK = Passage(id=NOTHING, document=NOTHING, title=NOTHING, text=NOTHING, score=0.0)
"""A question and a passage for a prompt that asks nothing."""
SAMPLES = (
    ("Who built it?", Passage(id="a", document="a", title="A mill", text="It has a wheel.", score=0.0)),
    ("Is it open?", Passage(id="b", document="b", title="The quay", text="Ships land here.", score=0.0)),
)
"""Questions and passages that have no beginning in common."""
REMEMBERED = 256


class PromptStrategy(ABC):
    """Turns a question into messages for a chat model, and reads the answer from its reply.

    Args:
        instructions: The user's instructions to the model, for example "You are ACME's assistant."; first in
            the system prompt.
        language: ``auto`` for the question's language, or the code or English name of a language.
        style: ``brief`` for as few words as possible, for benchmark scores; ``full`` for sentences, for
            people.

    Attributes:
        max_tokens: Largest number of tokens to generate.
        expected_tokens: Usual number of tokens of an answer.
        streams: Whether the raw text is the answer, so that its tokens may be shown as they arrive.
        speaks: Whether the answer from passages is in the model's own words, so that the prompt names the
            language; ``False`` if code composes it from a form that the model fills in.
        voice: Instructions, language and style.
    """

    max_tokens: int
    expected_tokens: float
    streams: bool = True
    speaks: bool = True
    voice: Voice = Voice()

    def __init__(self, *, instructions: str = "", language: str = AUTO, style: Style = "brief") -> None:
        self.voice = Voice(instructions, language, style)

    @abstractmethod
    def rules(self, grounded: bool) -> str:
        """Return the rules of the system prompt, for a question with or without passages."""

    @abstractmethod
    def parse(self, text: str, question: str = "") -> Answer:
        """Find the answer to ``question`` in a model's raw text."""

    def found(self, text: str, start: int) -> Answer:
        """Return ``text[start:]`` as an answer in this style: short without marks, sentences unchanged."""
        return (span if self.voice.style == "brief" else prose)(text, start)

    def speaking(self, voice: Voice) -> Self:
        """Return this strategy with the instructions and the language of ``voice``; its style stays."""
        other = copy(self)
        other.voice = replace(voice, style=self.voice.style)
        return other

    def stops(self, grounded: bool) -> tuple[str, ...]:  # noqa: ARG002
        """Return the texts that end the answer."""
        return ()

    def messages(
        self,
        question: str,
        passages: Sequence[Passage] = (),
        history: Sequence[tuple[str, str]] = (),
        system: str = "",
    ) -> "list[BaseMessage]":
        """Return the conversation to send.

        Args:
            question: The standalone question.
            passages: The passages, best first; empty to answer without passages.
            history: Earlier messages as ``(role, text)``, oldest first; roles are ``user`` and ``assistant``.
            system: The conversation's own system messages; placed before the strategy's rules.
        """
        from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

        grounded = bool(passages)
        reminder = self.voice.reminder(question) if self.speaks or not grounded else ""
        language = self.voice.fixed if reminder and grounded else reminder
        rules = self.voice.system(self.rules(grounded), given=clean(system), language=language)
        turns: list[BaseMessage] = [SystemMessage(rules)]
        for role, text in history:
            turns.append(AIMessage(clean(text)) if role in ("assistant", "ai") else HumanMessage(clean(text)))
        turns.append(HumanMessage(self.ask(clean(question), passages, reminder)))
        return turns

    @cached_property
    def overheads(self) -> tuple[float, float]:
        """Approximate tokens of a prompt besides question and passages, without and with passages."""
        nothing = Passage(id="", document="", title="", text="", score=0.0)
        bare, grounded = self.messages(""), self.messages("", [nothing])
        return tuple(sum(len(m.text) / 4 + 5 for m in turns) for turns in (bare, grounded))  # type: ignore[return-value]

    def beginning(self, grounded: bool, system: str = "") -> str:
        """Return the text that prompts without or with passages begin with; ``""`` if unknown.

        Args:
            grounded: Whether there are passages.
            system: The conversation's own system messages.
        """
        known, key = self._beginnings, (self.voice, grounded, system)
        if key not in known:
            if len(known) >= REMEMBERED:
                known.clear()
            one, other = (
                prompt_text(self.messages(asked, [found] if grounded else [], system=system))
                for asked, found in SAMPLES
            )
            known[key] = one[: in_common(one, other)]
        return known[key]

    @cached_property
    def _beginnings(self) -> dict[tuple[Voice, bool, str], str]:
        return {}

    def ask(self, question: str, passages: Sequence[Passage], language: str = "") -> str:
        """Return the last message: the passages, the question, and the language to answer in.

        Without passages it is the question alone; the system prompt names the language then.
        """
        if not passages:
            return question
        named = f"\nAnswer in {language}." if language else ""
        return f"{listed(passages)}\n\nQuestion: {question}{named}"


def listed(passages: Sequence[Passage]) -> str:
    """Return passages as a numbered list between delimiters, cleaned."""
    lines = (
        f"[{number}] {clean(passage['title'])}: {clean(passage['text'])}"
        for number, passage in enumerate(passages, 1)
    )
    return "\n".join(["<passages>", *lines, "</passages>"])


def instructed(system: str, text: str) -> "list[BaseMessage]":
    """Return a prompt of two messages: the instructions, and the user's text."""
    from langchain_core.messages import HumanMessage, SystemMessage

    return [SystemMessage(system), HumanMessage(text)]


def clean(text: str) -> str:
    """Remove chat templates' control tokens and our own delimiters from a text."""
    return CONTROL.sub(" ", text).strip()


PROMPTS = Registry[PromptStrategy]("prompt strategy", "dynamicrag.llm.prompts", PromptStrategy)


def prompt_spec(option: str, spec: Any) -> Any:
    """Return the full spec of an option; bare parameters belong to the prompt of the same name.

    ``direct: {style: full}`` means ``direct: {direct: {style: full}}``.
    """
    if spec is None:
        return option
    named = isinstance(spec, dict) and len(spec) == 1 and next(iter(spec)) in PROMPTS
    return {option: spec} if isinstance(spec, dict) and not named and option in PROMPTS else spec
