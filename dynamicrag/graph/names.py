"""The keys of a graph's state that we read and write: messages, or the user's keys, and our channel."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from langchain_core.messages import AnyMessage
from langgraph.graph import MessagesState
from langgraph.graph.message import add_messages
from typing_extensions import TypedDict

from dynamicrag.errors import InputError, PolicyError
from dynamicrag.graph.channel import Channel, RagChannel

MESSAGES = "messages"


class RagState(MessagesState, total=False):
    """Default state of a DynamicRAG graph.

    Attributes:
        messages: The conversation.
        rag: The state of its current turn.
    """

    rag: RagChannel


@dataclass(frozen=True, slots=True)
class Names:
    """Keys of a graph's state.

    Attributes:
        prefix: Our channel.
        question: The question, a text; ``None`` for the last human message of ``messages``.
        answer: The answer, a text; ``None`` for a message that is added to ``messages``.
    """

    prefix: str = "rag"
    question: str | None = None
    answer: str | None = None

    def check(self, where: str) -> None:
        """Raise unless the names can be keys, and differ from each other.

        Raises:
            PolicyError: They cannot, or they are equal.
        """
        given = {"prefix": self.prefix, "question": self.question, "answer": self.answer}
        taken: dict[str, str] = {MESSAGES: "the conversation"}
        for name, key in given.items():
            if key is None and name != "prefix":
                continue
            if not isinstance(key, str) or not key or key.startswith("__"):
                raise PolicyError(
                    f"{where}: {name} is {key!r}; give the name of a key of the state, such as 'kb'"
                )
            if key in taken:
                raise PolicyError(
                    f"{where}: {name} and {taken[key]} are both {key!r}; give each its own name"
                )
            taken[key] = name

    @property
    def talks(self) -> bool:
        """Whether messages are read or written."""
        return self.question is None or self.answer is None

    def channel(self, state: Mapping[str, Any]) -> Channel | None:
        """Return our channel of the state; ``None`` before the first query."""
        return state.get(self.prefix) or None

    def asked(self, state: Mapping[str, Any]) -> str:
        """Return the question under the user's key.

        Raises:
            InputError: It is missing, or not a text.
        """
        value = state.get(self.question or "")
        if not isinstance(value, str):
            found = "missing" if value is None else f"of type {type(value).__name__}"
            raise InputError(
                f"{self.question}: it is {found}, expected the question as a text; "
                f"invoke with {{{self.question!r}: '...'}}"
            )
        return value


def state_schema(names: Names) -> type[Any]:
    """Return the state of the whole graph under these names."""
    if names == Names():
        return RagState
    keys: dict[str, Any] = {names.prefix: RagChannel}
    if names.talks:
        keys[MESSAGES] = Annotated[list[AnyMessage], add_messages]
    keys |= {key: str for key in (names.question, names.answer) if key is not None}
    return _schema("RagState", keys)


def given_schema(names: Names, *, inherits: bool = False) -> type[Any]:
    """Return the input schema of the whole graph: a question or messages, and our channel if inherited."""
    channel = {names.prefix: RagChannel} if inherits else {}
    if names.question is not None:
        return _schema("RagInput", {names.question: str, **channel})
    messages = {MESSAGES: Annotated[list[AnyMessage], add_messages]}
    return _schema("RagInput", {**messages, **channel}) if inherits else MessagesState


def result_schema(names: Names) -> type[Any]:
    """Return the output schema of the whole graph.

    It lacks the question: two graphs that run side by side within another graph must not both write it.
    """
    if names.question is None:
        return state_schema(names)
    answer = {names.answer: str} if names.answer else {MESSAGES: Annotated[list[AnyMessage], add_messages]}
    return _schema("RagOutput", {names.prefix: RagChannel, **answer})


def node_schema(names: Names) -> type[Any]:
    """Return the schema of a node's reads and writes, in our whole graph or in a user's graph.

    The user's keys have type ``Any`` here, so that the graph's own declarations of them apply.
    """
    keys: dict[str, Any] = {names.prefix: RagChannel, names.question or MESSAGES: Any}
    return _schema("RagNode", keys)


def _schema(name: str, keys: Mapping[str, Any]) -> type[Any]:
    made: type[Any] = TypedDict(name, dict(keys), total=False)  # type: ignore[misc]  # its keys are the user's
    return made
