"""The chart of a conversation as SVG: joules of each answer, and their sum beside that of the baseline."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import floor, log10

from dynamicrag.cost.amounts import amount
from dynamicrag.lab.view.amounts import safe
from dynamicrag.serve.web.answer import Answer

__all__ = ["Session", "chart", "session"]

WIDTH, HEIGHT = 520.0, 200.0
LEFT, RIGHT, TOP, BOTTOM = 64.0, 10.0, 14.0, 26.0
MOST_LABELS = 12
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Session:
    """The energy of a conversation, per answer whose energy is known, in joules.

    Attributes:
        numbers: Number of each answer in the conversation, from 1.
        spent: Joules of each answer.
        baseline: Expected joules of the baseline for the same questions.
    """

    numbers: Sequence[int]
    spent: Sequence[float]
    baseline: Sequence[float]

    @property
    def sums(self) -> tuple[list[float], list[float]]:
        """The running sums of both."""
        return list(accumulate(self.spent)), list(accumulate(self.baseline))

    @property
    def compared(self) -> float:
        """The joules of the answers that have a baseline."""
        return sum(spent for spent, base in zip(self.spent, self.baseline, strict=True) if base)


def session(answers: Sequence[Answer]) -> Session:
    """Return the energy of a conversation; an answer without a baseline, as a stopped one, adds 0 to it."""
    known = [
        (number, joules, answer.expected("joules") or 0.0)
        for number, answer in enumerate(answers, 1)
        if (joules := answer.amount("joules")) is not None
    ]
    return Session([n for n, _, _ in known], [j for _, j, _ in known], [b for _, _, b in known])


def chart(found: Session) -> str:
    """Return the chart as inline SVG; ``""`` without an answer."""
    if not found.numbers:
        return ""
    sums, base = found.sums
    top, step = _scale(max(*sums, *base, 1e-9))
    words = (
        f"Energy of {len(sums)} answers: {amount('joules', sums[-1])}; "
        f"expected without routing: {amount('joules', base[-1])}"
    )
    body = "".join(
        [*_grid(top, step), *_bars(found, top), _curve(base, top, "base"), _curve(sums, top, "own")]
    )
    box = f"0 0 {WIDTH:g} {HEIGHT:g}"
    return f'<svg class="dr-chart" viewBox="{box}" role="img" aria-label="{safe(words, 200)}">{body}</svg>'


def _scale(highest: float) -> tuple[float, float]:
    """Return the top of the axis and the step of its lines."""
    rough = highest / 4
    power = 10.0 ** floor(log10(rough))
    step = next(power * each for each in STEPS if power * each >= rough)
    lines = int(highest / step) + 1
    return step * lines, step


def _x(position: int, number: int) -> float:
    return LEFT + (position + 0.5) * (WIDTH - LEFT - RIGHT) / number


def _y(value: float, top: float) -> float:
    return HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM)


def _grid(top: float, step: float) -> Iterator[str]:
    for number in range(round(top / step) + 1):
        y = _y(number * step, top)
        label = safe(amount("joules", number * step, brief=True))
        yield f'<line x1="{LEFT:g}" x2="{WIDTH - RIGHT:g}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>'
        yield f'<text x="{LEFT - 8:g}" y="{y + 4:.1f}" text-anchor="end">{label}</text>'


def _bars(found: Session, top: float) -> Iterator[str]:
    count = len(found.numbers)
    width = min(36.0, (WIDTH - LEFT - RIGHT) / count * 0.5)
    every = -(-count // MOST_LABELS)
    for position, (number, joules) in enumerate(zip(found.numbers, found.spent, strict=True)):
        x, y = _x(position, count), _y(joules, top)
        said = safe(f"Answer {number}: {amount('joules', joules)}")
        yield (
            f'<rect x="{x - width / 2:.1f}" y="{y:.1f}" width="{width:.1f}" '
            f'height="{max(1.0, HEIGHT - BOTTOM - y):.1f}" rx="2" class="bar"><title>{said}</title></rect>'
        )
        if position % every == 0:
            yield f'<text x="{x:.1f}" y="{HEIGHT - 8:g}" text-anchor="middle">{number}</text>'


def _curve(values: Sequence[float], top: float, name: str) -> str:
    points = [(_x(position, len(values)), _y(value, top)) for position, value in enumerate(values)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" class="{name}"/>' for x, y in points)
    return f'<polyline points="{line}" class="{name}"/>{dots}'
