"""Where a model runs decides how its energy is known."""

import pytest

from dynamicrag.cost.bounds import Bounds
from dynamicrag.cost.charge import Amount, cost_of
from dynamicrag.cost.profiles import Host, Profile, Rate
from dynamicrag.cost.rates import Range
from dynamicrag.cost.vector import Cost
from dynamicrag.types import Usage

HOST = Host(joules_per_cpu_second=4.0, coefficients={"gco2e_per_kwh": Bounds(360.0)})
CALL = Usage(calls=1, input_tokens=1000, output_tokens=100, seconds=2.0)
JOULES = Range(low=Rate(output=1.0), mid=Rate(output=2.0), high=Rate(output=6.0))


def test_in_this_process_energy_follows_cpu_time():
    cost = cost_of(Usage(calls=1, cpu_seconds=3.0), Profile(runs="in_process", joules=JOULES), HOST)
    assert (cost["joules"], cost.kind("joules")) == (12.0, "modelled")


def test_far_away_it_is_estimated_from_tokens_with_bounds_and_the_buildings_overhead():
    cost = cost_of(CALL, Profile(runs="remote", joules=JOULES, pue=1.5), HOST)
    assert (cost["joules"], cost.kind("joules")) == (300.0, "estimated")
    assert cost.bounds("joules") == (150.0, 900.0)
    assert cost["gco2e"] == pytest.approx(300.0 / 3.6e6 * 360)
    figure = cost.figures()["joules"]
    assert (figure["low"], figure["high"]) == (150.0, 900.0)


def test_a_server_on_this_host_is_estimated_without_that_overhead_and_never_nothing():
    cost = cost_of(CALL, Profile(runs="same_host", joules=JOULES, pue=1.5), HOST)
    assert (cost["joules"], cost.kind("joules")) == (200.0, "estimated")
    known = Profile(runs="same_host", joules=JOULES, cpu_seconds=Rate(output=0.1))
    assert cost_of(CALL, known, HOST)["joules"] == pytest.approx(100 * 0.1 * 4.0)


def test_context_is_not_free_anywhere():
    remote = Profile(runs="remote", joules=Range(*[Rate(input=0.1, output=1.0)] * 3))
    more = Usage(calls=1, input_tokens=5000, output_tokens=100)
    assert cost_of(more, remote, HOST)["joules"] > cost_of(CALL, remote, HOST)["joules"]


def test_tokens_are_a_dimension():
    assert cost_of(CALL, Profile(), HOST)["tokens"] == 1100


def test_energy_that_is_better_known_replaces_the_estimate_and_carbon_follows():
    cost = cost_of(CALL, Profile(runs="in_process"), HOST, Amount(36.0, "measured"))
    assert (cost["joules"], cost.kind("joules")) == (36.0, "measured")
    assert (cost["gco2e"], cost.kind("gco2e")) == (pytest.approx(36.0 / 3.6e6 * 360), "measured")


def test_sums_keep_kinds_apart_and_add_bounds():
    near = cost_of(Usage(cpu_seconds=1.0), Profile(runs="in_process"), HOST)
    far = cost_of(CALL, Profile(runs="remote", joules=JOULES), HOST)
    total = sum([near, far, far], Cost())
    assert total.kinds("joules") == {"modelled": 4.0, "estimated": 400.0}
    assert total.bounds("joules") == (204.0, 1204.0)
    assert total.figures()["joules"]["parts"] == {"modelled": 4.0, "estimated": 400.0}
