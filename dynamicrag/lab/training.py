"""From an outcome table to a trained router."""

from collections.abc import Mapping, Sequence

import numpy as np

from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.errors import InputError, PolicyError
from dynamicrag.lab.outcomes.split import near_duplicates
from dynamicrag.lab.outcomes.table import OutcomeTable
from dynamicrag.lab.outcomes.whole_paths import LEAST_ROWS, check_paths
from dynamicrag.lab.recipe import Recipe
from dynamicrag.lab.stage_table import at_stage
from dynamicrag.predictors.checks import Floats
from dynamicrag.registry import parse_spec
from dynamicrag.routers.estimator import About, Estimator
from dynamicrag.routers.paths import PathEstimator, before_retrieval
from dynamicrag.topology import TOPOLOGY

BEGINNING = 160
"""Characters of a training question that are kept, for explanations."""


def train_router(
    table: OutcomeTable,
    recipe: Recipe,
    *,
    stage: str = "",
    at: Mapping[str, str] | None = None,
    keep_questions: bool = True,
) -> Estimator:
    """Train the router of one stage.

    Args:
        table: Outcomes of its options, or of whole paths.
        recipe: The predictor and its features.
        stage: The stage, where the table is of whole paths, or is to serve one stage alone.
        at: Options of the other stages, as in :func:`at_stage`.
        keep_questions: Whether to keep the beginning of every question, to explain decisions with.

    Raises:
        InputError: The table is too small, or has fewer than two options.
        PolicyError: Unknown predictor, features or parameters.
    """
    if stage:
        table = at_stage(table, stage, at)
    elif table.paths:
        raise InputError(f"{table.name}: is a table of whole paths; say which --stage to train for")
    if len(table) < LEAST_ROWS:
        raise InputError(
            f"{table.name}: {len(table)} questions; at least {LEAST_ROWS} are needed to learn from. "
            "Record more, and keep the rule or a fixed option until then"
        )
    if len(table.options) < 2:
        raise InputError(f"{table.name}: a single option, {table.options[0]!r}: nothing to decide")
    if stage != "verification":
        check_families(recipe.families)
    # retrieval signals are not known when an earlier stage decides
    ahead = stage in TOPOLOGY.ahead
    return Estimator.fit(
        [before_retrieval(query) for query in table.seen()] if ahead else table.seen(),
        table.quality,
        table.options,
        features=recipe.features(),
        predictor=recipe.predictor(),
        about=_about(table, stage, keep_questions),
        groups=near_duplicates([row.text for row in table.rows]),
    )


def train_joint(table: OutcomeTable, recipe: Recipe, *, keep_questions: bool = True) -> PathEstimator:
    """Train a router over whole paths.

    Args:
        table: Outcomes of the paths.
        recipe: The predictor and its features.
        keep_questions: Whether to keep the beginning of every question, to explain decisions with.

    Raises:
        InputError: The table is too small, or not of several whole paths.
        PolicyError: Unknown predictor, features or parameters.
    """
    paths = check_paths(table)
    check_families(recipe.families)
    return PathEstimator.fit(
        table.seen(),
        table.quality,
        paths,
        features=recipe.features,
        predictor=recipe.predictor,
        about=_about(table, "", keep_questions),
        groups=near_duplicates([row.text for row in table.rows]),
    )


def check_families(features: Sequence[object]) -> None:
    """Refuse features that are not known yet when a stage before verification decides.

    Raises:
        PolicyError: They are of the response.
    """
    if "response" in [parse_spec(spec, "--features")[0] for spec in features]:
        raise PolicyError(
            "features: 'response' is known after generation alone; no stage before it can use it"
        )


def _about(table: OutcomeTable, stage: str, keep_questions: bool) -> About:
    origins = [dict(row.origin) for row in table.rows]
    agreed = {k: v for k, v in origins[0].items() if all(o.get(k) == v for o in origins)}
    costs = {name: table.fact(name) for name in table.facts if name in DIMENSIONS}
    return About(
        stage=stage,
        table=table.name,
        origin=agreed,
        quality=_means(table.quality),
        costs={name: _means(values) for name, values in costs.items()},
        queries=[[row.id, row.text[:BEGINNING]] for row in table.rows] if keep_questions else [],
    )


def _means(values: Floats) -> list[float]:
    """Return the mean per option over the observed outcomes; 0 without any."""
    seen = ~np.isnan(values)
    return list((np.where(seen, values, 0.0).sum(axis=0) / np.maximum(seen.sum(axis=0), 1)).tolist())
