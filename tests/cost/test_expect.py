from dataclasses import replace

import pytest

from dynamicrag.cost.budget import Budget
from dynamicrag.cost.expect import CostModel, Plan
from dynamicrag.cost.profiles import Host, Profile, Rate
from dynamicrag.cost.vector import Cost
from dynamicrag.predictors.selection import admissible, cheapest

LARGE = Profile(runs="in_process", cpu_seconds=Rate(input=0.02, output=0.1))
SMALL = Profile(runs="in_process", cpu_seconds=Rate(input=0.002, output=0.01))
MODEL = CostModel({"small": SMALL, "large": LARGE}, "small", Host(joules_per_cpu_second=4.0))
PLAN = Plan(
    question_tokens=20, rounds=1, context_tokens=400, prompt_tokens=60, output_tokens=10, model="large"
)


def joules(cost: Cost) -> float:
    return cost["joules"]


def test_a_plan_costs_its_prompt_and_its_answer():
    assert joules(MODEL.price(PLAN)) == pytest.approx(4 * (480 * 0.02 + 10 * 0.1))


def test_context_is_not_free():
    more = replace(PLAN, context_tokens=1200)
    assert joules(MODEL.price(more)) - joules(MODEL.price(PLAN)) == pytest.approx(4 * 800 * 0.02)


def test_every_further_round_costs_a_search_and_a_call_to_the_helper():
    searching = replace(PLAN, search_cpu_seconds=0.5)
    extra = joules(MODEL.price(replace(searching, rounds=2))) - joules(MODEL.price(searching))
    assert extra == pytest.approx(4 * (0.5 + 480 * 0.002 + 30 * 0.01))


def test_limits_strike_out_what_does_not_fit_and_name_the_dimension():
    costs = [Cost({("joules", "modelled"): 10.0}), Cost({("joules", "modelled"): 90.0})]
    assert admissible(costs, {"joules": 50}) == ([True, False], "joules")
    assert admissible(costs, {}) == ([True, True], None)
    assert cheapest(costs, {"joules": 5}) == 0


def test_what_is_left_shrinks_with_the_query_and_with_all_queries():
    budget = Budget(per_query={"joules": 100}, total={"joules": 150, "usd": 1})
    spent = Cost({("joules", "modelled"): 40.0})
    assert budget.left(spent) == {"joules": 60, "usd": 1}
    budget.settle(Cost({("joules", "modelled"): 90.0, ("usd", "estimated"): 0.25}))
    assert budget.left(spent) == {"joules": 20, "usd": 0.75}
