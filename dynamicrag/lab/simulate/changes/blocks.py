"""Groups come one after the other."""

from dataclasses import replace

import numpy as np

from dynamicrag.errors import InputError
from dynamicrag.lab.simulate.changes.base import CHANGES, Change
from dynamicrag.lab.simulate.timeline import Timeline


@CHANGES.register("blocks")
class Blocks(Change):
    """All queries of a group come in one block, the groups in a random order: the queries drift.

    Args:
        least: Smallest group that counts as a change; smaller ones come together, in one block.
    """

    ordering = True

    def __init__(self, *, least: int = 100) -> None:
        if least < 1:
            raise ValueError(f"least: expected 1 or more, got {least}")
        self.least = least

    def applied(self, line: Timeline, rng: np.random.Generator) -> Timeline:
        """See the base class."""
        named, member, sizes = np.unique(line.groups, return_inverse=True, return_counts=True)
        block = np.where(sizes >= self.least, np.arange(len(named)), len(named))[member.ravel()]
        blocks = rng.permutation(np.unique(block))
        if len(blocks) < 2:
            raise InputError(
                f"--change blocks: the table has no two groups of {self.least} queries or more to put in "
                "blocks; give a smaller 'least'"
            )
        rank = np.argsort(blocks)[np.searchsorted(np.sort(blocks), block)]
        order = np.argsort(rank, kind="stable")
        starts = np.flatnonzero(np.diff(rank[order])) + 1
        moving = ("rows", "groups", "quality", "cost", "expected", "open")
        moved = {name: getattr(line, name)[order] for name in moving}
        return replace(line, **moved, marks=(*line.marks, *map(int, starts)))
