import pytest

from dynamicrag.cost.dimensions import cost_of
from dynamicrag.cost.grid import intensity
from dynamicrag.cost.profiles import Host, Profile, Rate, load_profiles
from dynamicrag.errors import PolicyError
from dynamicrag.types import Usage

HOST = Host(joules_per_cpu_second=4.0, gco2e_per_kwh=360.0)


def test_shipped_profiles_load_and_each_names_its_source():
    profiles = load_profiles()
    assert profiles.models
    assert all(profile.source for profile in profiles.models.values())


def test_a_remote_call_costs_by_token_and_input_is_not_free():
    profile = Profile(
        usd=Rate(input=1e-6, cached=0.5e-6, output=4e-6), joules=Rate(input=0.1, output=2.0), pue=1.5
    )
    short = cost_of(Usage(input_tokens=100, output_tokens=10), profile, HOST)
    long = cost_of(Usage(input_tokens=1000, output_tokens=10), profile, HOST)
    assert short["usd"] == pytest.approx(140e-6)
    assert short["joules"] == pytest.approx((10 + 20) * 1.5)
    assert long["joules"] > 3 * short["joules"]
    assert short.kind("joules") == "estimated"
    cached = cost_of(Usage(input_tokens=100, cached_tokens=80, output_tokens=10), profile, HOST)
    assert cached["usd"] == pytest.approx((20 + 40 + 40) * 1e-6)


def test_local_work_costs_by_cpu_time_and_carbon_follows_the_grid():
    cost = cost_of(Usage(cpu_seconds=10, seconds=5), Profile(runs="in_process"), HOST)
    assert (cost["joules"], cost.kind("joules")) == (40.0, "modelled")
    assert cost["gco2e"] == pytest.approx(40 * 360 / 3.6e6)
    assert (cost["seconds"], cost.kind("seconds")) == (5, "measured")


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf")])
def test_absurd_coefficients_are_refused(value):
    with pytest.raises(ValueError, match="input must be a finite number"):
        Rate(input=value)


def test_a_profile_file_with_an_unknown_key_says_where(tmp_path):
    path = tmp_path / "profiles.yaml"
    path.write_text("host: {}\nmodels: {'x:y': {prize: {}}}\nremote_default: {}\n")
    with pytest.raises(PolicyError, match=r"models\.x:y: unknown key 'prize'"):
        load_profiles(path)


def test_an_unknown_country_is_an_error_not_a_world_average():
    assert 10 < intensity("FRA") < 150
    with pytest.raises(PolicyError, match=r"host\.country: unknown .* 'FRE'"):
        intensity("FRE")
