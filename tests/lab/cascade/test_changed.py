"""Which stages an escalation changed, and what that added."""

from types import SimpleNamespace

import numpy as np
import pytest

from dynamicrag.escalation.base import ABSTAIN
from dynamicrag.escalation.replay import Played
from dynamicrag.lab.cascade.changed import by_stage, changed
from dynamicrag.lab.routing.resample import Resample


class Recorded(SimpleNamespace):
    """What is read of trials."""

    def __len__(self):
        return len(self.quality)


@pytest.mark.parametrize(
    ("before", "after", "stages"),
    [
        ({"generator": "small"}, {"generator": "large"}, ("generator",)),
        ({"retrieval": "none"}, {"retrieval": "single", "context": "long"}, ("retrieval",)),
        ({"generator": "small"}, {"generator": "small", "context": "long"}, ("context",)),
        ({"generator": "small"}, {"generator": "small"}, ()),
    ],
)
def test_changed(before, after, stages):
    assert changed(before, after) == stages


def test_what_was_added_sums_to_the_whole():
    trials = Recorded(
        paths=[{"generator": "small"}, {"generator": "large"}],
        quality=np.array([[0.0, 1.0], [1.0, 0.0], [0.0, 0.0], [1.0, 1.0]]),
        cost=np.tile([1.0, 4.0], (4, 1)),
    )
    tried = np.array([[1, 1], [1, 1], [1, 1], [1, 0]], dtype=bool)
    taken = Played(
        np.array([1, 0, ABSTAIN, 0]), np.zeros(4, dtype=np.intp), tried,
        np.array([1.0, 1.0, 1.0, 1.0]), np.array([5.0, 5.0, 5.0, 1.0]),
    )  # fmt: skip
    found = {group["stages"][0]: group for group in by_stage(trials, taken, Resample(4, 20, 0))}
    assert {name: group["queries"] for name, group in found.items()} == {
        "generator": 1,
        "kept": 1,
        "abstained": 1,
    }
    assert [found[name]["gain"] for name in ("generator", "kept", "abstained")] == [0.25, 0.0, 0.25]
    assert sum(group["cost"] for group in found.values()) == 3.0
    assert by_stage(SimpleNamespace(paths=[]), taken, Resample(4, 20, 0)) == []
