"""The contract of a stage's part of the prior: by how much each option moves the answer's logit."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Self

from dynamicrag.errors import PolicyError
from dynamicrag.predictors.state import State
from dynamicrag.types import Option


@dataclass(frozen=True, slots=True)
class Shifts:
    """Shifts of the logit of P(the answer is right), one per option of a stage.

    Attributes:
        logit: The shifts; 0 for the reference option under average evidence.
        reason: The evidence for each shift, in words; ``""`` if there is none.
        spread: Standard deviation of the shifts.
    """

    logit: tuple[float, ...]
    reason: tuple[str, ...]
    spread: float


@dataclass(frozen=True, slots=True)
class StagePrior(ABC):
    """A stage's part of the prior: a dataclass of learnt coefficients, all of them numbers.

    Attributes:
        spread: Standard deviation of a shift.
    """

    spread: float

    @abstractmethod
    def shift(self, option: Option, features: Mapping[str, float]) -> tuple[float, str]:
        """Return the shift of an option, and the evidence for it in words; see :meth:`shifts`."""

    def shifts(self, options: Sequence[Option], features: Mapping[str, float]) -> Shifts:
        """Return the shift of each option.

        Args:
            options: Options of the stage, in any order and number.
            features: The signals known so far, by their names in ``StageContext.features``, and ``ability``,
                the θ of the planned model. Any may be missing.
        """
        found = [self.shift(option, features) for option in options]
        return Shifts(tuple(logit for logit, _ in found), tuple(why for _, why in found), self.spread)

    def state(self) -> State:
        """Return the coefficients."""
        return State(asdict(self))

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Return the part with the coefficients of a state.

        Raises:
            PolicyError: A coefficient is missing, unknown, or no finite number.
        """
        wanted = {field.name for field in fields(cls)}
        if set(state.meta) != wanted:
            raise PolicyError(f"{cls.__name__}: has {sorted(state.meta)}; expected {sorted(wanted)}")
        values = {name: float(value) for name, value in state.meta.items()}
        if not all(map(math.isfinite, values.values())):
            raise PolicyError(f"{cls.__name__}: has a coefficient that is not finite")
        return cls(**values)


def sigmoid(x: float) -> float:
    """Return the logistic function of ``x``."""
    return 1.0 / (1.0 + math.exp(-min(max(x, -30.0), 30.0)))
