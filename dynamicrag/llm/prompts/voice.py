"""The voice of answers: the user's instructions, the language, and the length.

Small models follow the last instruction best. So a language known from the question is named in the last
message, after the question; the messages before it, which are the same for every question, stay in the
prompt cache.
"""

import re
from dataclasses import dataclass
from typing import Literal

from dynamicrag.text.spoken import NAMES, asked_in, code_of, language_name

__all__ = ["AUTO", "CONTROL", "MOST_INSTRUCTIONS", "Style", "Voice"]

Style = Literal["brief", "full"]
AUTO = "auto"
MOST_INSTRUCTIONS = 8_000
"""Largest number of characters of a policy's instructions: about 2,000 tokens in every prompt."""
PERSONA = "You are a helpful assistant. "
"""Beginning of the rules if no instructions define the model's role."""
QUESTION_S = "the language of the question"

# Control tokens of the chat templates in use (ChatML, Llama 2 and 3, Gemma, Mistral), and our delimiters.
CONTROL = re.compile(
    r"<\|[^|<>\n]{1,40}\|>|</?s>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>|<[be]os>|</?passages>",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Voice:
    """The voice of answers.

    Args:
        instructions: The user's instructions to the model, for example "You are ACME's assistant."
        language: ``auto`` for the question's language, or the code or English name of a language.
        style: ``brief`` for as few words as possible, ``full`` for sentences.

    Attributes:
        language: ``auto``, or the English name of a language.

    Raises:
        ValueError: The instructions are too long or contain control tokens, or the language is unknown.
    """

    instructions: str = ""
    language: str = AUTO
    style: Style = "brief"

    def __post_init__(self) -> None:
        text = self.instructions.strip()
        if len(text) > MOST_INSTRUCTIONS:
            raise ValueError(
                f"instructions: {len(text):,} characters; at most {MOST_INSTRUCTIONS:,}. Shorten them; put "
                "the source texts of answers into a corpus"
            )
        if control := CONTROL.search(text):
            raise ValueError(f"instructions: {control[0]!r} is a control token of chat templates; remove it")
        language = self.language.strip()
        object.__setattr__(self, "instructions", text)
        object.__setattr__(self, "language", AUTO if language.lower() == AUTO else language_name(language))

    @property
    def fixed(self) -> str:
        """The name of the fixed language of answers, or ``""``."""
        return "" if self.language == AUTO else self.language

    @property
    def tongue(self) -> str:
        """The language of answers, worded for any question."""
        return self.fixed or QUESTION_S

    def language_of(self, question: str) -> str:
        """Return the language code of an answer; ``""`` if it has none or is unknown."""
        return code_of(self.fixed) if self.fixed else asked_in(question)

    def reminder(self, question: str) -> str:
        """Return the language to name after a question; ``""`` for English, the language of the prompts."""
        if self.fixed:
            return self.fixed
        code = asked_in(question)
        return "" if code == "en" else NAMES.get(code, QUESTION_S)

    def system(self, rules: str, *, given: str = "", language: str = "") -> str:
        """Return a system prompt: the instructions, the conversation's own system messages, then our rules.

        The rules come last, so that nothing before them overrides the rules on documents.

        Args:
            rules: The prompt strategy's rules.
            given: The conversation's own system messages.
            language: The language to answer in, if the rules do not name it.
        """
        if language and language not in rules:
            rules = f"{rules} Answer in {language}."
        if self.instructions or given:
            rules = rules.removeprefix(PERSONA)
        return "\n\n".join(filter(None, (self.instructions, given, rules)))
