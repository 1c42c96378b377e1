"""The values that all floors pass between functions: questions, options and usage."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

StagePath = Mapping[str, str]


"""The option at each stage, by the stage's name; a partial path lacks some stages."""


Runs = Literal["in_process", "same_host", "remote"]


"""The place where a model computes; it decides whether this process's meter sees its energy."""


@dataclass(frozen=True, slots=True)
class Query:
    """A question that stands alone.

    Attributes:
        id: Key of the query in the ledger, unique per turn.
        text: The question, rewritten to stand alone if the conversation has a history.
        original: The question as the user wrote it.
        history: Earlier messages as ``(role, text)``, oldest first.
    """

    id: str
    text: str
    original: str = ""
    history: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Option:
    """A named alternative at a stage. A stage lists its options weakest (cheapest) first.

    Attributes:
        name: Its name.
        params: Its parameters.
        description: The questions that it suits, for routers that choose by descriptions.
    """

    name: str
    params: Mapping[str, Any] = field(default_factory=dict)
    description: str = ""


@dataclass(frozen=True, slots=True)
class Move(Option):
    """An option of verification: an action on a draft.

    Attributes:
        kind: ``accept`` ends the turn with the draft, ``abstain`` without one; ``refine`` has a model edit
            it; ``ask_again`` asks for another; ``redo`` goes back to a stage.
        stage: The stage to go back to.
        model: The model that edits; by default the next stronger one.
    """

    kind: Literal["accept", "refine", "ask_again", "redo", "abstain"] = "accept"
    stage: str = ""
    model: str | None = None

    @property
    def steps_up(self) -> bool:
        """Whether it continues work on the answer at the cost of a step up."""
        return self.kind in ("refine", "redo")


@dataclass(frozen=True, slots=True)
class Usage:
    """The consumption of a call. A sum keeps the first-token time of the earlier call.

    Attributes:
        calls: Number of calls.
        input_tokens: Prompt tokens, cached ones included.
        cached_tokens: Prompt tokens read from a cache.
        output_tokens: Generated tokens.
        seconds: Wall time.
        cpu_seconds: CPU time declared for the call in this process, over all threads; 0 for a remote call.
        server_cpu_seconds: CPU time of a model server on this host for the call; 0 if it was not metered.
        gpu_joules: Metered energy of the GPUs of such a server for the call.
        first_token_seconds: Wall time until the first token, if any.
        assumed: Whether tokens are a worst case, because the provider did not count them credibly.
    """

    calls: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    server_cpu_seconds: float = 0.0
    gpu_joules: float = 0.0
    first_token_seconds: float | None = None
    assumed: bool = False

    def __add__(self, other: "Usage") -> "Usage":
        first = self.first_token_seconds
        return replace(
            self,
            calls=self.calls + other.calls,
            input_tokens=self.input_tokens + other.input_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            seconds=self.seconds + other.seconds,
            cpu_seconds=self.cpu_seconds + other.cpu_seconds,
            server_cpu_seconds=self.server_cpu_seconds + other.server_cpu_seconds,
            gpu_joules=self.gpu_joules + other.gpu_joules,
            first_token_seconds=other.first_token_seconds if first is None else first,
            assumed=self.assumed or other.assumed,
        )
