"""The profiles that ship: each figure with its source, and none that is out of the ordinary."""

import re
from dataclasses import fields
from itertools import pairwise

import pytest
import yaml

from dynamicrag.cost.bounds import Bounds
from dynamicrag.cost.grid import intensity
from dynamicrag.cost.profiles import Profile, Range, Rate, load_profiles, shipped

PROFILES = load_profiles()
REMOTE = {spec: profile for spec, profile in PROFILES.models.items() if profile.runs == "remote"}
LOCAL = {spec: profile for spec, profile in PROFILES.models.items() if profile.runs == "in_process"}

remote = pytest.mark.parametrize("profile", REMOTE.values(), ids=REMOTE)


def parts(energy: Range) -> list[tuple[float, float, float]]:
    return [
        tuple(getattr(rate, part.name) for rate in (energy.low, energy.mid, energy.high))
        for part in fields(Rate)
    ]


def test_a_dozen_well_known_models_of_several_providers_are_there():
    assert len(REMOTE) >= 12
    assert len({spec.partition(":")[0] for spec in REMOTE}) >= 6
    assert {"openai:gpt-4o", "openai:gpt-4o-mini"} <= REMOTE.keys()


@remote
def test_prices_have_a_dated_source(profile: Profile):
    assert re.search(r"\b20\d\d-\d\d-\d\d\b", profile.prices)
    assert 0 < profile.usd.cached <= profile.usd.input <= profile.usd.output < 1e-4
    assert profile.assumed == ""


@remote
def test_energy_has_a_dated_source_and_bounds(profile: Profile):
    assert re.search(r"\b20\d\d\b", profile.source)
    assert all(low <= mid <= high for low, mid, high in parts(profile.joules))
    assert profile.joules.low.output < profile.joules.mid.output < profile.joules.high.output


@remote
def test_input_tokens_cost_energy_and_cached_ones_little(profile: Profile):
    for rate in (profile.joules.low, profile.joules.mid, profile.joules.high):
        assert 0 < rate.cached <= rate.input / 10 + 1e-9
        assert rate.input < rate.output


@remote
def test_each_model_runs_on_a_known_grid_behind_a_known_pue(profile: Profile):
    assert profile.region
    assert profile.coefficients["gco2e_per_kwh"] == Bounds(intensity(profile.region))
    assert 1.05 <= profile.pue <= 1.3


def test_local_models_have_measured_times_and_no_price():
    assert len(LOCAL) == 3
    for profile in LOCAL.values():
        assert profile.source
        assert profile.cpu_seconds.output > profile.cpu_seconds.input > 0
        assert (profile.usd, profile.joules, profile.region) == (Rate(), Range(), None)


def test_larger_classes_cost_more_of_everything():
    assert len(PROFILES.classes) >= 4
    for smaller, larger in pairwise(PROFILES.classes):
        assert smaller.up_to == larger.above
        assert smaller.source
        assert larger.source
        for before, after in zip(parts(smaller.joules), parts(larger.joules), strict=True):
            assert all(a <= b for a, b in zip(before, after, strict=True))
        assert smaller.seconds.output < larger.seconds.output


def test_classes_agree_with_the_published_estimates_they_cite():
    large, xlarge = PROFILES.classes[-2:]
    epoch = 0.3 * 3600 / 500 / 1.2  # Wh of GPT-4o for 500 tokens, with a PUE of 1.2
    assert xlarge.joules.low.output < epoch < xlarge.joules.high.output
    assert 0.5 < xlarge.joules.mid.output / epoch < 2.5
    long_input = (2.5 - 0.3) * 3600 / 10_000 / 1.2  # Wh more for 10,000 tokens of input
    assert xlarge.joules.mid.input == pytest.approx(long_input, rel=0.25)
    gemini = 0.24 * 3600 / 1.09  # Wh of a median prompt, at Google's PUE
    assert 100 < gemini / large.joules.mid.output < 1000


def test_every_provider_says_why_it_runs_where_it_does():
    assert all(provider.source and provider.region for provider in PROFILES.providers.values())


def test_the_abilities_of_well_known_models_have_a_dated_source():
    rows = yaml.safe_load(shipped("profiles.yaml").read_text("utf-8"))["abilities"]
    assert len(rows) >= 60
    for name, row in rows.items():
        assert re.fullmatch(r"20\d\d-\d\d", row["date"]), name
        assert row["source"], name
        assert 0.25 < row["score"] < 0.95, name


@pytest.mark.parametrize("spec", PROFILES.models)
def test_each_listed_model_has_an_ability(spec: str):
    profile = PROFILES.of(spec, PROFILES.models[spec].runs)
    assert profile.ability is not None
    assert profile.ability_source


def test_the_context_of_current_models_is_known():
    assert PROFILES.of("anthropic:claude-sonnet-5-5", "remote").context == 1_000_000
    assert PROFILES.of("x:unlisted", "remote").context is None
    assert all(profile.context is None or profile.context >= 32_000 for profile in REMOTE.values())
