import pytest
import yaml

from dynamicrag.cost.bounds import Bounds
from dynamicrag.cost.charge import cost_of
from dynamicrag.cost.grid import intensity
from dynamicrag.cost.profiles import (
    NO_PRICE,
    Host,
    Profile,
    Profiles,
    Range,
    Rate,
    load_profiles,
    override,
    shipped,
)
from dynamicrag.errors import PolicyError
from dynamicrag.types import Usage

HOST = Host(joules_per_cpu_second=4.0, coefficients={"gco2e_per_kwh": Bounds(360.0)})


@pytest.fixture(scope="module")
def profiles() -> Profiles:
    return load_profiles()


@pytest.fixture
def changed(tmp_path):
    """Return a function that writes the shipped file with one value replaced, and gives its path."""

    def write(*keys, value):
        data = yaml.safe_load(shipped("profiles.yaml").read_text("utf-8"))
        section = data
        for key in keys[:-1]:
            section = section.setdefault(key, {})
        section[keys[-1]] = value
        path = tmp_path / "profiles.yaml"
        path.write_text(yaml.safe_dump(data, sort_keys=False), "utf-8")  # classes stand in order
        return path

    return write


def grid(profile: Profile) -> float | None:
    """Return the carbon intensity of a profile's own grid."""
    bounds = profile.coefficients.get("gco2e_per_kwh")
    return bounds and bounds.mid


def test_a_remote_call_costs_by_token_and_input_is_not_free():
    profile = Profile(
        usd=Rate(input=1e-6, cached=0.5e-6, output=4e-6),
        joules=Range(Rate(input=0.05, output=1.0), Rate(input=0.1, output=2.0), Rate(input=0.2, output=8.0)),
        pue=1.5,
    )
    short = cost_of(Usage(input_tokens=100, output_tokens=10), profile, HOST)
    long = cost_of(Usage(input_tokens=1000, output_tokens=10), profile, HOST)
    assert short["usd"] == pytest.approx(140e-6)
    assert short["joules"] == pytest.approx((10 + 20) * 1.5)
    assert short.bounds("joules") == pytest.approx(((5 + 10) * 1.5, (20 + 80) * 1.5))
    assert long["joules"] > 3 * short["joules"]
    assert short.kind("joules") == "estimated"
    cached = cost_of(Usage(input_tokens=100, cached_tokens=80, output_tokens=10), profile, HOST)
    assert cached["usd"] == pytest.approx((20 + 40 + 40) * 1e-6)


def test_local_work_costs_by_cpu_time_and_carbon_follows_the_grid():
    cost = cost_of(Usage(cpu_seconds=10, seconds=5), Profile(runs="in_process"), HOST)
    assert (cost["joules"], cost.kind("joules")) == (40.0, "modelled")
    assert cost["gco2e"] == pytest.approx(40 * 360 / 3.6e6)
    assert (cost["seconds"], cost.kind("seconds")) == (5, "measured")


GPT = ("models", "openai:gpt-4o")


@pytest.mark.parametrize(
    ("keys", "value", "message"),
    [
        ((*GPT, "prize"), {}, r"models\.openai:gpt-4o: unknown key 'prize'; did you mean 'prices'"),
        (
            (*GPT, "usd", "input"),
            -1.0,
            r"models\.openai:gpt-4o\.usd\.input must be a finite number ≥ 0, got -1",
        ),
        ((*GPT, "usd", "input"), "1e-6", r"openai:gpt-4o\.usd\.input must be .* write 1\.0e-6"),
        (
            (*GPT, "usd", "input"),
            2.5,
            r"openai:gpt-4o\.usd\.input must be from 0 to 1 usd per token, got 2\.5",
        ),
        ((*GPT, "usd", "inputs"), 0, r"openai:gpt-4o\.usd: unknown key 'inputs'; did you mean 'input'"),
        ((*GPT, "usd"), 3, r"openai:gpt-4o\.usd: must be a mapping, .*; got 3"),
        ((*GPT, "pue"), "low", r"openai:gpt-4o\.pue must be a number from 1 to 3, got 'low'"),
        ((*GPT, "region"), "UAS", r"openai:gpt-4o\.region: unknown .* 'UAS'; did you mean 'USA'"),
        ((*GPT, "size_class"), "huge", r"openai:gpt-4o\.size_class: unknown size class 'huge'"),
        ((*GPT, "runs"), "afar", r"openai:gpt-4o\.runs must be one of"),
        ((*GPT, "joules"), {"low": {}, "mid": {}}, r"openai:gpt-4o\.joules: lacks high"),
        (
            (*GPT, "joules"),
            {"low": {"output": 2}, "mid": {"output": 1}, "high": {"output": 3}},
            r"openai:gpt-4o\.joules\.output must rise",
        ),
        (
            ("size_classes", "small", "joules", "high", "output"),
            5000,
            r"size_classes\.small\.joules\.high\.output must be from 0 to 1000 joules per token",
        ),
        (
            ("size_classes", "medium", "up_to"),
            5,
            r"size_classes\.medium\.up_to: must be a number over 10, got 5",
        ),
        (("size_classes", "xlarge", "up_to"), 900, r"size_classes: the last class must have no 'up_to'"),
        (("providers", "openai", "pue"), 5, r"providers\.openai\.pue must be from 1 to 3, got 5"),
        (("unknown_size",), "big", r"unknown_size: unknown size class 'big'"),
        (("host", "joules_per_cpu_second"), 1e4, r"host\.joules_per_cpu_second must be from 0\.1 to 500"),
        (("modules",), {}, r"unknown key 'modules'; did you mean 'models'"),
    ],
)
def test_a_mistake_in_a_profile_file_says_where_and_what_is_valid(changed, keys, value, message):
    with pytest.raises(PolicyError, match=message):
        load_profiles(changed(*keys, value=value))


