"""The charts of an evaluation of escalation."""

from dynamicrag.lab.cascade.plots import coverage, reliability
from dynamicrag.lab.cascade.signal_results import Bin, Conformal, ConformalLevel


def test_reliability_is_the_share_right_over_the_probability():
    figure = reliability("margin", [Bin(0.2, 0.5, 7), Bin(0.6, 0.7, 8)])
    assert figure.chart.lines[0].points == [(0.2, 0.5), (0.6, 0.7)]
    assert figure.chart.dots[0].name == "7 drafts"
    assert figure.about == "15 drafts, 7–8 a bin"


def test_coverage_that_is_not_known_is_not_drawn():
    levels = {
        "0.1": ConformalLevel(0.9, 0.8, None, 2.0, 0.5),
        "0.2": ConformalLevel(0.8, None, None, 2.0, 0.5),
    }
    figure = coverage(Conformal("options", 0.5, levels))
    assert [(row.label, row.low, row.value, row.high) for row in figure.chart.rows] == [
        ("target .900", 0.8, 0.8, 0.8)
    ]
    assert coverage(Conformal("options", 0.0, {"0.2": levels["0.2"]})) is None
