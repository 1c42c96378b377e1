"""The ability of a model: the logit of its accuracy on a public test of general knowledge.

A listed model has its published accuracy. Another has an estimate: from listed models of its size, because
knowledge grows about linearly with the logarithm of the size; from its predecessor; or from its size class.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from dynamicrag.cost.assume import size_in
from dynamicrag.cost.family import Family, families, version, words
from dynamicrag.cost.parse import joined
from dynamicrag.cost.rates import Profile
from dynamicrag.errors import PolicyError

ASSUMED = "ability assumed: "
"""Start of the assumption about a model's ability."""


@dataclass(frozen=True, slots=True)
class Ability:
    """A model's ability.

    Attributes:
        theta: Logit of its accuracy on MMLU, or on another benchmark plus the shift of that benchmark.
        source: Source of the accuracy, with benchmark and date, or the basis of the estimate.
        listed: Whether the model's own accuracy is known.
    """

    theta: float
    source: str
    listed: bool = True

    @property
    def assumed(self) -> str:
        """The assumption in words; empty if the model's own accuracy is known."""
        return "" if self.listed else f"{ASSUMED}{self.source}"


@dataclass(frozen=True, slots=True)
class Line:
    """The abilities of listed models by their size: a line, flat outside their range.

    Attributes:
        slope: Rise of the ability when the size grows tenfold.
        start: Ability at one billion parameters.
        least: Size of the smallest listed model, in billions.
        most: Size of the largest.
    """

    slope: float
    start: float
    least: float
    most: float

    def at(self, billions: float) -> float:
        """Return the ability of a model of a size in billions of parameters."""
        within = min(max(billions, self.least), self.most)
        return self.start + self.slope * math.log10(within)


@dataclass(frozen=True, slots=True)
class Abilities:
    """The abilities of listed models, and estimates for others.

    Attributes:
        listed: Abilities by family.
        unsized: The listed families whose names do not state a size.
        line: Abilities by size; ``None`` if too few listed names state one.
        classes: Median ability of a size class, by its name.
    """

    listed: Mapping[Family, Ability]
    unsized: frozenset[Family]
    line: Line | None
    classes: Mapping[str, float]

    def of(self, spec: str, size_class: str | None = None) -> Ability | None:
        """Return the ability of a model; ``None`` if nothing tells it.

        Args:
            spec: ``provider:model``.
            size_class: Name of its size class, if known.
        """
        names = [*families(spec)]
        for each in names:
            if each in self.listed:
                return self.listed[each]
        size = size_in(spec)
        if size is not None and self.line is not None:
            return Ability(self.line.at(size.billions), f"that of listed models of its size, {size}", False)
        if (before := self._predecessor(names[-1])) is not None:
            name = "-".join(before)
            return Ability(self.listed[before].theta, f"that of its predecessor {name!r}", False)
        if size_class is not None and size_class in self.classes:
            return Ability(self.classes[size_class], f"median of size class {size_class!r}", False)
        return None

    def added(self, profile: Profile, spec: str, size_class: str | None = None) -> Profile:
        """Return a model's profile with its ability; an assumed ability is among its assumptions."""
        ability = self.of(spec, size_class)
        if ability is None:
            return profile
        assumed = joined(profile.assumed, ability.assumed)
        return replace(profile, ability=ability.theta, ability_source=ability.source, assumed=assumed)

    def _predecessor(self, name: Family) -> Family | None:
        """Return the newest listed family with the same words and a lower version."""
        older = [
            each for each in self.unsized if words(each) == words(name) and version(each) < version(name)
        ]
        return max(older, key=version, default=None)


def accuracy(given: object) -> float:
    """Return a given accuracy.

    Raises:
        ValueError: It is not a number between 0 and 1.
    """
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 < given < 1:
        raise ValueError("an accuracy between 0 and 1 is needed, such as 0.82 for 82 %")
    return float(given)


def logit(probability: float) -> float:
    """Return the logit of a probability between 0 and 1."""
    return math.log(probability / (1 - probability))


def accuracy_at(theta: float) -> float:
    """Return the accuracy on MMLU of a model with an ability."""
    return 1 / (1 + math.exp(-theta))


def with_accuracy(profile: Profile, given: float | None) -> Profile:
    """Return a profile with the ability that a user gives as an accuracy; without one, the profile itself."""
    if given is None:
        return profile
    still = (part for part in profile.assumed.split("; ") if not part.startswith(ASSUMED))
    theta = logit(accuracy(given))
    return replace(profile, ability=theta, ability_source="given by the user", assumed=joined(*still))


def check_abilities(abilities: Mapping[str, float | None], needs: Iterable[str], where: str) -> None:
    """Refuse models of unknown ability for a decision that depends on it.

    Args:
        abilities: Ability by the name of the model in the policy.
        needs: Names of the models that the decision chooses between.
        where: Place of the decision, for the error.

    Raises:
        PolicyError: The ability of a model is unknown; the message names it and says how to give it.
    """
    for name in needs:
        if abilities[name] is None:
            raise PolicyError(
                f"{where}: the ability of model {name!r} is unknown: it is not listed, and its name does not "
                f"tell its size; set models.{name}.ability to its accuracy on MMLU or a similar test, "
                "such as 0.82 for 82 %"
            )
