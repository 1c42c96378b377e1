"""The options within the remaining budget."""

from dynamicrag.cost.vector import Cost
from dynamicrag.stages.situation import admissible, cheapest


def test_limits_strike_out_what_does_not_fit_and_name_the_dimension():
    costs = [Cost({("joules", "modelled"): 10.0}), Cost({("joules", "modelled"): 90.0})]
    assert admissible(costs, {"joules": 50}) == ([True, False], "joules")
    assert admissible(costs, {}) == ([True, True], None)
    assert cheapest(costs, {"joules": 5}) == 0
