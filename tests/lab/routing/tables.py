"""Tables whose outcomes follow from the question, so that a router can learn them."""

from dynamicrag.lab.outcomes.table import Outcome, OutcomeTable, Row

NOUNS = ["bridge", "castle", "harbour", "museum", "river", "tower", "garden", "market", "temple", "library"]
CITIES = ["Cadiz", "Oslo", "Quito", "Hanoi", "Ghent", "Turin", "Dakar", "Lima", "Riga", "Cork", "Bern", "Ulm"]


def learnable(rows=120, start=0, options=("small", "large"), cost=True):
    """Short questions are for ``small``, long ones for ``large``; neither is right elsewhere."""
    made = []
    for number in range(start, start + rows):
        noun, city = NOUNS[number % 10], CITIES[number // 10 % 12]
        hard = number % 3 != 0
        text = f"{noun} {city} {number}"
        if hard:
            text += f" and who of its {number} keepers compared it to the {NOUNS[number // 7 % 10]} of old?"
        right = {"small": not hard, "large": hard or number % 6 == 0}
        prices = {"small": 1.0, "large": 10.0}
        outcomes = {
            name: Outcome(float(right.get(name, False)), {"usd": prices.get(name, 5.0)} if cost else {})
            for name in options
        }
        made.append(Row(f"q{number}", text, outcomes, group="hard" if hard else "easy"))
    return OutcomeTable(made, options, name="learnable")


def table(quality, cost=None, texts=None, options=None):
    """A table of these outcomes, row by row; ``None`` where there is none."""
    options = options or [f"o{k}" for k in range(len(quality[0]))]
    rows = []
    for i, own in enumerate(quality):
        outcomes = {
            name: Outcome(q, {} if cost is None or cost[i][k] is None else {"usd": cost[i][k]})
            for k, (name, q) in enumerate(zip(options, own, strict=True))
            if q is not None
        }
        rows.append(Row(f"q{i}", texts[i] if texts else f"question {i} of {NOUNS[i % 10]}", outcomes))
    return OutcomeTable(rows, options, name="made")
