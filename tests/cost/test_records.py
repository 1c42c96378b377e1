"""Costs that were written as figures are read again as they were."""

import pytest

from dynamicrag.cost.line import Line
from dynamicrag.cost.profiles import Profile
from dynamicrag.cost.records import cost_of, line_of, record_of
from dynamicrag.cost.vector import Cost

COSTS = {
    "of parts": Cost(
        {("joules", "measured"): 2.0, ("joules", "modelled"): 1.0}, "full", {"joules": (1.0, 3.0)}
    ),
    "unknown": Cost({("usd", "unknown"): 2.0, ("usd", "measured"): 1.0, ("tokens", "measured"): 5.0}),
    "nothing": Cost(),
}


@pytest.mark.parametrize("cost", COSTS.values(), ids=COSTS)
def test_figures_are_read_as_they_were_written(cost):
    again = cost_of(
        {**cost.figures(), "dimension of a plugin": {"value": 1.0, "kind": "measured"}}, cost.scope
    )
    assert (again.figures(), again.scope) == (cost.figures(), cost.scope)


@pytest.mark.parametrize("reason", ["it only forwards", ""])
def test_a_line_keeps_why_it_was_not_metered(reason):
    line = Line("q", "generator", "m", Profile(runs="same_host"), 0.0, end=1.0, unmetered=reason)
    record = record_of(line, Cost(), "modelled")
    assert ("unmetered" in record) is bool(reason)
    assert line_of(record).unmetered == reason
