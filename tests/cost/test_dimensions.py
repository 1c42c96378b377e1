"""The table of cost dimensions: what follows from a row, and which rows are refused."""

from dataclasses import replace

import pytest

from dynamicrag.cost.amounts import amount
from dynamicrag.cost.bounds import Bounds
from dynamicrag.cost.budget import Budget
from dynamicrag.cost.charge import Amount, cost_of
from dynamicrag.cost.dimension_table import DimensionRow, Dimensions
from dynamicrag.cost.dimensions import DIMENSIONS, JOULES_PER_KWH
from dynamicrag.cost.profiles import load_profiles, override
from dynamicrag.cost.rates import IN_PROCESS, Host, Profile
from dynamicrag.cost.vector import Cost
from dynamicrag.errors import BudgetExceeded, PolicyError
from dynamicrag.lab.view.amounts import reach
from dynamicrag.types import Usage
from tests.cost.rows import EUR, HEAT, register

KWH = Amount(JOULES_PER_KWH, "measured")


@pytest.fixture
def heat(monkeypatch) -> None:
    register(monkeypatch)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "usd"}, "dimension 'usd': is registered already"),
        ({"name": ""}, "dimension '': name '' is not a valid name; use letters, digits"),
        ({"name": 5}, "dimension 5: name 5 is not a valid name"),
        ({"name": "a b"}, "name 'a b' is not a valid name"),
        ({"coefficient": replace(HEAT.coefficient, key="a.b")}, "coefficient 'a.b' is not a valid name"),
        (
            {"follows": None},
            "lacks 'follows' or 'coefficient'; a new dimension is derived from one of joules,",
        ),
        ({"coefficient": None}, "lacks 'follows' or 'coefficient'"),
        ({"follows": "joule"}, "dimension 'heat'.follows: unknown dimension 'joule'; did you mean 'joules'"),
        ({"hard": True}, "cannot be hard, because joules is soft"),
        (
            {"coefficient": replace(HEAT.coefficient, key="water_per_kwh")},
            "the coefficient 'water_per_kwh' is another dimension's",
        ),
    ],
)
def test_a_row_that_cannot_be_counted_is_refused(monkeypatch, changes, message):
    with pytest.raises(PolicyError, match=message):
        register(monkeypatch, replace(HEAT, **changes))
    assert "heat" not in DIMENSIONS


def test_the_same_row_may_be_registered_again(heat):
    DIMENSIONS.register(HEAT)
    assert [row.name for row, _ in DIMENSIONS.derived] == ["gco2e", "water", "heat"]


def test_a_row_that_follows_from_a_hard_dimension_may_be_hard(monkeypatch):
    register(monkeypatch, EUR)
    unpriced = cost_of(Usage(input_tokens=10, output_tokens=1), Profile(priced=False), Host())
    assert unpriced["eur"] == unpriced["usd"] == 0.0
    dear = load_profiles().models["openai:gpt-4o"]
    cost = cost_of(Usage(input_tokens=1000, output_tokens=100), dear, Host())
    assert cost["eur"] == pytest.approx(0.9 * cost["usd"])
    unknown = cost_of(Usage(input_tokens=1000, output_tokens=100), replace(dear, priced=False), Host())
    assert unknown.known("eur") is None, "a price in euros is as unknown as one in dollars"
    assert amount("eur", -2.5) == "−€2.50"


async def test_a_hard_limit_is_never_overspent_and_a_soft_one_takes_the_cheapest(monkeypatch):
    register(monkeypatch)
    worst = Cost({("heat", "estimated"): 2.0})
    async with Budget(per_query={"heat": 1.0}).reserved("q", worst, Cost()):
        pass
    with pytest.raises(BudgetExceeded, match=r"per_query\.heat"):
        async with Budget(per_query={"heat": 1.0}, exhausted="error").reserved("q", worst, Cost()):
            pass


def test_what_follows_is_counted_at_the_profiles_rate_or_the_hosts_or_the_rows(heat):
    own, hosts = {"kcal_per_kwh": Bounds(100.0)}, {"kcal_per_kwh": Bounds(200.0)}
    at = [
        cost_of(Usage(), replace(IN_PROCESS, coefficients=profile), Host(coefficients=host), KWH)["heat"]
        for profile, host in ((own, hosts), ({}, hosts), ({}, {}))
    ]
    assert at == [100.0, 200.0, 860.0]


