"""``dynamicrag train --add-to``: new options for a trained router, which is not trained again."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dynamicrag.errors import InputError

if TYPE_CHECKING:
    from dynamicrag.lab.outcomes.table import OutcomeTable


def check_alone(**others: bool) -> None:
    """Refuse what says how to train: the options are added to what was trained.

    Raises:
        InputError: One of them was given.
    """
    given = [f"--{name}" for name, is_given in others.items() if is_given]
    if given:
        raise InputError(f"--add-to takes the router as it was trained: without {', '.join(given)}")


def extend(
    outcomes: "OutcomeTable", file: Path, out: Path, stage: str, at: Mapping[str, str]
) -> dict[str, Any]:
    """Add the new options of a table to a trained router, write it, and return what came of it.

    Raises:
        InputError: The table does not go with the router.
        PolicyError: There is no such router, or it must be trained again to take new options.
    """
    from dynamicrag.cli.trained import described
    from dynamicrag.embedders import default_embedder
    from dynamicrag.lab.growing import grow
    from dynamicrag.routers.estimator import Estimator

    grown = grow(Estimator.load(file, default_embedder()), outcomes, stage=stage, at=at)
    path = grown.estimator.state().save(out)
    return described(grown.estimator, outcomes, path) | {
        "added": dict(grown.added), "anchors": grown.anchors,
    }  # fmt: skip
