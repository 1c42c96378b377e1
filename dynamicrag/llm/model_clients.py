"""The LangChain clients of a model: those of its own calls, and those lent to callers."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dynamicrag.llm.client import LIMITS, make_client
from dynamicrag.llm.lent import lent
from dynamicrag.llm.manners import Manners

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

__all__ = ["ModelClients"]


_CLIENTS_KEPT = 16
_SPARED = ("stream_options", "stream", "temperature")
"""Parameters that a lent client may do without. Its limit is reserved, and nothing else stops its reply."""


class ModelClients:
    """The clients of a chat model."""

    def __init__(self, name: str, spec: str, params: Mapping[str, Any]) -> None:
        self.name = name
        self.spec = spec
        self.provider, _, self._model = spec.partition(":")
        self._params = params
        self._manners = Manners(self.provider)
        self._clients: dict[tuple[Any, ...], BaseChatModel] = {}
        self._lent: dict[tuple[Any, ...], BaseChatModel] = {}

    @property
    def own_limit(self) -> int | None:
        """Largest number of generated tokens by the user's own setting; ``None`` without one."""
        return next((self._params[key] for key in LIMITS if isinstance(self._params.get(key), int)), None)

    def lend(self, max_tokens: int | None = None) -> "BaseChatModel":
        """Return LangChain's client for calls that the caller makes: with tools, with a schema, streamed.

        The user's settings apply; we send no temperature and ask for no log-probabilities. The client's own
        retries are off. Its asynchronous calls run on the portal's loop, so that any loop may await them.

        Args:
            max_tokens: Largest number of tokens to generate; by default the user's own setting.

        Raises:
            ModelUnavailable: As :meth:`load`.
        """
        key = (os.getpid(), max_tokens, self._manners.sent.state)
        if key not in self._lent:
            self._lent[key] = lent(self._lendable(max_tokens))
        return self._lent[key]

    def sends_less(self, client: "BaseChatModel", error: Exception) -> bool:
        """Learn from a failed call of a lent client; return whether a client lent now sends less."""
        used = next((key[-1] for key, each in self._lent.items() if each is client), None)
        return used is not None and self._manners.sent.drop(error, used, only=_SPARED)

    def _lendable(self, max_tokens: int | None) -> "BaseChatModel":
        return make_client(self.name, self.spec, self._params, self._manners.sent, max_tokens, None)

    def _client(self, max_tokens: int, temperature: float) -> "BaseChatModel":
        # max_tokens and temperature are standard for constructors, but not for calls
        key = (os.getpid(), max_tokens, temperature, self._manners.sent.state)
        if key not in self._clients:
            client = make_client(
                self.name, self.spec, self._params, self._manners.sent, max_tokens, temperature
            )
            self._keep(key, client)
        return self._clients[key]

    def _keep(self, key: tuple[Any, ...], client: "BaseChatModel") -> None:
        """Keep a client for calls of the same kind."""
        if len(self._clients) >= _CLIENTS_KEPT:
            self._clients.clear()
        self._clients[key] = client