def test_an_uncertain_coefficient_makes_an_estimate_with_bounds(heat):
    profile = replace(IN_PROCESS, coefficients={"kcal_per_kwh": Bounds(100.0, low=50.0, high=300.0)})
    cost = cost_of(Usage(), profile, Host(), Amount(JOULES_PER_KWH, "measured", 0.0, JOULES_PER_KWH))
    assert (cost["heat"], cost.kind("heat"), cost.bounds("heat")) == (100.0, "estimated", (50.0, 600.0))
    exact = cost_of(Usage(), IN_PROCESS, Host(), KWH)
    assert (exact.kind("heat"), exact.bounds("heat")) == ("measured", (860.0, 860.0))


def test_a_cost_from_before_the_row_has_nothing_of_it(monkeypatch):
    before = Cost({("joules", "measured"): 1.0})
    register(monkeypatch)
    assert before["heat"] == 0.0
    assert before.figures()["heat"] == {"value": 0.0, "kind": "measured"}
    assert (before + Cost({("heat", "measured"): 2.0}))["heat"] == 2.0


def test_a_name_that_is_no_dimension_is_an_error_with_the_valid_ones():
    with pytest.raises(ValueError, match="unknown dimension 'joule'; did you mean 'joules'"):
        Cost({("joule", "measured"): 1.0})
    with pytest.raises(KeyError, match="valid: gco2e, joules"):
        Cost()["heat"]


def test_it_is_printed_in_the_unit_that_suits(heat):
    said = [amount("heat", value).replace("\u00a0", " ") for value in (12.0, 0.012, None)]
    assert said == ["12.0 kcal", "12.0 cal", "unknown"]
    assert reach("heat", 1.0, 12.0).replace("\u00a0", " ") == "1.00 to 12.0 kcal"
    assert amount("gco2e", 0.002).replace("\u00a0", " ") == "2.00 mg CO₂e"
    assert amount("gco2e", 0.002, noun=False).replace("\u00a0", " ") == "2.00 mg"


def test_profiles_take_its_coefficient_by_name(heat):
    known = load_profiles().models["openai:gpt-4o"]
    changed = override(known, {"kcal_per_kwh": {"low": 1, "mid": 2, "high": 3}}, "p")
    assert changed.coefficients["kcal_per_kwh"] == Bounds(2, low=1, high=3)
    assert changed.region == known.region, "it does not depend on the region"
    for value, message in (
        (901, r"p\.kcal_per_kwh must be from 0 to 900, got 901"),
        ({"mid": 1}, r"p\.kcal_per_kwh: lacks low, high; give one number, or low, mid and high"),
        ({"low": 3, "mid": 2, "high": 3}, r"p\.kcal_per_kwh: low, mid and high must rise from 0"),
        ({"least": 3}, r"p\.kcal_per_kwh: unknown key 'least'"),
        ("1e2", r"p\.kcal_per_kwh must be a number from 0 to 900, got '1e2' \(in YAML, write"),
    ):
        with pytest.raises(PolicyError, match=message):
            override(known, {"kcal_per_kwh": value}, "p")


def test_water_follows_from_joules_and_cooling_counts_in_a_data_centre():
    profiles = load_profiles()
    here = cost_of(Usage(), IN_PROCESS, profiles.host, KWH)
    assert here.bounds("water") == pytest.approx((1.8, 7.6))
    assert here["water"] == pytest.approx(3.14)
    assert here.kind("water") == "estimated"
    for spec, profile in profiles.models.items():
        far = cost_of(Usage(), profile, profiles.host, KWH)
        assert far["water"] > here["water"] or profile.runs == "in_process", spec
    assert profiles.of("elsewhere:new-model", "remote").coefficients["water_per_kwh"].mid == 3.6


def test_a_table_is_in_the_order_of_its_rows():
    first, second = DimensionRow("a", "a"), DimensionRow("b", "b", unit="B")
    assert list(Dimensions([first, second])) == ["a", "b"]
    assert Dimensions([second])["b"].steps == ((1.0, "B"),)


@pytest.mark.parametrize("values", [(float("nan"),), (-1.0,), (True,), (1.0, 2.0), (1.0, 0.0, float("inf"))])
def test_bounds_that_are_none_are_refused(values):
    with pytest.raises(ValueError, match=r"must be|must rise"):
        Bounds(*values)
