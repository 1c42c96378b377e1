"""One interface for every chat model, local or remote.

``local:NAME`` runs a model of the catalogue in this process; any other spec is passed to LangChain's
``init_chat_model``, for example ``openai:gpt-4o-mini`` or ``ollama:llama3.2``.

Every call streams, so that LangGraph's ``messages`` stream sees the tokens through the callbacks in
``config``. Every call runs on the portal's loop, independent of the loop that awaits it.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from dynamicrag import portal
from dynamicrag.cost.line import Line
from dynamicrag.cost.servers.call import ServerCall, server_call
from dynamicrag.cost.usage import Counted, Tokens
from dynamicrag.llm.cleaning import AnswerText
from dynamicrag.llm.completion import Completion
from dynamicrag.llm.failures import is_outage, provider_error
from dynamicrag.llm.message_sizes import about, most, size
from dynamicrag.llm.model_clients import ModelClients
from dynamicrag.llm.outage import Outage
from dynamicrag.llm.parameters import STATUSES
from dynamicrag.llm.prompt_bound import learn, most_tokens
from dynamicrag.llm.prompt_cache import Reported, prompt_text
from dynamicrag.llm.status import status_of
from dynamicrag.llm.streamed import StreamedAnswer
from dynamicrag.types import Runs
from dynamicrag.whereabouts import called_by, on_this_host

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage
    from langchain_core.runnables import RunnableConfig

__all__ = ["ChatModel"]

RETRIES = 2
TOP = 5  # alternatives per token: enough for a margin, for yes or no, and for most of the entropy


class ChatModel(ModelClients):
    """A chat model, named as in LangChain.

    Attributes:
        name: Its name in the policy.
        spec: ``provider:model``.
        runs: The place that it computes at.
        address: The address of its server; ``None`` if unknown.
        context: Tokens per request, prompt and answer together; ``None`` if unknown.
        max_retries: Number of retries after a temporary failure if no other model can take over.
        outage: Whether the model is in cooldown after a failure.
    """

    runs: Runs
    caches = False
    """Whether a common prefix of prompts is computed once."""

    def __init__(
        self,
        name: str,
        spec: str,
        *,
        context: int | None = None,
        max_retries: int | None = None,
        **params: Any,
    ) -> None:
        super().__init__(name, spec, params)
        self.context = context
        self.max_retries = RETRIES if max_retries is None else max_retries
        self.outage = Outage()
        self._reported = Reported()
        self._wordy = False  # whether a prompt had more tokens than its bound
        self._server = str(params.get("base_url", ""))
        self.address = called_by(self.provider, self._server)
        here = self.address is not None and on_this_host(self.address.host)
        self.runs = "same_host" if here else "remote"

    @property
    def reports_probabilities(self) -> bool:
        """Whether answers have token probabilities, as far as known: requested, and not refused so far."""
        return self._manners.sent.sends("logprobs")

    def keep_temperature(self) -> None:
        """Keep the user's temperature, or send none; by default ours is sent."""
        if "temperature" not in self._params:
            self._manners.sent.leave_out("temperature")

    def load(self) -> None:
        """Make the model ready: import, connect, load weights. Blocks.

        Raises:
            ModelUnavailable: The integration package, the key or the model is missing.
        """
        self._client(max_tokens=1, temperature=0.0)

    async def aload(self) -> None:
        """As :meth:`load`, without blocking the loop."""
        await asyncio.to_thread(self.load)

    def held(self, beginning: str, tokens: float) -> float:
        """Return the tokens of a prompt's beginning that its prompt cache is expected to hold now.

        Args:
            beginning: The text.
            tokens: Number of its tokens.
        """
        return min(tokens, self._reported.tokens(beginning))

    async def complete(
        self,
        messages: "Sequence[BaseMessage]",
        *,
        max_tokens: int,
        temperature: float = 0.0,
        stop: Sequence[str] = (),
        config: "RunnableConfig | None" = None,
        tags: Sequence[str] = (),
        line: Line | None = None,
        most_input: int | None = None,
    ) -> Completion:
        """Answer a conversation.

        Args:
            messages: The conversation, oldest first.
            max_tokens: Largest number of tokens to generate; reading stops if a server continues beyond it.
            temperature: 0 for the likeliest answer.
            stop: Texts that end the answer.
            config: The node's config; its callbacks see the tokens as they arrive.
            tags: Tags added to the config's, for example ``nostream`` to hide the call from the user.
            line: Ledger line for the usage, also of a failed or cancelled call.
            most_input: Tokens reserved for the prompt, booked if the provider does not report them; by
                default one per byte.

        Raises:
            ModelUnavailable: As :meth:`load`.
            ProviderError: The call failed; the message has the reason and the remedy.
        """
        merged: RunnableConfig = {**(config or {}), "tags": [*((config or {}).get("tags") or ()), *tags]}
        work = self._complete(list(messages), max_tokens, temperature, list(stop), merged, line, most_input)
        return await portal.arun(work)

    async def count_prompt(self, messages: "Sequence[BaseMessage]") -> int:
        """Count the tokens of a prompt; here a cautious estimate of one per three characters."""
        return sum(map(about, messages))

    async def bound_prompt(self, messages: "Sequence[BaseMessage]") -> int:
        """Return an upper bound of a prompt's tokens, by the model's tokenizer or a general bound.

        After a prompt has exceeded the bound, it is one token per byte.
        """
        if self._wordy:
            return most(messages)
        texts = [message.text for message in messages]
        return min(most(messages), await asyncio.to_thread(most_tokens, self.spec, self._server, texts))

    async def _complete(
        self,
        messages: "list[BaseMessage]",
        max_tokens: int,
        temperature: float,
        stop: Sequence[str],
        config: "RunnableConfig",
        line: Line | None,
        most_input: int | None,
    ) -> Completion:
        began = time.perf_counter()
        before = self._manners.sent.state
        while True:
            used = self._manners.sent.state
            client = await asyncio.to_thread(self._client, max_tokens, temperature)
            extra = {**self._call(max_tokens, temperature), **self._manners.stops(stop)}
            text = AnswerText(stop, aloud=self._manners.thinks_aloud)
            answer, turn, failure = StreamedAnswer(Counted(max_tokens), text), None, None
            try:
                async with self._turn(messages) as turn:
                    if line is not None:
                        line.started()
                    await answer.read(client, messages, config, extra, began)
                self._manners.check_stream(answer, self.name, self.spec)
            except Exception as error:
                if not answer.counted.pieces and self._manners.sent.drop(error, used, stops="stop" in extra):
                    continue
                if status_of(error) in STATUSES:
                    self._manners.sent.restore(before)  # sending less has not helped
                failure = provider_error(self.name, self.spec, error)
                if is_outage(failure, error):
                    self.outage.failed(str(failure), failure.retry_after or None)
                raise failure from error
            finally:
                seconds = time.perf_counter() - began
                tokens = self._tokens(answer, turn, messages, most_input, failure)
                cpu_seconds = self._cpu_seconds(turn, answer, tokens) if turn is not None else 0.0
                usage = tokens.usage(seconds, cpu_seconds, answer.first_token_seconds)
                if line is not None:
                    line.usage = usage
                if isinstance(turn, ServerCall):  # if the caller is cancelled once more, its usage stands
                    usage = (await turn.end(tokens, _billions(line))).added(usage)
                    if line is not None:
                        line.usage, line.unmetered = usage, turn.reason
            self.outage.worked()
            return self._manners.completion(answer, usage)

    def _tokens(
        self,
        answer: StreamedAnswer,
        turn: Any,
        messages: "Sequence[BaseMessage]",
        most_input: int | None,
        failure: Exception | None,
    ) -> Tokens:
        """Return the tokens to book for a call: none if it reached nobody."""
        counted = answer.counted
        if turn is None or (getattr(failure, "refused", False) and not counted.chunks):
            return Tokens(0, 0, 0, assumed=False)
        # broken off: the tokens computed here were seen
        if self.runs == "in_process" and not counted.reports:
            return Tokens(sum(map(about, messages)), 0, counted.pieces, assumed=True)
        bound = most(messages)
        tokens = counted.tokens(size(messages), bound, bound if most_input is None else most_input)
        self._wordy |= most_input is not None and tokens.input > most_input
        if not tokens.assumed:
            learn(self.spec, self._server, [message.text for message in messages], tokens.input)
            self._reported.note(prompt_text(messages), tokens.cached)
        return tokens

    def _turn(self, messages: "Sequence[BaseMessage]") -> AbstractAsyncContextManager[Any]:
        """Return the context that a call holds while it is computed."""
        del messages
        if self.runs == "same_host" and self.address is not None:
            return server_call(self.address, self.spec)
        return nullcontext(self)

    def _cpu_seconds(self, turn: Any, answer: StreamedAnswer, tokens: Tokens) -> float:
        """Return the CPU time of a call in this process, over all threads."""
        del turn, answer, tokens
        return 0.0

    def _call(self, max_tokens: int, temperature: float) -> dict[str, Any]:
        """Return the keyword arguments of one call."""
        del max_tokens, temperature
        return {"logprobs": True, "top_logprobs": TOP} if self._manners.sent.sends("logprobs") else {}


def _billions(line: Line | None) -> float | None:
    return None if line is None else line.profile.active_billions
