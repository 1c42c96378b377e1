"""A chat model that computes in this process: a local server behind LangChain's OpenAI class."""

import os
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from functools import cache
from typing import TYPE_CHECKING, Any

from dynamicrag import extras, portal
from dynamicrag.cost.usage import Tokens
from dynamicrag.errors import ModelUnavailable
from dynamicrag.llm.catalogue import entry
from dynamicrag.llm.chat import ChatModel
from dynamicrag.llm.local import LocalServer, local_server
from dynamicrag.llm.manners import Manners
from dynamicrag.llm.parameters import Parameters
from dynamicrag.llm.prompt_cache import prompt_text
from dynamicrag.llm.streamed import StreamedAnswer

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

__all__ = ["LocalChatModel"]


class LocalChatModel(ChatModel):
    """``local:NAME``: a model of the catalogue, or a GGUF file, in this process.

    Args:
        name: Its name in the policy.
        spec: ``local:`` and a model of the catalogue or a GGUF file's path.
        slots: Requests computed at the same time.
        context: Tokens per request, prompt and answer together; the model's own limit lowers it.
        threads: Threads that compute; by default one per physical core.
        cache_prompt: Whether a slot may reuse the common prefix with its previous prompt. Off when runs are
            compared, because they would warm each other.
        timeout: Seconds without a token until a call is cancelled.

    Raises:
        ModelUnavailable: The catalogue has no such model.
    """

    def __init__(
        self,
        name: str,
        spec: str,
        *,
        slots: int = 2,
        context: int = 4096,
        threads: int | None = None,
        cache_prompt: bool = True,
        timeout: float = 600.0,
    ) -> None:
        model = spec.partition(":")[2]
        if not model.endswith(".gguf"):
            known = entry(model)
            if known.kind != "chat":
                raise ModelUnavailable(f"model {name}: {model} is an {known.kind} model and cannot chat")
            context = min(context, known.context)
        super().__init__(name, spec, context=context)
        self.runs = "in_process"
        sent = Parameters(["logprobs", "stop", "temperature"])
        self._manners = Manners(self.provider, sent, known=not model.endswith(".gguf"))
        self._serve: dict[str, Any] = {"slots": slots, "context": context, "threads": threads}
        self.caches = cache_prompt
        self._timeout = timeout
        self._found: tuple[int, LocalServer] | None = None

    @property
    def server(self) -> LocalServer:
        """This process's server.

        Raises:
            ModelUnavailable: The model is not on this machine.
        """
        if self._found is None or self._found[0] != os.getpid():
            self._found = os.getpid(), local_server(self._model, **self._serve)
        return self._found[1]

    def load(self) -> None:
        """Load the weights unless they are loaded. Blocks for some seconds.

        Raises:
            ModelUnavailable: The model is not on this machine, or the extra ``local`` is not installed.
        """
        self.server.start()
        super().load()

    def held(self, beginning: str, tokens: float) -> float:
        """Return the tokens of a prompt's beginning that the server's slots hold now."""
        if not self.caches or self._found is None or self._found[0] != os.getpid():
            return 0.0
        return tokens * self._found[1].held.share(beginning)

    async def count_prompt(self, messages: "Sequence[BaseMessage]") -> int:
        """Count the tokens of a prompt exactly."""
        from langchain_core.messages import convert_to_openai_messages

        plain = convert_to_openai_messages(list(messages), text_format="string")
        assert isinstance(plain, list)
        return await portal.arun(self.server.count_prompt(plain))

    def _turn(self, messages: "Sequence[BaseMessage]") -> AbstractAsyncContextManager[Any]:
        return self.server.slot(prompt_text(messages))

    def _call(self, max_tokens: int, temperature: float) -> dict[str, Any]:
        limits = {"max_tokens": max_tokens, "temperature": temperature}
        return {**super()._call(max_tokens, temperature), **limits}

    def _client(self, max_tokens: int, temperature: float) -> "BaseChatModel":
        del max_tokens, temperature  # they are arguments of each call
        key = (os.getpid(),)
        if key not in self._clients:
            self._clients[key] = self._made(_client_class(self.name))
        return self._clients[key]

    def _lendable(self, max_tokens: int | None) -> "BaseChatModel":
        from dynamicrag.llm.local_lent import local_lent

        limit = {} if max_tokens is None else {"max_completion_tokens": max_tokens}
        return self._made(local_lent(_client_class(self.name), self.server), **limit)

    def _made(self, kind: Any, **more: Any) -> "BaseChatModel":
        """Return a client of the server."""
        import httpx

        base = self.server.start()
        client: BaseChatModel = kind(
            model=self._model,
            base_url=f"{base}/v1",
            api_key=self.server.key,
            stream_usage=True,
            max_retries=0,
            timeout=self._timeout,
            stream_chunk_timeout=None,  # it would abort a long prompt; `timeout` covers it
            http_async_client=httpx.AsyncClient(trust_env=False),  # no proxy to ourselves
            extra_body={"cache_prompt": self.caches},
            **more,
        )
        return client

    async def bound_prompt(self, messages: "Sequence[BaseMessage]") -> int:
        """Count the tokens of a prompt exactly."""
        return await self.count_prompt(messages)

    def _cpu_seconds(self, turn: Any, answer: StreamedAnswer, tokens: Tokens) -> float:
        account = self.server.account
        if answer.timings:
            return account.charge(turn, answer.timings)
        return account.charge_broken_off(turn, tokens.input, tokens.output)


@cache
def _client_class(name: str) -> Any:
    try:
        from langchain_openai import ChatOpenAI
    except ImportError as error:
        raise ModelUnavailable(
            f"model {name}: it needs langchain-openai; {extras.install('local')}"
        ) from error

    class LlamaCppChat(ChatOpenAI):
        """Keeps llama.cpp's ``timings``, which the parent class drops."""

        def _convert_chunk_to_generation_chunk(self, chunk: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
            generation = super()._convert_chunk_to_generation_chunk(chunk, *args, **kwargs)
            if generation is not None and chunk.get("timings"):
                generation.message.response_metadata["timings"] = chunk["timings"]
            return generation

        def _create_chat_result(self, response: Any, *args: Any, **kwargs: Any) -> Any:
            result = super()._create_chat_result(response, *args, **kwargs)
            more = response if isinstance(response, dict) else response.model_extra or {}
            if more.get("timings"):
                result.generations[0].message.response_metadata["timings"] = more["timings"]
            return result

    return LlamaCppChat
