"""Books every call of a chat model within a context: answered, failed, cancelled, or by another model.

LangChain passes a handler that a context variable holds to every model called in that context. So calls of
models that other middleware puts in place of ours are seen, and calls that failed before them.
"""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler

from dynamicrag.cost.line import Line
from dynamicrag.cost.usage import Counted, Tokens
from dynamicrag.faces.langchain.answered_by import Callee, asked_model, callee_of
from dynamicrag.faces.langchain.prompt_size import PromptSize
from dynamicrag.faces.langchain.served import Served
from dynamicrag.llm.failures import provider_error
from dynamicrag.llm.local_lent import CPU_SECONDS
from dynamicrag.types import Usage

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage
    from langchain_core.outputs import LLMResult

    from dynamicrag.assembly import Pipeline

INTERNAL = "lc_internal_call"
"""Metadata key of model calls that LangChain's middleware makes for itself."""
OURS = "dynamicrag"
"""Provider name of our own chat model, which books its calls itself."""
STAGE = "generator"
NO_LIMIT = 10**9

_watch: ContextVar["Watch | None"] = ContextVar("dynamicrag_watch", default=None)


@dataclass(slots=True)
class _Call:
    """A call in progress."""

    span: AbstractContextManager[Line]
    line: Line
    asked: str
    size: PromptSize
    counted: Counted
    cpu: float
    first_token: float | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """The reservation of a call.

    Attributes:
        most_input: Tokens reserved for the prompt; ``None`` without a reservation.
        most_output: Largest number of generated tokens that was sent; ``None`` without one.
    """

    most_input: int | None = None
    most_output: int | None = None


class Watch(BaseCallbackHandler):
    """Books the model calls in its context on the account of one query.

    Args:
        pipeline: The policy, with the ledger.
        query_id: The query.
        chosen: The chosen option.
        limits: The reservation.

    Attributes:
        lines: The calls so far.
        served: Meters those to servers on this host.
        error: The error of the last call; ``None`` if it was answered.
        failures: The errors of options of the policy, by option.
    """

    run_inline = True
    ignore_llm = False
    ignore_chain = ignore_agent = ignore_retriever = True

    def __init__(self, pipeline: "Pipeline", query_id: str, chosen: str, limits: Limits) -> None:
        self._pipeline = pipeline
        self._query_id = query_id
        self._chosen = chosen
        self._limits = limits
        self._open: dict[UUID, _Call] = {}
        self.lines: list[Line] = []
        self.served = Served(pipeline)
        self.error: BaseException | None = None
        self.failures: dict[str, Exception] = {}

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch the calls in this context."""
        _hook()
        token = _watch.set(self)
        try:
            yield
        finally:
            _watch.reset(token)

    def on_chat_model_start(
        self,
        serialized: dict[str, Any],  # noqa: ARG002
        messages: "list[list[BaseMessage]]",
        *,
        run_id: UUID,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Open a line."""
        given = metadata or {}
        if given.get(INTERNAL) or given.get("ls_provider") == OURS:
            return
        asked = asked_model(metadata)
        callee = callee_of(self._pipeline, self._chosen, asked, {})
        ledger = self._pipeline.ledger
        span = ledger.span(self._query_id, STAGE, callee.label, callee.profile, callee.spec)
        tools = (kwargs.get("invocation_params") or {}).get("tools") or ()
        size = PromptSize.of(messages[0] if messages else (), tools)
        most = self._limits.most_output
        line = span.__enter__()
        line.started()
        self.lines.append(line)
        self.served.begin(line)
        counted = Counted(NO_LIMIT if most is None else most)
        self._open[run_id] = _Call(span, line, asked, size, counted, time.process_time())

    def on_llm_new_token(self, token: Any, *, run_id: UUID, chunk: Any = None, **kwargs: Any) -> None:  # noqa: ARG002
        """Count a chunk."""
        call = self._open.get(run_id)
        message = getattr(chunk, "message", None)
        if call is None or message is None:
            return
        written = message.text + "".join(each.get("args") or "" for each in message.tool_call_chunks)
        if written and call.first_token is None:
            call.first_token = time.perf_counter() - call.line.begin
        call.counted.add_chunk(written)
        call.counted.add_report(message.usage_metadata)

    def on_llm_end(self, response: "LLMResult", *, run_id: UUID, **kwargs: Any) -> None:  # noqa: ARG002
        """Book an answered call by its own usage and its own model name."""
        call = self._open.pop(run_id, None)
        if call is None:
            return
        message = _message(response)
        if message is not None and not call.counted.chunks:
            calls = "".join(str(each.get("args")) for each in message.tool_calls)
            call.counted.add_chunk(message.text + calls)
        if message is not None and not call.counted.reports:
            call.counted.add_report(message.usage_metadata)
        reply = {} if message is None else message.response_metadata
        self._name(call, callee_of(self._pipeline, self._chosen, call.asked, reply))
        self._close(call, self._tokens(call), reply.get(CPU_SECONDS))
        self.error = None

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:  # noqa: ARG002
        """Book a failed call: at nothing if it reached nobody, else at its worst case."""
        call = self._open.pop(run_id, None)
        if call is not None:
            self._fail(call, error)

    def close(self) -> None:
        """Book the calls that ended without a callback."""
        while self._open:
            self._fail(self._open.popitem()[1], None)

    def _fail(self, call: _Call, error: BaseException | None) -> None:
        self.error = error
        name, spec = call.line.label, call.line.spec
        refused = isinstance(error, Exception) and provider_error(name, spec, error).refused
        if isinstance(error, Exception) and name in self._pipeline.models:
            self.failures[name] = error
        nothing = bool(refused) and not call.counted.chunks
        tokens = Tokens(0, 0, 0, assumed=False) if nothing else self._tokens(call)
        call.line.failed = True
        self._close(call, tokens, None)

    @staticmethod
    def _name(call: _Call, callee: Callee) -> None:
        call.line.label, call.line.spec, call.line.profile = callee

    def _tokens(self, call: _Call) -> Tokens:
        most_input, counted = self._limits.most_input, call.counted
        set_aside = round(call.size.tokens) if most_input is None else most_input
        if self._limits.most_output is None and not any(each.output for each in counted.reports):
            counted.most_output = max(counted.size, 1)  # no limit, no report: a token has at least one byte
        return counted.tokens(call.size.bytes, call.size.most, set_aside)

    def _close(self, call: _Call, tokens: Tokens, cpu_seconds: float | None) -> None:
        here = call.line.profile.runs == "in_process"
        cpu = cpu_seconds if cpu_seconds is not None else (time.process_time() - call.cpu if here else 0.0)
        line = call.line
        line.usage = Usage(
            calls=1,
            input_tokens=tokens.input,
            cached_tokens=tokens.cached,
            output_tokens=tokens.output,
            seconds=time.perf_counter() - line.begin,
            cpu_seconds=cpu,
            first_token_seconds=call.first_token,
            assumed=tokens.assumed,
        )
        call.span.__exit__(None, None, None)
        line.booked = self._pipeline.ledger.line_cost(line)
        self.served.end(line, tokens)


def _message(response: "LLMResult") -> Any:
    generations = response.generations
    return getattr(generations[0][0], "message", None) if generations and generations[0] else None


@cache
def _hook() -> None:
    """Let LangChain pass the handler to every model called in its context."""
    from langchain_core.tracers.context import register_configure_hook

    register_configure_hook(_watch, inheritable=False)
