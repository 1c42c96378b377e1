"""The contract of a verifier: evidence in, named signals out.

A verifier that reads the evidence alone is a class with one method::

    @VERIFIERS.register("brevity")
    class Brevity(Verifier):
        gives = (Signal("brevity"),)
        computes = True

        async def verify(self, evidence: Evidence) -> dict[str, float]:
            return {"brevity": 1 / (1 + len(evidence.answer.split()))}

One that asks a model does so through ``evidence.caller``, so that the call fits the budget, stands on
the query's account and stays out of what the user is shown. Question, passages and answer are
untrusted: a verdict is read from a model's reply and nothing else.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol, TypeVar

from dynamicrag.cost.expect import Asks
from dynamicrag.errors import PolicyError, VerifierError, unknown
from dynamicrag.registry import Registry
from dynamicrag.types import Passage

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage
    from numpy.typing import NDArray

    from dynamicrag.llm.completion import Completion
    from dynamicrag.llm.prompts.base import PromptStrategy

VERIFY = "verify:"
"""What the calls of a verifier stand under on the account, before its name."""

T = TypeVar("T")
Write = Callable[[Sequence[Passage]], "list[BaseMessage]"]
"""Makes a prompt that shows the given passages."""


class Caller(Protocol):
    """What a verifier may use besides the evidence, on the query's account and within its budget.

    ``model`` is a name in the policy; ``""`` is the model that wrote the draft.

    Raises:
        ProviderError: A call failed, or its prompt does not fit the model even without passages.
        BudgetExceeded: A call does not fit what the budget leaves.
    """

    async def ask(
        self, write: Write, *, model: str = "", max_tokens: int, temperature: float = 0.0,
        stop: Sequence[str] = (),
    ) -> "Completion":  # fmt: skip
        """Ask a model, with as many of the draft's passages as fit."""
        ...

    async def follow_up(self, said: str, *, model: str = "", max_tokens: int) -> "Completion":
        """Go on with the conversation in which the draft was written.

        A model with a prompt cache reads what is new alone.
        """
        ...

    async def sample(self, strategy: "PromptStrategy | None" = None, *, temperature: float) -> str:
        """Return another answer of the model that wrote the draft, by its own strategy or another."""
        ...

    async def embed(self, texts: Sequence[str]) -> "NDArray[Any]":
        """Return unit vectors, (n, d); NaN for texts in a language that the model does not read."""
        ...

    async def compute(self, label: str, work: Callable[[], T]) -> T:
        """Run what computes for long, off the event loop."""
        ...


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a verifier may look at.

    Attributes:
        question: The standalone question.
        answer: The draft's answer.
        passages: The context that it was written from; empty when nothing was retrieved.
        signals: What its token probabilities say, see :func:`dynamicrag.features.response.response`.
        helper: What asks models, where there are any.
        retrieved: All that was found, of which the context took the best.
    """

    question: str
    answer: str
    passages: Sequence[Passage]
    signals: Mapping[str, float]
    helper: Caller | None = None
    retrieved: Sequence[Passage] = ()

    @property
    def caller(self) -> Caller:
        """What asks models.

        Raises:
            VerifierError: There is none.
        """
        if self.helper is None:
            raise VerifierError("this verifier asks a model, and the evidence came without a caller")
        return self.helper


class Signal(NamedTuple):
    """A signal of a verifier: its name, its least and its greatest value."""

    name: str
    low: float = 0.0
    high: float = 1.0


class Verifier(ABC):
    """Judges a draft.

    Attributes:
        gives: Its signals, the chief one first.
        rises: Whether a higher chief signal speaks for the answer.
        doubt: What to tell who is to mend the draft, where the chief signal speaks against it.
        reads_draft: Whether its signals depend on the draft; else they are known once passages are found, and
            a draft that cannot pass is not written.
        computes: Whether ``verify`` computes all the while: its time is CPU time, and nothing cuts it off.
        paper: Where the method is from; ``""`` for what is nobody's.
        verdict: Whether a value of the chief signal passes the policy's thresholds, so that no more is asked
            than that takes; ``None`` where the policy weighs the value itself.
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
        """Refuse what this host or policy cannot serve.

        Args:
            models: The policy's models.
            where: Place in the policy, for messages.

        Raises:
            PolicyError: Something that the verifier needs is not there.
        """

    def asks(self) -> Sequence[Asks]:
        """Return what it is expected to ask or compute per draft, so that paths are priced with it."""
        return ()

    @abstractmethod
    async def verify(self, evidence: Evidence) -> dict[str, float]:
        """Return signals by name; leave out what cannot be told.

        Raises:
            VerifierError: It should have been told, and was not: a model did not keep to its format.
        """

    def objection(self, signals: Mapping[str, float]) -> str:
        """Return what speaks against the draft, in words, or ``""``."""
        name, low, high = self.gives[0]
        value = signals.get(name)
        if value is None or (value < (low + high) / 2) != self.rises:
            return ""
        return self.doubt


class ModelVerifier(Verifier):
    """Asks a model.

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
