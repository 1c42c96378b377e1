"""The cost of an answer beside the expected cost of its baseline, a line a dimension."""

from collections.abc import Mapping
from dataclasses import dataclass

from dynamicrag.cost.amounts import amount, percent
from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.records import Figure
from dynamicrag.serve.web.answer import Answer

__all__ = ["CostLine", "cost_lines"]


@dataclass(frozen=True, slots=True)
class CostLine:
    """A dimension of cost.

    Attributes:
        title: Its name.
        value: The amount of the answer.
        kind: The provenance of that amount; of each part, if there are several.
        expected: The expected amount of the baseline; ``""`` without one.
        basis: The provenance of the expected amount.
        difference: The difference to the baseline, as ``62 % less``; ``""`` if it is unknown.
        less: Whether the answer took less.
    """

    title: str
    value: str
    kind: str
    expected: str
    basis: str
    difference: str
    less: bool


def cost_lines(answer: Answer) -> list[CostLine]:
    """Return the dimensions that belong in a summary."""
    return [
        _line(name, row.title, answer)
        for name, row in DIMENSIONS.items()
        if row.summary and name in answer.cost
    ]


def _line(dimension: str, title: str, answer: Answer) -> CostLine:
    value, expected = answer.amount(dimension), answer.expected(dimension)
    difference = ""
    if value is not None and expected:
        share = (expected - value) / expected
        difference = f"{percent(abs(share))} {'less' if share >= 0 else 'more'}"
    return CostLine(
        title.capitalize(),
        amount(dimension, value, noun=False),
        kinds(dimension, answer.cost[dimension]),
        amount(dimension, expected, noun=False) if answer.baseline else "",
        _basis(answer, dimension),
        difference,
        value is not None and expected is not None and value <= expected,
    )


def _basis(answer: Answer, dimension: str) -> str:
    """Return the provenance of an expected amount; an expected time or price was not measured."""
    kind = answer.baseline[dimension]["kind"] if dimension in answer.baseline else ""
    return "expected" if kind == "measured" else kind


def kinds(dimension: str, figure: Figure) -> str:
    """Return the provenance of a figure, with the amount of each part if there are several."""
    parts: Mapping[str, float] = figure.get("parts", {})
    if len(parts) < 2:
        return figure["kind"]
    return ", ".join(f"{amount(dimension, value, noun=False)} {kind}" for kind, value in parts.items())
