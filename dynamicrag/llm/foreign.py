"""Chat models of the user: LangChain's and LlamaIndex's objects behind our interface.

An object keeps its user's settings: key, address, temperature, headers. We set the token limit, because a
budget reserves it, and the retries, because the stages know whether another model can take over. Parameters
that the object's class does not accept are not sent; reading stops at the limit all the same.
"""

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from copy import copy
from typing import TYPE_CHECKING, Any

from dynamicrag.cost.usage import Tokens
from dynamicrag.errors import PolicyError
from dynamicrag.llm.chat import ChatModel
from dynamicrag.llm.client import LIKE_OPENAI, OPENAI, limit, settings
from dynamicrag.llm.done import watch
from dynamicrag.llm.manners import Manners
from dynamicrag.llm.odd_usage import tolerant
from dynamicrag.llm.streamed import StreamedAnswer
from dynamicrag.types import Runs
from dynamicrag.whereabouts import described, is_a, runs_of, server_of

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

__all__ = ["ForeignChatModel", "adapt_model"]

VALID = "a LangChain chat model (BaseChatModel), a LlamaIndex LLM, or a ChatModel of this package"
OURS = ("context", "max_retries")
"""Parameters of a policy that also apply to an object."""
_OWN = ("timeout", "max_retries", "max_tokens", "num_predict")
"""Settings that belong to the object, or have the object's own name."""
_LIMITS = ("max_tokens", "num_predict", "max_output_tokens", "max_new_tokens")
"""Names of the token limit in various classes."""


class ForeignChatModel(ChatModel):
    """A chat model by its LangChain object, with ``provider:model`` as far as known."""

    def __init__(
        self,
        name: str,
        given: "BaseChatModel",
        *,
        spec: str,
        runs: Runs,
        context: int | None = None,
        max_retries: int | None = None,
    ) -> None:
        super().__init__(name, spec, context=context, max_retries=max_retries)
        self.runs = runs
        self._given = given
        self._based: tuple[int, BaseChatModel] | None = None
        # only OpenAI's own client signals the end of a stream, and accepts its parameters
        like_openai = hasattr(given, "root_async_client")
        self.provider = (self.provider if self.provider in LIKE_OPENAI else "openai") if like_openai else ""
        self._manners = Manners(self.provider)

    def _client(self, max_tokens: int, temperature: float) -> "BaseChatModel":
        sent = self._manners.sent
        key = (os.getpid(), max_tokens, temperature, sent.state)
        if key not in self._clients:
            fields, set_ = type(self._given).model_fields, self._given.model_fields_set
            update = {
                name: value
                for name, value in settings(self.provider, {}, sent, temperature).items()
                if name in fields and name not in _OWN and not (name == "temperature" and name in set_)
            }
            native = max_tokens if sent.limit == "native" else None
            update |= {name: native for name in _LIMITS if name in fields}
            if native is None and "extra_body" in fields:
                body = {"extra_body": getattr(self._given, "extra_body", None) or {}}
                update |= limit(self.spec, body, sent, max_tokens)
            self._keep(key, tolerant(self._base().model_copy(update=update)))
        return self._clients[key]

    @property
    def own_limit(self) -> int | None:
        """See the base class."""
        given = (getattr(self._given, name, None) for name in _LIMITS)
        return next((limit for limit in given if isinstance(limit, int)), None)

    def _lendable(self, max_tokens: int | None) -> "BaseChatModel":
        fields, root = type(self._given).model_fields, getattr(self._given, "root_client", None)
        base, update = self._base(), dict[str, Any]()
        if max_tokens is not None:
            update |= {name: max_tokens for name in _LIMITS if name in fields}
        if "max_retries" in fields:
            update["max_retries"] = 0
        if self.provider in OPENAI and getattr(self._given, "stream_usage", False) is None:
            update["stream_usage"] = self._manners.sent.sends("stream_options")  # off with a base_url
        if root is not None and hasattr(root, "with_options"):
            root = root.with_options(max_retries=0)
            update |= {"root_client": root, "client": root.chat.completions}
        client = base.model_copy(update=update)
        tolerant(client)
        return client

    def _base(self) -> "BaseChatModel":
        """Return this process's copy of the object, with its own connections if needed."""
        if self._based is None or self._based[0] != os.getpid():
            base = self._given.model_copy(update=_connections(self._given))
            watch(base)
            self._based = os.getpid(), base
        return self._based[1]

    def _turn(self, messages: "Sequence[BaseMessage]") -> AbstractAsyncContextManager[Any]:
        here = self.runs == "in_process"
        return nullcontext(time.process_time()) if here else super()._turn(messages)

    def _cpu_seconds(self, turn: Any, answer: StreamedAnswer, tokens: Tokens) -> float:
        """Return this process's CPU time meanwhile if the model computes here; it includes other work."""
        del answer, tokens
        return time.process_time() - float(turn) if self.runs == "in_process" else 0.0


def adapt_model(name: str, given: Any, where: str, params: Mapping[str, Any], runs: Runs | None) -> ChatModel:
    """Return a user's object as a chat model.

    ``params`` and ``runs`` are the policy's settings of it; ``where`` is its place in the user's input.

    Raises:
        PolicyError: The object is not a chat model.
    """
    if isinstance(given, ChatModel):
        own = copy(given)  # one object may have several names
        own.name, own.runs = name, runs or own.runs
        return own
    client, spec = given, ""
    if is_a(given, "llama_index.core.base.llms.base", "BaseLLM"):
        from dynamicrag.llm.llama_index import LlamaIndexChat, spec_of

        client, spec = LlamaIndexChat(llm=given), spec_of(given)
    elif is_a(given, "langchain_core.language_models.chat_models", "BaseChatModel"):
        spec = _spec(given)
    else:
        hint = "; pass the model itself, without bound arguments" if _bound(given) else ""
        raise PolicyError(f"{where}: expected {VALID}, got {described(given)}{hint}")
    given_params = {key: params[key] for key in OURS if key in params}
    model = ForeignChatModel(name, client, spec=spec, runs=runs or runs_of(given), **given_params)
    model.address = server_of(given)  # of the user's object, which may be inside the client
    return model


def _bound(given: Any) -> bool:
    return is_a(given, "langchain_core.runnables.base", "RunnableBindingBase")


def _spec(given: "BaseChatModel") -> str:
    """Return provider and model, from the object's names for traces."""
    params = given._get_ls_params()
    provider = {"azure": "azure_openai"}.get(params.get("ls_provider", ""), params.get("ls_provider", ""))
    return f"{provider or 'unknown'}:{params.get('ls_model_name') or type(given).__name__}"


def _connections(given: "BaseChatModel") -> dict[str, Any]:
    """Return OpenAI's client without its own retries; a copy, because the original belongs to the user.

    It has its own connections too, unless the user has set them up: open connections belong to the loop that
    opened them, and calls run on our loop.
    """
    root = getattr(given, "root_async_client", None)
    if root is None or not hasattr(root, "with_options"):
        return {}
    options: dict[str, Any] = {"max_retries": 0}
    if getattr(given, "http_async_client", None) is None:
        from openai import DefaultAsyncHttpxClient

        options["http_client"] = DefaultAsyncHttpxClient(base_url=root.base_url, timeout=root.timeout)
    root = root.with_options(**options)
    return {"root_async_client": root, "async_client": root.chat.completions}
