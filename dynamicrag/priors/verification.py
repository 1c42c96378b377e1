"""Stage ``verification`` of the prior: the probability that a draft is right, by its free signals."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Self

from dynamicrag.errors import PolicyError
from dynamicrag.predictors.state import State
from dynamicrag.priors.shifts import sigmoid


@dataclass(frozen=True, slots=True)
class Weight:
    """The part of one signal.

    Attributes:
        slope: Change of the logit per unit of the signal.
        centre: The average of the signal, which changes nothing.
    """

    slope: float
    centre: float


@dataclass(frozen=True, slots=True)
class VerificationPrior:
    """P(a draft is right) from its verifiers' signals and its token probabilities.

    A logistic regression with a fixed sign per signal. A missing signal changes nothing. The weights are
    shrunk, because the same margin means different things for different models. They compare drafts of one
    model: the level of a model belongs to the base of the prior, and ``rate`` is that of the recordings.

    Attributes:
        rate: Share of right drafts in the recordings: P(right) of a draft with average signals.
        auroc: AUROC on held-out questions, within drafts of one model.
        deviation: Standard deviation of the logit, on models that were not recorded.
        weights: The part of each signal, by its name.

    Source: the generation scorer of Chen et al. 2023, FrugalGPT (arXiv 2305.05176), in its simplest form.
    """

    rate: float
    auroc: float
    deviation: float
    weights: Mapping[str, Weight]

    def right(self, signals: Mapping[str, float]) -> tuple[float, float]:
        """Return P(the draft is right), and the standard deviation of that estimate.

        Args:
            signals: The signals by name; any may be missing, and unknown ones are ignored.
        """
        logit = math.log(self.rate / (1.0 - self.rate))
        for name, weight in self.weights.items():
            value = signals.get(name)
            if value is not None and math.isfinite(value):
                logit += weight.slope * (value - weight.centre)
        right = sigmoid(logit)
        return right, self.deviation * right * (1.0 - right)

    def state(self) -> State:
        """Return the coefficients."""
        return State(asdict(self))

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Return the part with the coefficients of a state.

        Raises:
            PolicyError: A coefficient is missing or invalid.
        """
        try:
            weights = {
                str(name): Weight(float(each["slope"]), float(each["centre"]))
                for name, each in state.meta["weights"].items()
            }
            rate, auroc, deviation = (float(state.meta[name]) for name in ("rate", "auroc", "deviation"))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise PolicyError(f"{cls.__name__}: damaged coefficients ({error})") from None
        if not (0.0 < rate < 1.0 and math.isfinite(deviation)):
            raise PolicyError(f"{cls.__name__}: rate is {rate} and deviation {deviation}")
        return cls(rate, auroc, deviation, weights)