@pytest.mark.parametrize("text", ["host: [", "just text", "host: {}\n"])
def test_what_is_no_profile_file_is_an_error(tmp_path, text):
    path = tmp_path / "profiles.yaml"
    path.write_text(text)
    with pytest.raises(PolicyError, match=r"profiles\.yaml"):
        load_profiles(path)
    with pytest.raises(PolicyError, match="not a profile file"):
        load_profiles(tmp_path / "missing.yaml")


def test_a_listed_model_takes_the_place_and_the_size_class_it_does_not_override(changed):
    own = {"usd": {"input": 1.0e-6}, "region": "FRA", "size_class": "small", "source": "a test"}
    loaded = load_profiles(changed("models", "openai:new", value=own))
    profile = loaded.models["openai:new"]
    assert (profile.region, grid(profile)) == ("FRA", intensity("FRA"))
    assert profile.pue == loaded.providers["openai"].pue
    assert profile.joules == loaded.classes[0].joules
    assert profile.source.startswith("a test; ")


def test_an_unknown_country_is_an_error_not_a_world_average():
    assert 10 < intensity("FRA") < 150
    with pytest.raises(PolicyError, match=r"host\.country: unknown .* 'FRE'"):
        intensity("FRE")


WHERE = "p.yaml: models.x.profile"


def test_overrides_replace_whole_rates_and_settle_what_was_assumed(profiles):
    guess = profiles.of("openai:new-70b", "remote")
    priced = override(guess, {"usd": {"input": 1.0e-6, "output": 2.0e-6}}, WHERE)
    assert priced.usd == Rate(input=1e-6, output=2e-6, cached=1e-6), "a cached token is not free"
    assert priced.priced
    assert override(guess, {"usd": 0}, WHERE).usd == Rate()
    assert priced.prices == "given by the user"
    assert NO_PRICE not in priced.assumed
    assert "size class 'large'" in priced.assumed
    assert priced.joules == guess.joules
    vouched = override(guess, {"joules": {"input": 0.1, "output": 2}, "source": "our meter"}, WHERE)
    assert vouched.joules == Range.same(Rate(input=0.1, output=2))
    assert vouched.source == "our meter"
    assert vouched.assumed.startswith(f"{NO_PRICE}; ability assumed: ")
    bounds = {"low": {"output": 1}, "mid": {"output": 2}, "high": {"output": 3}}
    assert override(guess, {"joules": bounds}, WHERE).joules.of(0, 1) == (1, 2, 3)
    both = override(guess, {"joules": bounds, "usd": {"output": 1.0e-6}, "prices": "2026, contract"}, WHERE)
    assert both.assumed.startswith("ability assumed: "), "a price does not tell it"
    assert (both.prices, both.source) == ("2026, contract", "given by the user")
    assert override(guess, {}, WHERE) == guess


def test_a_region_sets_the_intensity_and_an_intensity_wins(profiles):
    known = profiles.models["openai:gpt-4o"]
    french = override(known, {"region": "FRA"}, WHERE)
    assert (french.region, grid(french)) == ("FRA", intensity("FRA"))
    green = override(known, {"gco2e_per_kwh": 12}, WHERE)
    assert (green.region, grid(green)) == (None, 12)
    both = override(known, {"region": "FRA", "gco2e_per_kwh": 12}, WHERE)
    assert (both.region, grid(both)) == ("FRA", 12)
    here = override(known, {"region": None}, WHERE)
    assert (here.region, grid(here)) == (None, None)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"runs": "remote"}, r"models\.x\.profile: unknown key 'runs'"),
        ({"size_class": "small"}, r"models\.x\.profile: unknown key 'size_class'"),
        ({"pue": "low"}, r"p\.yaml: models\.x\.profile\.pue must be a number from 1 to 3, got 'low'"),
        ({"joules": {"output": 1e6}}, r"models\.x\.profile\.joules\.low\.output must be from 0 to 1000"),
        ({"usd": {"output": -1}}, r"models\.x\.profile\.usd\.output must be a finite number ≥ 0"),
        ({"seconds": [1]}, r"models\.x\.profile\.seconds: must be a mapping"),
        ({"region": "Mars"}, r"models\.x\.profile\.region: unknown ISO 3166-1 alpha-3 country code 'Mars'"),
        ({"region": 33}, r"models\.x\.profile\.region: unknown"),
        ({"gco2e_per_kwh": -5}, r"models\.x\.profile\.gco2e_per_kwh must be from 0 to 2000, got -5"),
    ],
)
def test_absurd_overrides_are_refused_with_their_place(profiles, data, message):
    with pytest.raises(PolicyError, match=message):
        override(profiles.models["openai:gpt-4o"], data, WHERE)
