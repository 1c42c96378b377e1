"""How answers sound: the user's own instructions, the language, and the length.

Small models follow what stands last. So a language that the question tells is named in the last message,
behind the question; the messages before it, which are the same for every question, stay in the prompt cache.
"""

import re
from dataclasses import dataclass
from typing import Literal

from dynamicrag.spoken import NAMES, asked_in, code_of, language_name

__all__ = ["AUTO", "CONTROL", "MOST_INSTRUCTIONS", "Style", "Voice"]

Style = Literal["brief", "full"]
AUTO = "auto"
MOST_INSTRUCTIONS = 8_000
"""Characters of a policy's instructions: about 2,000 tokens, which every prompt pays for."""
PERSONA = "You are a helpful assistant. "
"""What the rules begin with where nobody else says who the model is."""
QUESTION_S = "the language of the question"

# Control tokens of the chat templates in use (ChatML, Llama 2 and 3, Gemma, Mistral), and our delimiters.
CONTROL = re.compile(
    r"<\|[^|<>\n]{1,40}\|>|</?s>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>|<[be]os>|</?passages>",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Voice:
    """How answers sound.

    Args:
        instructions: The user's own words to the model, such as "You are ACME's assistant."
        language: ``auto`` for that of the question, or the code or English name of one.
        style: ``brief`` for as few words as possible, ``full`` for sentences.

    Attributes:
        language: ``auto``, or the English name of a language.

    Raises:
        ValueError: The instructions are too long or have control tokens in them, or the language is unknown.
    """

    instructions: str = ""
    language: str = AUTO
    style: Style = "brief"

    def __post_init__(self) -> None:
        text = self.instructions.strip()
        if len(text) > MOST_INSTRUCTIONS:
            raise ValueError(
                f"instructions: {len(text):,} characters; at most {MOST_INSTRUCTIONS:,}. Shorten them; what "
                "answers are to be taken from belongs into a corpus"
            )
        if control := CONTROL.search(text):
            raise ValueError(
                f"instructions: {control[0]!r} is a control token of chat templates; take it out"
            )
        language = self.language.strip()
        object.__setattr__(self, "instructions", text)
        object.__setattr__(self, "language", AUTO if language.lower() == AUTO else language_name(language))

    @property
    def fixed(self) -> str:
        """The name of the language that every answer is in, or ``""``."""
        return "" if self.language == AUTO else self.language

    @property
    def tongue(self) -> str:
        """The language of answers in words that hold for any question."""
        return self.fixed or QUESTION_S

    def language_of(self, question: str) -> str:
        """Return the code of the language that an answer is in; ``""`` where it has none or none is told."""
        return code_of(self.fixed) if self.fixed else asked_in(question)

    def reminder(self, question: str) -> str:
        """Return the language to name behind a question; ``""`` for English, which prompts are written in."""
        if self.fixed:
            return self.fixed
        code = asked_in(question)
        return "" if code == "en" else NAMES.get(code, QUESTION_S)

    def system(self, rules: str, *, given: str = "", language: str = "") -> str:
        """Return a system prompt: the instructions, the conversation's own system messages, then our rules.

        The rules stand last, so that nothing before them lifts the rules on documents.

        Args:
            rules: What the prompt strategy says.
            given: The conversation's own system messages.
            language: The language to answer in, where the rules do not name it.
        """
        if language and language not in rules:
            rules = f"{rules} Answer in {language}."
        if self.instructions or given:
            rules = rules.removeprefix(PERSONA)
        return "\n\n".join(filter(None, (self.instructions, given, rules)))
