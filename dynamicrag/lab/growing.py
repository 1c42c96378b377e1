"""New options for a trained router, from their results on recorded questions; nothing is trained again."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from dynamicrag.errors import InputError
from dynamicrag.lab.outcomes.table import OutcomeTable
from dynamicrag.lab.stage_table import at_stage
from dynamicrag.predictors.base import Predictor
from dynamicrag.routers.estimator import Estimator


@dataclass(frozen=True, slots=True)
class Grown:
    """A router with more options than it was trained on.

    Attributes:
        estimator: The router.
        added: At how many of its predictor's anchors each new option is known.
        anchors: Number of the anchors.
    """

    estimator: Estimator
    added: Mapping[str, int]
    anchors: int


def grow(
    estimator: Estimator, table: OutcomeTable, *, stage: str = "", at: Mapping[str, str] | None = None
) -> Grown:
    """Add the options of a table that a trained router does not know; ``estimator`` stays as it is.

    Args:
        estimator: The router of a stage.
        table: Outcomes of the new options; those of other options are ignored. For ``knn`` and
            ``matrix_factorization`` it must hold the training questions, for ``kmeans`` any.
        stage: The stage, where the table is of whole paths and the router was trained for none.
        at: Options of the other stages, as in :func:`at_stage`.

    Raises:
        InputError: The table has no new option, is of another stage or corpus, lacks costs that the router
            has of its other options, or says nothing of a new option where the router could use it.
        PolicyError: The predictor must be trained again to take new options.
    """
    table = _of_stage(estimator, table, stage, at)
    about = estimator.about
    new = [option for option in table.options if option not in estimator.options]
    if not new:
        known = ", ".join(estimator.options)
        raise InputError(f"{table.name}: has no option that the router does not know; it knows {known}")
    columns = [table.options.index(option) for option in new]
    costs = {name: [*own, *_costs(table, name, columns)] for name, own in about.costs.items()}
    predictor = Predictor.from_state(estimator.predictor.state())
    X = estimator.features.transform(table.seen())
    added = {}
    for option, column in zip(new, columns, strict=True):
        quality = predictor.at_anchors(X, table.quality[:, column])
        added[option] = int((~np.isnan(quality)).sum())
        if not added[option]:
            raise InputError(
                f"{table.name}: {option!r} was observed on none of the questions that this "
                f"{predictor.registered!r} was trained on; record it on those of {about.table or 'its table'}"
            )
        predictor.add_option(quality)
    means = np.nanmean(table.quality[:, columns], axis=0).tolist()
    grown_about = replace(
        about,
        table=" + ".join(filter(None, (about.table, table.name))),
        quality=[*about.quality, *means] if about.quality else (),
        costs=costs,
    )
    grown = replace(estimator, options=(*estimator.options, *new), predictor=predictor, about=grown_about)
    return Grown(grown, added, predictor.anchors)


def _of_stage(
    estimator: Estimator, table: OutcomeTable, stage: str, at: Mapping[str, str] | None
) -> OutcomeTable:
    """Return the table of the options of the router's stage."""
    trained, corpus = estimator.about.stage, estimator.about.origin.get("corpus")
    if trained and stage not in ("", trained):
        raise InputError(f"--stage {stage}: the router was trained for the stage {trained!r}; leave it out")
    if corpus and any(row.origin.get("corpus", corpus) != corpus for row in table.rows):
        raise InputError(
            f"{table.name}: was recorded on another corpus than what the router was trained on, and what its "
            "options gave there does not compare; record them on the same"
        )
    wanted = stage or trained
    if not wanted and table.paths:
        raise InputError(f"{table.name}: is a table of whole paths; name the stage of the options by --stage")
    return at_stage(table, wanted, at, least=1) if wanted else table


def _costs(table: OutcomeTable, name: str, columns: list[int]) -> list[float]:
    """Return the mean cost of options; a missing option would look free."""
    found = table.fact(name)[:, columns] if name in table.facts else np.full((1, len(columns)), np.nan)
    lacking = [table.options[c] for c, own in zip(columns, found.T, strict=True) if np.isnan(own).all()]
    if lacking:
        raise InputError(
            f"{table.name}: has no {name} of {', '.join(lacking)}, and the router knows those of its other "
            "options; record them too"
        )
    return list(np.nanmean(found, axis=0).tolist())
