"""What a model's price is, how old it is, and what is to be warned of."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from dynamicrag.cost.rates import Profile

OLD_DAYS = 365
"""Days after which a price is likely to have changed: list prices of models fall about once a year."""

_PER = 1e6
_DATE = re.compile(r"\b(20\d\d)-(\d\d)-(\d\d)\b")


@dataclass(frozen=True, slots=True)
class Price:
    """A model's price in usd; ``None`` for one that is not known.

    Attributes:
        input: Per million tokens read.
        output: Per million tokens written.
        call: Per call, besides.
        as_of: When it held, where the profile says so.
        warning: What is wrong with it, or ``""``.
    """

    input: float | None
    output: float | None
    call: float | None
    as_of: date | None
    warning: str

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        as_of = self.as_of.isoformat() if self.as_of else None
        prices = {"input": self.input, "output": self.output, "call": self.call}
        return {**prices, "as_of": as_of, "warning": self.warning}


def price_of(name: str, profile: Profile, today: date) -> Price:
    """Return the price that a model is reckoned at.

    Args:
        name: What the policy calls the model.
        profile: Its coefficients.
        today: The date to tell an old price by.
    """
    as_of = dated(profile.prices)
    how = f"models.{name}.profile.usd: {{input: ..., output: ...}} in usd per token"
    if not profile.priced:
        return Price(
            None, None, None, None, f"model {name}: no price is known; give {how}, or 0 if it is free"
        )
    warning = ""
    if as_of is not None and (today - as_of).days > OLD_DAYS:
        warning = f"model {name}: its price is of {as_of}; check it, and give {how} if it has changed"
    usd = profile.usd
    if usd.input and not usd.output:
        warning = f"model {name}: its price has no 'output', so what it writes counts as free"
    elif usd.output and not usd.input:
        warning = f"model {name}: its price has no 'input', so what it reads counts as free"
    return Price(_PER * usd.input, _PER * usd.output, usd.call, as_of, warning)


def dated(text: str) -> date | None:
    """Return the first date in a text, such as ``list price as of 2025-07-04``."""
    for year, month, day in _DATE.findall(text):
        try:
            return date(int(year), int(month), int(day))
        except ValueError:
            continue
    return None
