import pytest

from dynamicrag.cost.vector import Cost


def test_a_sum_keeps_provenances_apart():
    total = Cost({("joules", "measured"): 2.0}) + Cost({("joules", "estimated"): 3.0})
    assert total["joules"] == 5.0
    assert total == Cost({("joules", "measured"): 2.0, ("joules", "estimated"): 3.0})


def test_a_sum_is_as_uncertain_as_its_least_certain_part():
    total = Cost({("joules", "measured"): 2.0}) + Cost({("joules", "modelled"): 3.0})
    assert total.kind("joules") == "modelled"
    assert total.kind("usd") == "measured"  # nothing was spent, and that is known


def test_active_and_full_joules_cannot_be_added():
    with pytest.raises(ValueError, match="active and full"):
        Cost({("joules", "modelled"): 1.0}) + Cost({("joules", "modelled"): 1.0}, scope="full")


def test_weights_turn_a_cost_into_quality():
    cost = Cost({("usd", "estimated"): 0.01, ("joules", "modelled"): 100.0})
    assert cost.weighted({"usd": 20, "joules": 0.0005}) == pytest.approx(0.25)


def test_addition_leaves_its_terms_alone():
    one = Cost({("usd", "estimated"): 1.0})
    assert one + one == Cost({("usd", "estimated"): 2.0})
    assert one["usd"] == 1.0
