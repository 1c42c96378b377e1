"""Results as JSON."""

from dataclasses import dataclass, field

import numpy as np

from dynamicrag.lab.results import KEY, OPTIONAL, plain_data


@dataclass(frozen=True)
class Point:
    lam: float = field(metadata={KEY: "lambda"})
    cost: float | None = None
    p: float | None = field(default=None, metadata={OPTIONAL: True})


def test_a_dataclass_has_the_keys_of_its_fields():
    assert plain_data({"a": [Point(1.0)]}) == {"a": [{"lambda": 1.0, "cost": None}]}
    assert plain_data(Point(np.float64("nan"), p=0.5)) == {"lambda": None, "cost": None, "p": 0.5}
