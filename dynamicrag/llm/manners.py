"""The behaviour of a model's server, learnt from its answers and refusals while this process runs."""

from collections.abc import Sequence
from typing import Any

from dynamicrag.errors import ProviderError
from dynamicrag.llm.client import LIKE_OPENAI, parameters_of
from dynamicrag.llm.completion import Completion
from dynamicrag.llm.parameters import Parameters
from dynamicrag.llm.streamed import StreamedAnswer
from dynamicrag.types import Usage

__all__ = ["Manners"]


class Manners:
    """The behaviour of one model's server.

    Args:
        provider: LangChain's name of the provider.
        sent: The parameters to send.
        known: Whether the model is in the catalogue: such models begin with the answer and report how it
            ended.

    Attributes:
        sent: The parameters not refused so far.
        thinks_aloud: Whether it thinks without an opening tag.
    """

    def __init__(self, provider: str, sent: Parameters | None = None, *, known: bool = False) -> None:
        self.sent = sent or parameters_of(provider)
        self.thinks_aloud = False
        # a server that writes blank lines or thoughts first would stop at once at a white-space stop; its
        # answer is cut here instead
        self._blank_stops = known
        self._gives_reasons = known
        self._says_done = provider in LIKE_OPENAI

    def stops(self, stop: Sequence[str]) -> dict[str, Any]:
        """Return the stops to send, as an argument of the call."""
        sent = [text for text in stop if text.strip() or self._blank_stops]
        return {"stop": sent} if sent and self.sent.sends("stop") else {}

    def completion(self, answer: StreamedAnswer, usage: Usage) -> Completion:
        """Learn from an answer, and return it."""
        self.thinks_aloud |= answer.answer.thought_aloud
        self._gives_reasons |= answer.finish_reason is not None
        return answer.completion(usage, says_done=self._says_done, gives_reasons=self._gives_reasons)

    def check_stream(self, answer: StreamedAnswer, name: str, spec: str) -> None:
        """Refuse a reply that is not a stream; from then on the model is asked for whole answers.

        Raises:
            ProviderError: The reply has nothing of OpenAI's protocol.
        """
        if not self._says_done or answer.counted.chunks or answer.done:
            return
        failure = ProviderError(
            f"model {name} ({spec}): its reply is not a stream, so from now on it is asked for whole "
            "answers; check 'base_url' if that does not help"
        )
        failure.retry_after = 0.0 if self.sent.sends("stream") else None
        self.sent.leave_out("stream")
        raise failure
