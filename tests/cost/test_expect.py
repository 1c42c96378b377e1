import pytest

from dynamicrag.cost.expect import CostModel, Plan, Priced
from dynamicrag.cost.profiles import Host, Profile, Rate
from dynamicrag.cost.vector import Cost
from dynamicrag.predictors.selection import admissible, cheapest

LARGE = Profile(runs="in_process", cpu_seconds=Rate(input=0.02, output=0.1))
SMALL = Profile(runs="in_process", cpu_seconds=Rate(input=0.002, output=0.01))
MODELS = {"small": Priced("local:small", SMALL), "large": Priced("local:large", LARGE)}
MODEL = CostModel(MODELS, "small", Host(joules_per_cpu_second=4.0))
PLAN = Plan(
    question_tokens=20, rounds=1, context_tokens=400, prompt_tokens=60, output_tokens=10, model="large"
)


def joules(cost: Cost) -> float:
    return cost["joules"]


def test_a_plan_costs_its_prompt_and_its_answer():
    assert joules(MODEL.price(PLAN)) == pytest.approx(4 * (480 * 0.02 + 10 * 0.1))


def test_context_is_not_free():
    more = PLAN._replace(context_tokens=1200)
    assert joules(MODEL.price(more)) - joules(MODEL.price(PLAN)) == pytest.approx(4 * 800 * 0.02)


def test_every_further_round_costs_a_search_and_a_call_to_the_helper():
    searching = PLAN._replace(search_cpu_seconds=0.5)
    extra = joules(MODEL.price(searching._replace(rounds=2))) - joules(MODEL.price(searching))
    assert extra == pytest.approx(4 * (0.5 + 420 * 0.002 + 30 * 0.01))


def test_what_prompts_share_is_computed_once_where_the_model_keeps_it():
    keeping = CostModel({"large": Priced("local:large", LARGE, caches=True)}, None, Host())
    assert joules(MODEL.price(PLAN)) - joules(keeping.price(PLAN)) == pytest.approx(4 * 60 * 0.02)


def test_the_worst_case_is_a_long_answer_with_nothing_kept():
    assert joules(MODEL.worst(PLAN)) == pytest.approx(4 * (480 * 0.02 + 64 * 0.1))


def test_limits_strike_out_what_does_not_fit_and_name_the_dimension():
    costs = [Cost({("joules", "modelled"): 10.0}), Cost({("joules", "modelled"): 90.0})]
    assert admissible(costs, {"joules": 50}) == ([True, False], "joules")
    assert admissible(costs, {}) == ([True, True], None)
    assert cheapest(costs, {"joules": 5}) == 0
