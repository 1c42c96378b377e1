"""A table of whole paths whose drafts' margins tell who is right, and what is learnt from it."""

import json

import numpy as np

from dynamicrag.lab.cascade.train import TrainedEscalation, train_escalation
from dynamicrag.lab.outcomes.table import Outcome, OutcomeTable, Row
from dynamicrag.lab.recipe import Recipe

PATHS = {
    f"{retrieval}/{model}": {"retrieval": retrieval, "generator": model, "verification": "accept"}
    for retrieval in ("none", "single")
    for model in ("small", "large")
}
RATES = {"none/small": 0.2, "none/large": 0.3, "single/small": 0.5, "single/large": 0.85}
PRICES = {"small": 0.001, "large": 0.01}
MENDED = "single/small/refine"
MENDING = 0.002
TAUGHT: dict[str, TrainedEscalation] = {}


def table(
    rows: int = 160, *, blank: float = 0.0, unit: str = "usd", seed: int = 0, mended: float = 0.0
) -> OutcomeTable:
    """Return recorded drafts: who is right is drawn, and the margin tells it but for some noise.

    A share ``blank`` of the questions has no answer: there every draft says so, and is worth nothing.
    Where ``mended`` is above 0, it is the rate at which mending sets a wrong draft of single/small right.
    """
    names = [name for path in PATHS for name in ([path, MENDED] if mended and path in MENDED else [path])]
    rng = np.random.default_rng(seed)
    made = []
    for i in range(rows):
        lost = rng.random() < blank
        outcomes = {}
        for name in names:
            draft = name.removesuffix("/refine")
            path = PATHS[draft] | ({"verification": "refine"} if name == MENDED else {})
            cost = PRICES[path["generator"]] + MENDING * (name == MENDED)
            right = not lost and rng.random() < RATES[draft]
            if name == MENDED:
                right = not lost and (outcomes[draft].quality > 0 or rng.random() < mended)
            margin = float(np.clip(rng.normal(0.8 if right else 0.2, 0.15), 0.0, 1.0))
            signals = {"token_margin": margin, "unanswerable": float(lost)}
            outcomes[name] = Outcome(
                float(right), {unit: cost}, signals, path=path,
                answer="unanswerable" if lost else "In 1813",
            )  # fmt: skip
        made.append(Row(f"q{i}", f"When was bridge number {i} opened?", outcomes, answerable=not lost))
    return OutcomeTable(made, names, "made")


def taught(policy: object = "value", **change: object) -> TrainedEscalation:
    """Return what is learnt from such a table; it is learnt once per process."""
    key = json.dumps([policy, change], sort_keys=True)
    if key not in TAUGHT:
        TAUGHT[key] = train_escalation(table(**change), policy, Recipe("linear", ["lexical"]))
    return TAUGHT[key]
