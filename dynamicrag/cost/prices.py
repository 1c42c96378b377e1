"""A model's price, its date, and a warning where the price is missing, old or incomplete."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from dynamicrag.cost.rates import Profile

OLD_DAYS = 365
"""Age in days after which a price is probably outdated: list prices fall about once a year."""

_PER = 1e6
_DATE = re.compile(r"\b(20\d\d)-(\d\d)-(\d\d)\b")


@dataclass(frozen=True, slots=True)
class Price:
    """A model's price in usd; ``None`` where it is unknown.

    Attributes:
        input: Per million prompt tokens.
        output: Per million generated tokens.
        call: Per call, in addition.
        as_of: Date of the price, if the profile has one.
        warning: The problem with it, or ``""``.
    """

    input: float | None
    output: float | None
    call: float | None
    as_of: date | None
    warning: str

    def as_dict(self) -> dict[str, Any]:
        """Return the price as plain data."""
        as_of = self.as_of.isoformat() if self.as_of else None
        prices = {"input": self.input, "output": self.output, "call": self.call}
        return {**prices, "as_of": as_of, "warning": self.warning}


def price_of(name: str, profile: Profile, today: date) -> Price:
    """Return the price used to compute the costs of a model, by its name in the policy."""
    as_of = dated(profile.prices)
    how = f"models.{name}.profile.usd: {{input: ..., output: ...}} in usd per token"
    if not profile.priced:
        warning = f"model {name}: no price is known; give {how}, or 0 if it is free"
        return Price(None, None, None, None, warning)
    warning = ""
    if as_of is not None and (today - as_of).days > OLD_DAYS:
        warning = f"model {name}: its price dates from {as_of}; check it, and give {how} if it has changed"
    usd = profile.usd
    if usd.input and not usd.output:
        warning = f"model {name}: its price has no 'output', so its output counts as free"
    elif usd.output and not usd.input:
        warning = f"model {name}: its price has no 'input', so its input counts as free"
    return Price(_PER * usd.input, _PER * usd.output, usd.call, as_of, warning)


def dated(text: str) -> date | None:
    """Return the first date in a text, for example ``list price as of 2025-07-04``."""
    for year, month, day in _DATE.findall(text):
        try:
            return date(int(year), int(month), int(day))
        except ValueError:
            continue
    return None
