"""A LangChain chat model whose calls are routed among the models of a policy."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing
from functools import cached_property
from typing import Any

from langchain_core.caches import BaseCache
from langchain_core.language_models import LangSmithParams, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import ConfigDict, Field

from dynamicrag.errors import InputError, unknown
from dynamicrag.faces.langchain.configured import CALL, ConfiguredChatModel
from dynamicrag.faces.langchain.model_call import PROVIDER, ModelCall
from dynamicrag.faces.langchain.routed_call import Request, Routing
from dynamicrag.faces.langchain.unseen import asilent, silent, unseen
from dynamicrag.graph.rag import DynamicRAG

__all__ = ["RoutedChatModel"]

BINDING = ("tool_choice", "strict", "parallel_tool_calls")
"""Keyword arguments for the ``bind_tools`` of the chosen model."""
STANDARD = ("temperature", "max_tokens")


class RoutedChatModel(ConfiguredChatModel):
    """Chooses one of the policy's models for each call, by its stage ``generator``, and calls it.

    It is no RAG: nothing is retrieved. Each call is one query of its own: its worst case is reserved in the
    budget, its usage is booked, and its decision is in ``rag.explain``. If the chosen model fails before its
    first token, another one takes over. With tools or a schema, only models that can call tools are open.

    The message, or the last chunk of a stream alone, has in ``response_metadata`` the ``model_name`` of the
    model that answered, and ``dynamicrag`` with the query's id, path, model, reason and cost. Callbacks see
    one model run for each call.

    Options of the call go in ``config["configurable"]["rag"]``, as for the graph; ``model`` as a keyword
    argument forces an option of ``generator``. Other settings belong to the models in the policy. Answers are
    not cached here, because a cached answer has no decision; the policy's models keep their own caches. It
    cannot be pickled or serialised: it holds the open resources of ``rag``.

    Attributes:
        rag: The policies.
        temperature: Sent with each call, if set.
        max_tokens: Largest number of tokens of a reply, sent with each call, if set.
        stop: Texts that end a reply; ``stop`` of a call replaces them.
        streaming: Whether ``invoke`` streams from the model too.

    Example:
        >>> chain = prompt | RoutedChatModel(rag=rag) | StrOutputParser()       # doctest: +SKIP
    """

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True, ignored_types=(cached_property,))

    rag: DynamicRAG = Field(exclude=True, repr=False)
    temperature: float | None = None
    max_tokens: int | None = Field(default=None, ge=1)
    stop: list[str] | None = None
    streaming: bool = False
    cache: BaseCache | bool | None = Field(default=False, exclude=True)

    @cached_property
    def _routing(self) -> Routing:
        return Routing(self.rag)

    @property
    def _llm_type(self) -> str:
        return PROVIDER

    @property
    def _policy(self) -> str:
        return str(self.rag.pipeline.policy.name)

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"policy": self._policy, **self._standard()}

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        """Return the parameters for traces; the model is unknown before the choice, so it is the policy."""
        params = super()._get_ls_params(stop=stop or self.stop, **kwargs)
        return {"ls_model_name": self._policy, **params, "ls_provider": PROVIDER}

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Return the model with tools; the chosen model binds them in its provider's own format.

        Args:
            tools: The tools.
            tool_choice: As for the policy's models; ``any`` for some tool, or the name of one.
            **kwargs: As for ``bind_tools`` of the policy's models.
        """
        made = [each if isinstance(each, dict) else convert_to_openai_tool(each) for each in tools]
        choice = {} if tool_choice is None else {"tool_choice": tool_choice}
        return self.bind(tools=made, **choice, **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: Any = None,  # noqa: ARG002
        **kwargs: Any,
    ) -> ChatResult:
        call = self._call(messages, stop, kwargs)
        with unseen():
            message = call.task.call(call.request, call.invoke)
        call.task.finish(message)
        return ChatResult(generations=[ChatGeneration(message=call.described(message))])

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: Any = None,  # noqa: ARG002
        **kwargs: Any,
    ) -> ChatResult:
        call = self._call(messages, stop, kwargs)
        with unseen():
            message = await call.task.acall(call.request, call.ainvoke)
        await call.task.afinish(message)
        return ChatResult(generations=[ChatGeneration(message=call.described(message))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: Any = None,  # noqa: ARG002
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        call = self._call(messages, stop, kwargs)
        whole: AIMessageChunk | None = None
        last: AIMessageChunk | None = None
        for chunk in call.task.stream(call.request, lambda client: silent(lambda: call.stream(client))):
            if last is not None:  # the last chunk waits for the facts of the call
                yield ChatGenerationChunk(message=last)
            whole, last = chunk if whole is None else whole + chunk, chunk
        if whole is not None and last is not None:
            call.task.finish(whole)
            yield ChatGenerationChunk(message=call.described(last, whole))

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: Any = None,  # noqa: ARG002
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        call = self._call(messages, stop, kwargs)
        whole: AIMessageChunk | None = None
        last: AIMessageChunk | None = None
        chunks = call.task.astream(call.request, lambda client: asilent(lambda: call.astream(client)))
        # an abandoned stream gives its reservation back at once
        async with aclosing(chunks):  # type: ignore[type-var]  # it is a generator
            async for chunk in chunks:
                if last is not None:
                    yield ChatGenerationChunk(message=last)
                whole, last = chunk if whole is None else whole + chunk, chunk
        if whole is not None and last is not None:
            await call.task.afinish(whole)
            yield ChatGenerationChunk(message=call.described(last, whole))

    def _standard(self) -> dict[str, Any]:
        """Return the settings of the object that every call sends."""
        known = {name: getattr(self, name) for name in STANDARD}
        return {name: value for name, value in known.items() if value is not None}

    def _check_model(self, model: Any, policy: Any) -> None:
        pipeline = self.rag.policies.get(policy or "") if isinstance(policy, str | None) else None
        if pipeline is not None:  # else the check of the option itself follows
            names = [option.name for option in pipeline.stages["generator"].options]
            if model not in names:
                raise InputError(unknown("RoutedChatModel: model", "option", model, names))

    def _call(self, messages: list[BaseMessage], stop: list[str] | None, kwargs: dict[str, Any]) -> ModelCall:
        given = {**self._standard(), **kwargs}
        config = given.pop(CALL, None) or {}
        options = dict(config.get("rag") or {})
        if (model := given.pop("model", None)) is not None:
            self._check_model(model, options.get("policy"))
            options["options"] = {**(options.get("options") or {}), "generator": model}
        tools, bound = given.pop("tools", None) or [], {k: given.pop(k) for k in BINDING if k in given}
        given.pop("stream", None)
        configurable = {"thread_id": config.get("thread_id"), **({"rag": options} if options else {})}
        task = self._routing.task(
            _with_question(messages), {"configurable": configurable, "metadata": config.get("metadata") or {}}
        )
        request = Request(messages, tools, structured=False, max_tokens=given.get("max_tokens"))
        stop = stop if stop is not None else self.stop
        return ModelCall(task, request, bound, {**given, **({"stop": stop} if stop else {})})


def _with_question(messages: list[BaseMessage]) -> list[BaseMessage]:
    """Return messages with a human one, by which routers decide; a prompt may be a system message alone."""
    if not messages:
        raise InputError("RoutedChatModel: the prompt has no message; give a text, or a list of messages")
    if any(isinstance(each, HumanMessage) for each in messages):
        return messages
    return [*messages, HumanMessage(messages[-1].text)]
