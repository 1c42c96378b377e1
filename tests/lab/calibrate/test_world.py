"""Recorded tables as arrays."""

from dataclasses import replace

import numpy as np

from dynamicrag.lab.calibrate.world import World
from dynamicrag.lab.outcomes.table import OutcomeTable
from tests.lab.calibrate.made import recorded


def with_water(rows):
    return [
        replace(
            row,
            outcomes={
                name: replace(outcome, facts={**outcome.facts, "water": 1e-7 * outcome.facts["joules"]})
                for name, outcome in row.outcomes.items()
            },
        )
        for row in rows
    ]


def test_a_table_that_was_begun_before_a_dimension_keeps_all_its_questions():
    rows = recorded().rows
    world = World.of(OutcomeTable([*rows[:30], *with_water(rows[30:])], name="t.jsonl"), 20)
    assert len(world) == len(rows)
    assert "water" not in world.costs
    assert "water was recorded for some of the questions only: left out" in world.notes


def test_a_dimension_that_was_recorded_throughout_is_a_cost():
    rows = with_water(recorded().rows)
    world = World.of(OutcomeTable(rows, name="t.jsonl"), 20)
    assert np.allclose(world.costs["water"], 1e-7 * world.costs["joules"])
