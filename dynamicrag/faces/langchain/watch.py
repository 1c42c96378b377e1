"""Books every call of a chat model within a context: answered, failed, cancelled, or by another model.

LangChain passes a handler that a context variable holds to every model called in that context. So calls of
models that other middleware puts in place of ours are seen, and calls that failed before them.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler

from dynamicrag.cost.line import Line
from dynamicrag.cost.usage import Counted, Tokens
from dynamicrag.faces.langchain.answered_by import Callee, asked_model, callee_of
from dynamicrag.faces.langchain.prompt_size import PromptSize
from dynamicrag.faces.langchain.seen_call import NO_LIMIT, NOTHING, Limits, SeenCall, is_cached
from dynamicrag.faces.langchain.served import Served
from dynamicrag.llm.failures import provider_error
from dynamicrag.llm.lent import called
from dynamicrag.llm.local_lent import CPU_SECONDS
from dynamicrag.types import Usage

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage
    from langchain_core.outputs import LLMResult

    from dynamicrag.policy.assembly import Pipeline

INTERNAL = "lc_internal_call"
"""Metadata key of model calls that LangChain's middleware makes for itself."""
OURS = "dynamicrag"
"""Provider name of our own chat model, which books its calls itself."""
STAGE = "generator"

_log = logging.getLogger(__name__)
_warned: set[str] = set()
"""The models with a logged warning."""
_latest: ContextVar[UUID | None] = ContextVar("dynamicrag_latest_call", default=None)
"""The call that began last in this context. While it is open, further ones are made by its class."""
_watch: ContextVar["Watch | None"] = ContextVar("dynamicrag_watch", default=None)


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
        self._own_profile = pipeline.profiles[chosen]
        self._open: dict[UUID, SeenCall] = {}
        self._saw = False
        self._called: list[None] = []
        self.lines: list[Line] = []
        self.served = Served(pipeline)
        self.error: BaseException | None = None
        self.failures: dict[str, Exception] = {}

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch the calls in this context."""
        _hook()
        token, listening = _watch.set(self), called.set(self._called)
        try:
            yield
        finally:
            called.reset(listening)
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
        self._saw = True
        given = metadata or {}
        if given.get(INTERNAL) or given.get("ls_provider") == OURS:
            return
        asked, size = "", None
        callee = Callee(self._chosen, self._pipeline.models[self._chosen].spec, self._own_profile)
        try:
            asked = asked_model(metadata)
            callee = callee_of(self._pipeline, self._chosen, asked, {})
            tools = (kwargs.get("invocation_params") or {}).get("tools") or ()
            size = PromptSize.of(messages[0] if messages else (), tools)
        except Exception as error:  # noqa: BLE001 - LangChain would log it, and the call would be free
            self._incomplete(error)
        latest = _latest.get()
        call = self._opened(callee, asked, size)
        call.around = None if latest is None else self._open.get(latest)
        self._open[run_id] = call
        _latest.set(run_id)

    def on_llm_new_token(self, token: Any, *, run_id: UUID, chunk: Any = None, **kwargs: Any) -> None:  # noqa: ARG002
        """Count a chunk."""
        call = self._open.get(run_id)
        message = getattr(chunk, "message", None)
        if call is not None and message is not None:
            call.add_chunk(message)

    def on_llm_end(self, response: "LLMResult", *, run_id: UUID, **kwargs: Any) -> None:  # noqa: ARG002
        """Book an answered call by its own usage and its own model name; nothing if a cache answered."""
        call = self._open.pop(run_id, None)
        if call is None:
            return
        self.error, cpu_seconds, cached = None, None, False
        try:
            message = _message(response)
            reply = {} if message is None else message.response_metadata
            cached, cpu_seconds = is_cached(message), reply.get(CPU_SECONDS)
            if message is not None:
                call.add_reply(message)
            answered_by = callee_of(self._pipeline, self._chosen, call.asked, reply)
            call.line.label, call.line.spec, call.line.profile = answered_by
        except Exception as error:  # noqa: BLE001 - as above
            self._incomplete(error)
        if cached:
            self._close(call, NOTHING, 0.0, calls=0)
            return
        tokens = call.tokens(self._limits)
        self._close(call, tokens, cpu_seconds)
        if call.around is not None:
            call.around.within.append((call.line, tokens))
        same = call.repeated(tokens)
        if same is not None and not same.closed:
            same.usage, same.priced = Usage(), None
            same.booked = self._pipeline.ledger.line_cost(same)

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:  # noqa: ARG002
        """Book a failed call: at nothing if it reached nobody, else at its worst case."""
        call = self._open.pop(run_id, None)
        if call is not None:
            self._fail(call, error)

    def close(self) -> None:
        """Book the calls that ended without a callback, and a call without any callback."""
        for run_id in list(self._open):
            call = self._open.pop(run_id, None)  # a callback may end it meanwhile, in the portal's thread
            if call is not None:
                self._fail(call, None)
        if self._called and not self._saw:
            self._saw = True
            self._incomplete(TypeError("the model's class calls no callbacks"))
            callee = Callee(self._chosen, self._pipeline.models[self._chosen].spec, self._own_profile)
            call = self._opened(callee, "", None)
            self._close(call, call.tokens(self._limits), None)

    def _opened(self, callee: Callee, asked: str, size: PromptSize | None) -> SeenCall:
        ledger, most = self._pipeline.ledger, self._limits.most_output
        span = ledger.span(self._query_id, STAGE, callee.label, callee.profile, callee.spec)
        line = span.__enter__()
        line.started()
        self.lines.append(line)
        self.served.begin(line)
        counted = Counted(NO_LIMIT if most is None else most)
        return SeenCall(span, line, asked, size, counted, time.process_time())

    def _incomplete(self, error: Exception) -> None:
        """Warn of a call that is not fully known; it is booked at its worst case, unless it reports less."""
        if self._chosen not in _warned:
            _warned.add(self._chosen)
            _log.warning(
                "model %s: its calls cannot be fully watched and may be booked at their worst case: %s: %s",
                self._chosen,
                type(error).__name__,
                error,
            )

    def _fail(self, call: SeenCall, error: BaseException | None) -> None:
        self.error = error
        name, spec = call.line.label, call.line.spec
        refused = isinstance(error, Exception) and provider_error(name, spec, error).refused
        if isinstance(error, Exception) and name in self._pipeline.models:
            self.failures[name] = error
        nothing = bool(refused) and not call.counted.chunks
        tokens = NOTHING if nothing else call.tokens(self._limits)
        call.line.failed = True
        self._close(call, tokens, None)

    def _close(self, call: SeenCall, tokens: Tokens, cpu_seconds: float | None, calls: int = 1) -> None:
        here = call.line.profile.runs == "in_process"
        cpu = cpu_seconds if cpu_seconds is not None else (time.process_time() - call.cpu if here else 0.0)
        line = call.line
        line.usage = tokens.usage(time.perf_counter() - line.begin, cpu, call.first_token, calls)
        line.booked = self._pipeline.ledger.line_cost(line)  # before its end: the books may then be closed
        call.span.__exit__(None, None, None)
        self.served.end(line, tokens)


def _message(response: "LLMResult") -> Any:
    generations = response.generations
    return getattr(generations[0][0], "message", None) if generations and generations[0] else None


@cache
def _hook() -> None:
    """Let LangChain pass the handler to every model called in its context."""
    from langchain_core.tracers.context import register_configure_hook

    register_configure_hook(_watch, inheritable=False)
