"""One learner on one stream: predict, choose, and learn from the chosen option alone."""

from collections import defaultdict
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from dynamicrag.lab.simulate.timeline import Timeline, World
from dynamicrag.predictors.base import Predictor
from dynamicrag.predictors.exploration import Exploration
from dynamicrag.predictors.selection import select


def replay(
    fresh: Callable[[list[int]], Predictor],
    world: World,
    line: Timeline,
    rng: np.random.Generator,
    explore: Exploration | None = None,
) -> NDArray[np.intp]:
    """Return the option chosen at each time, (n,).

    A learner sees the features, the estimate before any reward, and expected costs; of the outcomes it sees
    the chosen option's quality alone, and no sooner than its reward is due.

    Args:
        fresh: Returns the learner at its start, for the positions of its options.
        world: The table.
        line: The stream.
        rng: Random generator of draws.
        explore: The exploration; by default the learner's own.
    """
    known = [int(column) for column in np.flatnonzero(line.open[0])]
    learner = fresh(known)
    waiting: defaultdict[int, list[int]] = defaultdict(list)
    chosen = np.empty(len(line), dtype=np.intp)
    weights = np.array([line.weight])
    for time, row in enumerate(line.rows):
        for opened in map(int, np.flatnonzero(line.open[time])):
            if opened not in known:
                learner.add_option()
                known.append(opened)
        x = world.X[row]
        found = learner.predict(x[None])
        index = select(
            np.clip(found.mean[0] + world.base[row, known], 0.0, 1.0),  # as the router does
            line.expected[time, known][:, None],
            weights,
            allowed=line.open[time, known],
            spread=None if found.spread is None else found.spread[0],
            explore=learner.exploration if explore is None else explore,
            rng=rng,
        ).index
        chosen[time] = known[int(index)]
        if line.due[time] >= 0:
            waiting[int(line.due[time])].append(time)
        for earlier in waiting.pop(time, ()):
            own, column = line.rows[earlier], int(chosen[earlier])
            reward = line.quality[earlier, column] - world.base[own, column]
            learner.learn(world.X[own], known.index(column), float(reward))
    return chosen
