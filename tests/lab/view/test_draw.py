"""The scales of a drawn chart."""

from dynamicrag.lab.view.charts import Axis, Curves, Dot, Line
from dynamicrag.lab.view.plotted import plotted


def test_a_dot_beyond_all_lines_is_within_the_scale():
    chart = Curves("a", [Line("knn", [(1, 0.3), (2, 0.6)])], [Dot("all", 9, 0.9, (0.8, 1.0))], Axis(low=0.0))
    (axes,) = plotted(chart, 9.0).axes
    assert axes.get_xlim()[0] == 0
    assert axes.get_xlim()[1] > 9
    assert axes.get_ylim()[1] > 1
