"""The conversations of the server's visitors, in memory."""

import secrets
from collections import OrderedDict
from typing import Any

from dynamicrag.serve.web.answer import Answer

__all__ = ["Conversation", "Conversations"]


class Conversation:
    """The answers of one visitor, and the thread that the graph remembers.

    Attributes:
        owner: Name of the visitor's API key; ``""`` without keys.
        id: Its secret id, which the visitor's browser keeps.
        thread: Id of its thread.
        answers: Its answers, oldest first; the last one may still be written.
        running: The run that writes an answer; ``None`` between questions.
        call: The options of the last call.
        shown: Position of the answer that the visitor looks at; ``None`` for the last.
    """

    def __init__(self, owner: str = "") -> None:
        self.owner = owner
        self.id = secrets.token_urlsafe(24)
        self.thread = f"web-{secrets.token_hex(12)}"
        self.answers: list[Answer] = []
        self.running: Any = None
        self.call: dict[str, Any] = {}
        self.shown: int | None = None

    def config(self, call: dict[str, Any]) -> dict[str, Any]:
        """Return the config of a run with the options of its call."""
        return {"configurable": {"thread_id": self.thread, "rag": call}}

    def answer(self, index: int | None) -> Answer | None:
        """Return an answer by its position, by default the last one; ``None`` if there is none."""
        if not self.answers:
            return None
        if index is None or not 0 <= index < len(self.answers):
            index = -1
        return self.answers[index]


class Conversations:
    """Conversations by id; the least recently used are dropped, with their threads of the checkpointer."""

    def __init__(self, most: int, saver: Any) -> None:
        self._most = most
        self._saver = saver
        self._known: OrderedDict[str, Conversation] = OrderedDict()

    def of(self, given: object, owner: str = "") -> Conversation:
        """Return the conversation of an id, or a new one if it is unknown or another visitor's."""
        found = self._known.get(given) if isinstance(given, str) else None
        if found is None or found.owner != owner:
            found = Conversation(owner)
            self._known[found.id] = found
            self._drop_idle(found)
        self._known.move_to_end(found.id)
        return found

    def drop(self, given: object) -> None:
        """Forget a conversation and its thread."""
        found = self._known.pop(given, None) if isinstance(given, str) else None
        if found is not None:
            if found.running is not None:
                found.running.stop()
            self._saver.delete_thread(found.thread)

    def _drop_idle(self, new: Conversation) -> None:
        idle = [name for name, each in self._known.items() if each.running is None and each is not new]
        for name in idle[: max(0, len(self._known) - self._most)]:
            self.drop(name)

    def __len__(self) -> int:
        return len(self._known)
