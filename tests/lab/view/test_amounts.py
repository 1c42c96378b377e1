"""Figures and names as people read them."""

import pytest

from dynamicrag.cost.amounts import amount, digits, percent
from dynamicrag.lab.view.amounts import safe


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (9.996, "10.0"), (38.34, "38.3"), (1240.4, "1,240"), (0.0164, "0.0164"), (-2.5, "−2.50")],
)
def test_digits(value, text):
    assert digits(value) == text


def test_amounts_and_shares():
    assert amount("joules", 12_340).replace("\u00a0", " ") == "12.3 kJ"
    assert amount("joules", 999.7).replace("\u00a0", " ") == "1.00 kJ"
    assert amount("gco2e", 0.0042).replace("\u00a0", " ") == "4.20 mg CO₂e"
    assert (amount("usd", 1.5), amount("usd", -0.25)) == ("$1.50", "−$0.250")
    assert amount("joules", 40.0, brief=True) == "40\u00a0J"
    assert [percent(share) for share in (0.543, -0.1, 0.004, 0.0, 1.0, -1e-5)] == [
        "54\u00a0%", "−10\u00a0%", "0.4\u00a0%", "0\u00a0%", "100\u00a0%", "≈\u00a00\u00a0%",
    ]  # fmt: skip


def test_names_are_cut_and_cannot_turn_the_text_around():
    assert safe("a\u202eb\u200bc\x00") == "abc"
    assert safe("x" * 100) == "x" * 79 + "…"
    assert safe("<&\"'") == "&lt;&amp;&quot;&#x27;"
