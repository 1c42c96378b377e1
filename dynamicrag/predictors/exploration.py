"""Exploration: options that do not look best, to learn from them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Exploration:
    """The exploration of options that do not look best, to learn from them.

    Attributes:
        epsilon: Probability of a uniform draw among the options that may be explored.
        temperature: Above 0, options are drawn in proportion to ``exp(score / temperature)``, instead of
            taking the best; in units of quality.
        optimism: Spreads that are added to the predicted quality: an upper confidence bound. Without any
            other exploration the choice stays deterministic, with a propensity of 1.
        sample: Posterior sampling: qualities are drawn from ``N(mean, spread²)``, and the best draw wins.
        extra: Largest extra weighted cost of an explored option over the greedy one, in units of quality;
            ``None`` without a limit.
    """

    epsilon: float = 0.0
    temperature: float = 0.0
    optimism: float = 0.0
    sample: bool = False
    extra: float | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.epsilon <= 1:
            raise ValueError(f"epsilon: expected a number from 0 to 1, got {self.epsilon}")
        for name in ("temperature", "optimism"):
            if not 0 <= (value := getattr(self, name)) < float("inf"):
                raise ValueError(f"{name}: expected a number of 0 or more, got {value}")
        if self.extra is not None and not self.extra >= 0:
            raise ValueError(f"extra: expected a number of 0 or more, got {self.extra}")
        if self.sample and (self.temperature or self.optimism):
            other = "temperature" if self.temperature else "optimism"
            raise ValueError(f"sample: excludes {other!r}; choose one of the two")

    @property
    def draws(self) -> bool:
        """Whether choices are random."""
        return self.sample or self.epsilon > 0 or self.temperature > 0

    @property
    def needs_spread(self) -> bool:
        """Whether it needs the spread of the predicted qualities."""
        return self.sample or self.optimism > 0


GREEDY = Exploration()
