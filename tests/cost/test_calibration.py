"""Coefficients fitted from metered calls."""

import numpy as np
import pytest

from dynamicrag.cost.calibration import LEAST, Calibration, Observation
from dynamicrag.cost.cost_model import CostModel, Priced
from dynamicrag.cost.profiles import Host, Profile, Rate

SPEC = "local:small"


def calls(number: int, noise: float = 0.05, seed: int = 1) -> list[Observation]:
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(number):
        computed, output = rng.integers(20, 900), rng.integers(1, 60)
        wobble = 1 + noise * rng.standard_normal(2)
        rows.append(Observation(computed, output, (0.05 * computed + 0.3 * output + 0.4) * wobble[0],
                                (0.006 * computed + 0.05 * output + 0.02) * wobble[1]))  # fmt: skip
    return rows


def test_coefficients_are_found_again():
    fitted = Calibration({SPEC: calls(60)}).of(SPEC)
    assert fitted is not None
    assert fitted.joules.input == pytest.approx(0.05, rel=0.1)
    assert fitted.joules.output == pytest.approx(0.3, rel=0.2)
    assert fitted.seconds.input == pytest.approx(0.006, rel=0.1)
    assert 0.01 < fitted.joules_error < 0.1
    assert fitted.calls == 60


def test_nothing_is_said_before_the_error_is_known():
    calibration = Calibration()
    for row in calls(LEAST - 1):
        calibration.observe(SPEC, row)
    assert calibration.of(SPEC) is None
    calibration.observe(SPEC, calls(1)[0])
    assert calibration.of(SPEC) is not None
    assert calibration.of("local:other") is None


def test_a_call_that_the_meter_did_not_see_teaches_nothing():
    calibration = Calibration({SPEC: calls(LEAST - 1)})
    calibration.observe(SPEC, Observation(100, 10, 0.0, 1.0))
    assert calibration.of(SPEC) is None


def test_latest_calls_replace_old_ones():
    calibration = Calibration({SPEC: calls(60)})
    before = calibration.of(SPEC)
    for row in calls(500, seed=2):
        calibration.observe(SPEC, row._replace(joules=2 * row.joules))
    after = calibration.of(SPEC)
    assert before is not None
    assert after is not None
    assert after.joules.input == pytest.approx(2 * before.joules.input, rel=0.1)


def test_coefficients_are_never_negative():
    rows = [Observation(100 + i % 3, 10 + i % 2, 5.0, 1.0) for i in range(40)]
    fitted = Calibration({SPEC: rows}).of(SPEC)
    assert fitted is not None
    assert min(fitted.joules.input, fitted.joules.output, fitted.joules.call) >= 0


def test_expected_costs_are_the_fitted_ones_and_say_so():
    profile = Profile(runs="in_process", cpu_seconds=Rate(input=1.0, output=1.0))
    models = {"small": Priced(SPEC, profile)}
    before = CostModel(models, None, Host()).call("small", 100, 10)
    after = CostModel(models, None, Host(), Calibration({SPEC: calls(60)})).call("small", 100, 10)
    assert (before.kind("joules"), after.kind("joules")) == ("modelled", "calibrated")
    assert before["joules"] == pytest.approx(110 * 4.0)
    assert after["joules"] == pytest.approx(0.05 * 100 + 0.3 * 10 + 0.4, rel=0.1)
