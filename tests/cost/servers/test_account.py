"""The joules of a metered server on the account, in the calibration and in expectations."""

from dataclasses import replace

import pytest

from dynamicrag.cost.attribution import Attribution
from dynamicrag.cost.bookkeeper import observed
from dynamicrag.cost.calibration import LEAST, Calibration, Observation
from dynamicrag.cost.cost_model import CostModel, Priced
from dynamicrag.cost.ledger import Ledger
from dynamicrag.cost.meter import Interval, NullMeter
from dynamicrag.cost.rates import Host, Profile, Range, Rate, calibration_key
from dynamicrag.types import Usage

HERE = Profile(runs="same_host", server="127.0.0.1:8000", joules=Range.same(Rate(input=1.0, output=2.0)))
SPEC = "openai:m"
USED = Usage(calls=1, input_tokens=100, output_tokens=10, seconds=2.0, server_cpu_seconds=3.0)


def call(ledger, usage, profile=HERE):
    with ledger.span("q", "generator", "m", profile, SPEC) as line:
        line.usage = usage
    return line, ledger.line_cost(line)


def joules(cost):
    return {kind: value for dimension, kind, value in cost.parts() if dimension == "joules"}


@pytest.fixture
def ledger():
    return Ledger(Attribution(NullMeter()), Host(joules_per_cpu_second=5.0))


def test_a_metered_server_is_modelled_by_its_cpu_time(ledger):
    _, cost = call(ledger, USED)
    assert joules(cost) == {"modelled": 15.0}
    assert cost["gco2e"] > 0


def test_an_unmetered_server_is_estimated_as_before(ledger):
    _, cost = call(ledger, replace(USED, server_cpu_seconds=0.0))
    assert joules(cost) == {"estimated": 120.0}
    _, cost = call(ledger, Usage(calls=1, seconds=1.0))
    assert not joules(cost)  # it reached nobody


def test_the_gpu_s_energy_is_measured(ledger):
    line, cost = call(ledger, replace(USED, gpu_joules=40.0))
    assert joules(cost) == {"modelled": 15.0, "measured": 40.0}
    assert cost["joules"] == 55.0
    assert ledger.records([line])[0]["usage"]["gpu_joules"] == 40.0


def test_the_rate_is_the_meter_s_once_it_has_seen_enough(ledger):
    ledger.attribution.tick(Interval(0.0, 1.0, 0.5, 0.0, 0.01))  # too little load to tell
    assert ledger.attribution.joules_per_cpu_second is None
    for second in (1.0, 2.0):
        ledger.attribution.tick(Interval(second, second + 1, 14.0, 0.0, 2.0))
    assert ledger.attribution.joules_per_cpu_second == pytest.approx(7.0)
    line, cost = call(ledger, USED)
    assert joules(cost) == {"modelled": pytest.approx(21.0)}
    for second in (3.0, 4.0, 5.0):
        ledger.attribution.tick(Interval(second, second + 1, 40.0, 0.0, 2.0))
    assert ledger.line_cost(line)["joules"] == pytest.approx(21.0)  # as it was when the call began


def test_metered_calls_are_observed_under_model_and_server(ledger):
    line, _ = call(ledger, replace(USED, cached_tokens=40))
    assert line.key == "openai:m at 127.0.0.1:8000"
    assert observed(line) == Observation(60, 10, 15.0, 2.0)
    for usage in (
        replace(USED, server_cpu_seconds=0.0),
        replace(USED, assumed=True),
        replace(USED, output_tokens=0),
    ):
        assert observed(call(ledger, usage)[0]) is None
    assert observed(call(ledger, USED, Profile(runs="remote"))[0]) is None


def test_expectations_are_calibrated_for_this_server_alone():
    seen = [Observation(n, 10, 0.5 * n + 20, 0.1 * n) for n in range(50, 50 + 10 * LEAST, 10)]
    other = replace(HERE, server="127.0.0.1:9000")
    fits = Calibration({calibration_key(SPEC, HERE): seen})
    priced = {name: Priced(calibration_key(SPEC, p), p) for name, p in {"m": HERE, "n": other}.items()}
    model = CostModel(priced, None, Host(), fits)
    assert joules(model.call("m", 200, 10)) == {"calibrated": pytest.approx(120.0, rel=0.01)}
    assert joules(model.call("n", 200, 10)) == {"estimated": 220.0}


def test_a_call_that_was_not_metered_is_calibrated_if_others_were():
    seen = [Observation(n, 10, 0.5 * n + 20, 0.1 * n) for n in range(50, 50 + 10 * LEAST, 10)]
    ledger = Ledger(Attribution(NullMeter()), Host(), Calibration({calibration_key(SPEC, HERE): seen}))
    _, cost = call(ledger, replace(USED, input_tokens=200, server_cpu_seconds=0.0))
    assert joules(cost) == {"calibrated": pytest.approx(120.0, rel=0.01)}
