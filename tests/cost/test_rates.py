import pytest

from dynamicrag.cost.bounds import Bounds
from dynamicrag.cost.profiles import Host, Profile, Range, Rate


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf"), "1e-6", True, None])
def test_what_is_no_amount_is_refused(value):
    with pytest.raises(ValueError, match="input must be a finite number"):
        Rate(input=value)


def test_a_range_gives_three_amounts_and_must_rise():
    rates = Rate(input=1, output=10), Rate(input=2, cached=1, output=20), Rate(input=3, cached=1, output=30)
    assert Range(*rates).of(10, 1, cached_tokens=4) == (6 + 10, 12 + 4 + 20, 18 + 4 + 30)
    assert Range.same(rates[0]).of(1, 1) == (11, 11, 11)
    assert Range().of(1000, 1000) == (0, 0, 0)
    with pytest.raises(ValueError, match=r"output must rise from low to mid to high, got 20, 10, 30"):
        Range(rates[1], Rate(input=2, cached=1, output=10), rates[2])
    with pytest.raises(ValueError, match="cached must rise"):
        Range(rates[0], rates[1], Rate(input=3, output=30))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"usd": Rate(input=2.0)}, r"usd\.input must be from 0 to 1 usd per token, got 2\.0"),
        (
            {"joules": Range.same(Rate(output=1001))},
            r"joules\.low\.output must be from 0 to 1000 joules per token",
        ),
        ({"seconds": Rate(call=7200)}, r"seconds\.call must be from 0 to 3600 seconds per call"),
        ({"pue": 0.9}, "pue must be from 1 to 3, got 0.9"),
        ({"pue": "low"}, "pue must be a number from 1 to 3, got 'low'"),
        ({"coefficients": {"gco2e_per_kwh": Bounds(2001)}}, "gco2e_per_kwh must be from 0 to 2000"),
        ({"coefficients": {"gco2_per_kwh": Bounds(1)}}, "unknown coefficient .* mean 'gco2e_per_kwh'"),
        ({"active_billions": -7}, "active_billions must be from"),
        ({"joules": Rate(output=1.0)}, "joules must be a range"),
        ({"usd": 3.0}, "usd must be a rate"),
        ({"source": 2025}, "source must be text"),
        ({"runs": "afar"}, "runs must be one of in_process, same_host, remote"),
    ],
)
def test_absurd_coefficients_are_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        Profile(**fields)


@pytest.mark.parametrize("value", [0, 501, "4"])
def test_an_absurd_host_is_refused(value):
    with pytest.raises(ValueError, match=r"joules_per_cpu_second must be .*from 0\.1 to 500"):
        Host(joules_per_cpu_second=value)
