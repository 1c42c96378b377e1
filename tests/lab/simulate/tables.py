"""Small tables with known answers: which option is best, in which kind of question."""

import numpy as np

from dynamicrag.lab.outcomes.table import Outcome, OutcomeTable, Row

KINDS = (
    "who wrote the book number {n}?",
    "why is the number {n} of both towns in the north older or taller?",
)


def table(
    rows: int = 300, qualities=((0.9, 0.2), (0.2, 0.9)), costs=(1.0, 1.0), seed: int = 0
) -> OutcomeTable:
    """Return a table of two kinds of questions in turn.

    Args:
        rows: Number of queries.
        qualities: Probability of a right answer, by kind and option.
        costs: Cost of each option.
        seed: Seed of the answers.
    """
    rng = np.random.default_rng(seed)
    made = []
    for n in range(rows):
        kind = n % len(qualities)
        outcomes = {
            f"option {k}": Outcome(float(rng.random() < chance), {"usd": cost})
            for k, (chance, cost) in enumerate(zip(qualities[kind], costs, strict=True))
        }
        made.append(Row(f"q{n}", KINDS[kind].format(n=n), outcomes, group=f"kind {kind}"))
    return OutcomeTable(made, name="toy.jsonl")


def same(*chances: float, rows: int = 300, costs=None, seed: int = 0) -> OutcomeTable:
    """Return a table whose questions are all alike."""
    return table(rows, (chances, chances), costs or (1.0,) * len(chances), seed)
