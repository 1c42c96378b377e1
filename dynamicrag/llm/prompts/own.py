"""User-defined prompts: LangChain's prompt templates, texts with placeholders, and functions.

Such a prompt is sent unchanged: without our rules, worked examples or labels. The passages' text is inserted
unchanged, and the model's reply is the answer.
"""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dynamicrag.errors import PolicyError, unknown
from dynamicrag.llm.prompts.base import Answer, PromptStrategy
from dynamicrag.records import Passage

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage
    from langchain_core.prompts import BasePromptTemplate

__all__ = ["OwnPrompt", "adapt_prompt"]

QUESTION = ("question", "input", "query")
CONTEXT = ("context", "documents", "passages")
HISTORY = ("chat_history", "history", "messages")
"""Names of the history in templates; a history needs a placeholder for messages."""
MAX_TOKENS = 1024
ABOUT = 60.0
"""Assumed tokens of a function's prompt besides question and passages; it is not called to count them."""

Write = Callable[[str, Sequence[Passage]], Any]


class OwnPrompt(PromptStrategy):
    """A user-defined prompt.

    Args:
        given: A LangChain prompt template or a text, with ``{question}`` and ``{context}``; or a function of
            the question and the passages that returns messages, a prompt value or a text.
        max_tokens: Largest number of tokens to generate.
        where: Place in the user's input, for messages.

    Raises:
        PolicyError: The object is not one of these, or has unknown placeholders.
    """

    expected_tokens = 120.0

    def __init__(self, given: Any, *, max_tokens: int = MAX_TOKENS, where: str = "prompt") -> None:
        from langchain_core.prompts import BasePromptTemplate, ChatPromptTemplate

        super().__init__()
        self.max_tokens = max_tokens
        self._where = where
        self._template: BasePromptTemplate[Any] | None = None
        self._write: Write | None = None
        if isinstance(given, str):
            try:
                given = ChatPromptTemplate.from_template(given)
            except ValueError as error:
                raise PolicyError(
                    f"{where}: is no text with places ({error}); write {{question}} and {{context}}, "
                    "and double the braces that are text: '{{' and '}}'"
                ) from None
        if isinstance(given, BasePromptTemplate):
            self._template = _checked(given, where)
        elif callable(given):
            self._write = given
        else:
            raise PolicyError(
                f"{where}: expected a LangChain prompt template, a text with {{question}} and {{context}}, "
                f"or a function of question and passages, got a {type(given).__name__}"
            )

    def rules(self, grounded: bool) -> str:  # noqa: ARG002
        """Return an empty text: the user's prompt has its own rules."""
        return ""

    def messages(
        self,
        question: str,
        passages: Sequence[Passage] = (),
        history: Sequence[tuple[str, str]] = (),
        system: str = "",
    ) -> "list[BaseMessage]":
        """Return the conversation to send; its system messages precede the prompt's.

        Raises:
            PolicyError: The user's function failed, or did not return messages.
        """
        from langchain_core.messages import SystemMessage

        written = self._written(question, passages, history)
        if not system:
            return written
        if isinstance(written[0], SystemMessage):
            first, *written = written
            system = f"{system}\n\n{first.text}"
        return [SystemMessage(system), *written]

    def parse(self, text: str, question: str = "") -> Answer:  # noqa: ARG002
        """Return the whole text."""
        return Answer(text, 0)

    @cached_property
    def overheads(self) -> tuple[float, float]:
        """Approximate tokens of a prompt besides question and passages."""
        return (ABOUT, ABOUT) if self._template is None else super().overheads

    def beginning(self, grounded: bool, system: str = "") -> str:
        """See the base class; unknown for a function, which is not called for it."""
        return "" if self._template is None else super().beginning(grounded, system)

    def _written(
        self, question: str, passages: Sequence[Passage], history: Sequence[tuple[str, str]]
    ) -> "list[BaseMessage]":
        from langchain_core.messages import convert_to_messages
        from langchain_core.prompt_values import PromptValue

        if self._template is not None:
            return self._template.invoke(self._values(question, passages, history)).to_messages()
        assert self._write is not None, "a prompt is a template or a function"
        name = getattr(self._write, "__name__", type(self._write).__name__)
        try:
            said = self._write(question, passages)
        except Exception as error:  # the user's code can raise anything
            raise PolicyError(f"{self._where}: {name} failed: {type(error).__name__}: {error}") from error
        if isinstance(said, PromptValue):
            return said.to_messages()
        try:
            messages = convert_to_messages([said] if isinstance(said, str) else said)
        except (TypeError, ValueError, NotImplementedError) as error:
            raise PolicyError(self._wrong(name, said)) from error
        if not messages:
            raise PolicyError(self._wrong(name, said))
        return messages

    def _values(
        self, question: str, passages: Sequence[Passage], history: Sequence[tuple[str, str]]
    ) -> dict[str, Any]:
        assert self._template is not None, "a function has no places"
        turns = [("ai" if role in ("assistant", "ai") else "human", text) for role, text in history]
        context = "\n\n".join(passage["text"] for passage in passages)
        known = {
            **dict.fromkeys(QUESTION, question),
            **dict.fromkeys(CONTEXT, context),
            **dict.fromkeys(HISTORY, turns),
        }
        places = [*self._template.input_variables, *self._template.optional_variables]
        return {place: known[place] for place in places if place in known}

    def _wrong(self, name: str, said: object) -> str:
        return (
            f"{self._where}: {name} returned a {type(said).__name__} that holds no messages; valid: a list "
            "of messages, such as [('system', '…'), ('human', '…')], a prompt value or a text"
        )


def adapt_prompt(given: Any, where: str) -> PromptStrategy:
    """Return a user's object as a prompt strategy.

    Raises:
        PolicyError: The object is not a prompt.
    """
    return given if isinstance(given, PromptStrategy) else OwnPrompt(given, where=where)


def _checked(template: "BasePromptTemplate[Any]", where: str) -> "BasePromptTemplate[Any]":
    places = template.input_variables
    valid = (*QUESTION, *CONTEXT, *HISTORY)
    for place in places:
        if place not in valid:
            raise PolicyError(f"{unknown(where, 'place', place, valid)}; fill others by template.partial(…)")
    if not set(places) & set(QUESTION):
        raise PolicyError(f"{where}: has no place for the question; valid: {', '.join(QUESTION)}")
    return template
