"""A trained router as plain data."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dynamicrag.lab.outcomes.table import OutcomeTable
    from dynamicrag.routers.estimator import Estimator


def described(estimator: "Estimator", table: "OutcomeTable", path: Path) -> dict[str, Any]:
    """Return a written router as plain data: what it is, what it was made from, and its options."""
    about = estimator.about
    predictor = estimator.predictor
    return {
        "file": str(path), "bytes": path.stat().st_size, "router": predictor.registered,
        "picked": dict(predictor.picked),
        "parameters": predictor.params(), "features": estimator.features.specs,
        "width": len(estimator.features.names), "stage": about.stage, "table": about.table,
        "questions": len(table),
        "options": {
            name: {"quality": quality, **{cost: values[k] for cost, values in about.costs.items()}}
            for k, (name, quality) in enumerate(zip(estimator.options, about.quality, strict=True))
        },
    }  # fmt: skip
