"""The plots of an evaluation of escalation."""

from dynamicrag.lab.cascade.scene import compose_reliability
from dynamicrag.lab.routing.lines import lines
from dynamicrag.lab.routing.scene import Dot, Scene


def test_names_that_would_cover_each_other_stand_apart():
    dots = [Dot(name, cost, 0.5, False, True) for name, cost in (("a", 1.0), ("b", 1.2), ("far", 9.0))]
    scene = Scene([], dots, False, (0.0, 10.0), (0.0, 1.0))
    assert scene.raised == {"b"}


def test_an_interval_is_drawn_within_the_plot():
    dot = Dot("policy", 1.0, 0.5, True, False, "c2", (-1.0, 2.0))
    drawn = lines("a plot", Scene([], [dot], False, (0.0, 2.0), (0.0, 1.0)), height=100)
    assert 'class="ends c2"' in drawn
    assert 'y1="74.00" y2="12.00"' in drawn


def test_reliability_is_what_was_said_against_what_was_found():
    scene = compose_reliability([{"said": 0.2, "right": 0.5, "drafts": 7}])
    assert scene.lines[0].points == [(0.2, 0.5)]
    assert scene.dots[0].name.startswith("7 drafts")
