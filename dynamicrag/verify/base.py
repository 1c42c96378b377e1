"""The contract of a verifier: evidence in, named signals out.

A verifier that uses only the evidence is a class with one method::

    @VERIFIERS.register("brevity")
    class Brevity(Verifier):
        gives = (Signal("brevity"),)
        computes = True

        async def verify(self, evidence: Evidence) -> dict[str, float]:
            return {"brevity": 1 / (1 + len(evidence.answer.split()))}

A verifier that calls a model uses ``evidence.caller``, so that the call is within the budget, on the
query's account and hidden from the user. Question, passages and answer are untrusted: only the verdict is
parsed from a model's reply.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol, TypeVar

from dynamicrag.cost.expect import Asks
from dynamicrag.errors import PolicyError, VerifierError, unknown
from dynamicrag.records import Passage
from dynamicrag.registry import Registry

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage
    from numpy.typing import NDArray

    from dynamicrag.llm.completion import Completion
    from dynamicrag.llm.prompts.base import PromptStrategy

VERIFY = "verify:"
"""Prefix of a verifier's calls on the account, before its name."""

T = TypeVar("T")
Write = Callable[[Sequence[Passage]], "list[BaseMessage]"]
"""Makes a prompt that shows the given passages."""


class Caller(Protocol):
    """The calls available to a verifier besides the evidence, on the query's account and within its budget.

    ``model`` is a name in the policy; ``""`` is the model that wrote the draft.

    Raises:
        ProviderError: A call failed, or its prompt does not fit the model even without passages.
        BudgetExceeded: A call exceeds the remaining budget.
    """

    async def ask(
        self, write: Write, *, model: str = "", max_tokens: int, temperature: float = 0.0,
        stop: Sequence[str] = (),
    ) -> "Completion":  # fmt: skip
        """Call a model, with as many of the draft's passages as fit."""
        ...

    async def follow_up(self, said: str, *, model: str = "", max_tokens: int) -> "Completion":
        """Continue the conversation in which the draft was written.

        A model with a prompt cache reads only the new part.
        """
        ...

    async def sample(self, strategy: "PromptStrategy | None" = None, *, temperature: float) -> str:
        """Return another answer of the model that wrote the draft, by its own strategy or another."""
        ...

    async def embed(self, texts: Sequence[str]) -> "NDArray[Any]":
        """Return unit vectors, (n, d); NaN for texts in a language that the model cannot read."""
        ...

    async def compute(self, label: str, work: Callable[[], T]) -> T:
        """Run a long computation off the event loop."""
        ...


@dataclass(frozen=True, slots=True)
class Evidence:
    """The evidence for a verifier.

    Attributes:
        question: The standalone question.
        answer: The draft's answer.
        passages: The context of the draft; empty if nothing was retrieved.
        signals: Signals of its token probabilities, see :func:`dynamicrag.features.response.response`.
        helper: The calls to models, if available.
        retrieved: All retrieved passages; the context has the best of them.
    """

    question: str
    answer: str
    passages: Sequence[Passage]
    signals: Mapping[str, float]
    helper: Caller | None = None
    retrieved: Sequence[Passage] = ()

    @property
    def caller(self) -> Caller:
        """The calls to models.

        Raises:
            VerifierError: No model can be called here.
        """
        if self.helper is None:
            raise VerifierError("this verifier asks a model, and the evidence came without a caller")
        return self.helper


class Signal(NamedTuple):
    """A signal of a verifier: its name, its smallest and its largest value."""

    name: str
    low: float = 0.0
    high: float = 1.0


class Verifier(ABC):
    """Judges a draft.

    Attributes:
        gives: Its signals, the main one first.
        rises: Whether a higher main signal favours the answer.
        doubt: Objection for the editor of the draft if the main signal is bad.
        reads_draft: Whether its signals depend on the draft; otherwise they are known once passages are
            found, and a draft that cannot pass is not written.
        computes: Whether ``verify`` computes throughout: its time is CPU time, and it has no timeout.
        paper: Source of the method; ``""`` if there is none.
        verdict: Whether a value of the main signal passes the policy's thresholds, so that sampling can stop
            early; ``None`` if the policy weighs the value itself.
    """

    registered: ClassVar[str]
    gives: ClassVar[tuple[Signal, ...]]
    rises: ClassVar[bool] = True
    doubt: ClassVar[str] = ""
    reads_draft: ClassVar[bool] = True
    computes: ClassVar[bool] = False
    paper: ClassVar[str] = ""
    verdict: Callable[[float], bool] | None = None

    def check(self, models: Collection[str], where: str) -> None:  # noqa: B027 - may be empty
        """Refuse a verifier that this host or policy cannot run.

        Args:
            models: The policy's models.
            where: Place in the policy, for messages.

        Raises:
            PolicyError: A requirement of the verifier is missing.
        """

    def asks(self) -> Sequence[Asks]:
        """Return the expected calls and computations per draft, to price paths."""
        return ()

    @abstractmethod
    async def verify(self, evidence: Evidence) -> dict[str, float]:
        """Return signals by name, without unknown ones.

        Raises:
            VerifierError: No verdict: a model broke the reply format.
        """

    def objection(self, signals: Mapping[str, float]) -> str:
        """Return the objection to the draft in words, or ``""``."""
        name, low, high = self.gives[0]
        value = signals.get(name)
        if value is None or (value < (low + high) / 2) != self.rises:
            return ""
        return self.doubt


class ModelVerifier(Verifier):
    """A verifier that calls a model.

    Args:
        model: Its name in the policy; by default the model that wrote the draft.
    """

    def __init__(self, *, model: str = "") -> None:
        self.model = model

    def check(self, models: Collection[str], where: str) -> None:
        """See the base class."""
        if self.model and self.model not in models:
            raise PolicyError(unknown(f"{where}.model", "model", self.model, models))


VERIFIERS: Registry[Verifier] = Registry("verifier", "dynamicrag.verify", Verifier)
