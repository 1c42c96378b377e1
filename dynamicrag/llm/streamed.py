"""Gathers the chunks of a streamed call into a completion and its usage."""

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from dynamicrag.cost.usage import Counted
from dynamicrag.llm.cleaning import AnswerText
from dynamicrag.llm.completion import Completion, TokenProb, within
from dynamicrag.llm.done import on_done
from dynamicrag.llm.texts import text_of, without_halves
from dynamicrag.types import Usage

__all__ = ["StreamedAnswer", "token_probs"]

REASONS = ("finish_reason", "stop_reason", "done_reason", "stopReason")
"""Metadata keys of the finish reason."""
MODELS = ("model_name", "model")
"""Metadata keys of the model that answered."""
ROUNDING = 1e-3
"""Tolerance above 0 for log-probabilities, because servers round them."""
MOST = 1e6
"""Largest absolute log-probability: servers write -9999 for probabilities near 0."""


@dataclass
class StreamedAnswer:
    """A stream's chunks, gathered so far.

    Args:
        counted: Counts the tokens, as far as they are known.
        answer: Finds the answer in the text.
    """

    counted: Counted
    answer: AnswerText
    tokens: list[TokenProb] = field(default_factory=list)
    message_id: str = ""
    finish_reason: str | None = None
    model: str = ""
    first_token_seconds: float | None = None
    timings: Mapping[str, float] = field(default_factory=dict)
    closed: bool = False
    """Whether a usage report followed the text: servers send it after a proper end."""
    done: bool = False
    """Whether the last line of OpenAI's protocol was received."""

    async def read(
        self, client: Any, messages: Any, config: Any, extra: Mapping[str, Any], began: float
    ) -> None:
        """Stream an answer of a LangChain client to the callbacks in ``config``, cleaned.

        Reading stops if a server continues beyond the limit.

        Args:
            client: The client.
            messages: The conversation.
            config: Its callbacks see the answer as it arrives.
            extra: Keyword arguments of the call.
            began: Start of the call, on ``time.perf_counter``.
        """
        from dynamicrag.llm.cleaned import cleaned

        on_done(self._is_done)

        def see(message: Any) -> bool:
            self.add(message, time.perf_counter() - began)
            if self.counted.runs_away:
                self.finish_reason = "length"
            return not self.counted.runs_away

        async for chunk in cleaned(client, self.answer, see).astream(messages, config, **extra):
            self.message_id = self.message_id or chunk.id or ""

    def add(self, chunk: Any, seconds: float) -> None:
        """Add a provider's message that arrived the given seconds after the call."""
        text, usage = text_of(chunk.content), getattr(chunk, "usage_metadata", None)
        if text or usage:
            self.closed = not text
        if text:
            self.first_token_seconds = self.first_token_seconds or seconds
        metadata = chunk.response_metadata
        reason = next((metadata[key] for key in REASONS if metadata.get(key)), None)
        self.finish_reason = str(reason) if reason else self.finish_reason
        self.model = self.model or str(next((metadata[key] for key in MODELS if metadata.get(key)), ""))
        self.timings = metadata.get("timings") or self.timings
        listed = [*token_probs(metadata.get("logprobs"))]
        self.tokens += listed
        self.counted.add_chunk(text, len(listed))
        self.counted.add_report(usage)

    def _is_done(self) -> None:
        self.done = True

    def completion(self, usage: Usage, *, says_done: bool, gives_reasons: bool) -> Completion:
        """Return the answer.

        Args:
            usage: The usage of the call.
            says_done: Whether the provider's protocol signals the proper end of a stream.
            gives_reasons: Whether the model has reported a finish reason for any answer.
        """
        answer = self.answer
        # a stop is a proper end, independent of later text
        thought = answer.aloud and not answer.thought_aloud  # or the beginning of a thought, cut by the limit
        reason = "stop" if answer.stopped and not thought else self.finish_reason
        tokens = tuple(within(self.tokens, answer.raw, answer.kept))
        # shown thoughts are not part of the answer, so the answer is sent as another message
        message_id = "" if answer.taken_back else self.message_id
        ended = bool(reason) or self.closed or (not gives_reasons and (self.done or not says_done))
        return Completion(answer.text, message_id, usage, tokens, reason, self.timings, ended, self.model)


def token_probs(logprobs: Any) -> Iterator[TokenProb]:
    """Parse ``logprobs`` of OpenAI's API, requested with ``top_logprobs``; skip invalid probabilities."""
    content = logprobs.get("content") if isinstance(logprobs, Mapping) else logprobs
    for item in content if isinstance(content, list | tuple) else ():
        logprob = _logprob(item)
        if logprob is None:
            continue
        others = item.get("top_logprobs")
        others = others if isinstance(others, list | tuple) else ()
        likely = [(_token(other), math.exp(p)) for other in others if (p := _logprob(other)) is not None]
        top = sorted(likely, key=lambda other: -other[1])
        margin = top[0][1] - top[1][1] if len(top) > 1 else 1.0
        if len(others) > 1 and len(top) < 2:  # a second token has at most the rest
            margin = max(0.0, 2 * math.exp(logprob) - 1)
        yield TokenProb(_token(item), logprob, margin, tuple(top))


def _logprob(item: Any) -> float | None:
    value = item.get("logprob") if isinstance(item, Mapping) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not -MOST < value < ROUNDING:
        return None
    return min(0.0, float(value))


def _token(item: Mapping[str, Any]) -> str:
    token = item.get("token")
    return without_halves(token) if isinstance(token, str) else ""
