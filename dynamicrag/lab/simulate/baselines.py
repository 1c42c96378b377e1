"""Choices to compare learners with: random, best fixed option, offline forest, oracle."""

from collections.abc import Mapping

import numpy as np

from dynamicrag.lab.outcomes.split import near_duplicates
from dynamicrag.lab.simulate.timeline import Timeline, World
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.crossfit import out_of_fold
from dynamicrag.predictors.selection import select

FOLDS = 5
FOREST, FIXED, ORACLE, RANDOM = "forest", "best_fixed", "oracle", "random"


def forest_means(world: World, texts: list[str], seed: int) -> Floats:
    """Return the quality predicted by an offline forest, out of fold, on the learners' features, (n, k).

    It is trained on the outcomes of all options on the other folds, and knows nothing of changes.
    """
    groups = near_duplicates(texts)
    blocks = [world.X.shape[1]]
    means = out_of_fold(
        [FOREST], world.X, world.quality, groups, blocks, count=FOLDS, seed=seed, where=FOREST
    )
    return np.asarray(means[0])


def utilities(line: Timeline, forest: Floats) -> Mapping[str, Floats]:
    """Return the utility of every baseline at every time, (n,).

    ``best_fixed`` is the best option in hindsight over the whole stream; ``oracle`` takes the best option of
    each query; ``random`` is the mean over the options offered.

    Args:
        line: The stream.
        forest: The forest's predictions by row of the table, (n, k).
    """
    utility, offered = line.utility, line.open
    chosen = select(
        forest[line.rows], line.expected[:, :, None], np.array([line.weight]), allowed=offered
    ).index
    total = np.where(offered, utility, 0.0).sum(axis=1)
    return {
        RANDOM: total / offered.sum(axis=1),
        FIXED: utility[:, line.best()],
        FOREST: line.of(chosen),
        ORACLE: utility.max(axis=1),
    }
