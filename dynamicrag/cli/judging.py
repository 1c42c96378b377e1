"""The options of ``eval`` and ``eval-cascade``, and the end of both: JSON, files and the page."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dynamicrag.cli.options import MOST_SAMPLES, MOST_SEED
from dynamicrag.cli.result import Output
from dynamicrag.lab.view.charts import Chart
from dynamicrag.lab.view.page import Page
from dynamicrag.registry import Registry, parse_spec

if TYPE_CHECKING:
    from dynamicrag.lab.results import Result

OnlyOption = Annotated[str | None, typer.Option(help="Route among these only, joined by commas.")]
CostOption = Annotated[
    str | None, typer.Option(help="What to save: a fact of the table, or several joined by +.")
]
OptionCostOption = Annotated[
    list[str] | None, typer.Option(help="OPTION=NUMBER: its cost wherever the table has none; repeatable.")
]
AtOption = Annotated[str | None, typer.Option(help="Ask for the quality at these costs, joined by commas.")]
FoldsOption = Annotated[int, typer.Option(min=2, help="Folds of the cross-validation.")]
BootstrapOption = Annotated[
    int, typer.Option(min=0, max=MOST_SAMPLES, help="Samples for the 95 % intervals.")
]
SeedOption = Annotated[int, typer.Option(min=0, max=MOST_SEED, help="Seed of folds, routers and samples.")]


def named_specs(specs: Iterable[Any], registry: Registry[Any], flag: str) -> dict[str, object]:
    """Return the specs by the names that are shown; all are checked before any work."""
    named: dict[str, object] = {}
    for spec in specs:
        registry.build(spec, flag)
        name, params = parse_spec(spec, flag)
        shown = ", ".join(f"{key}={value}" for key, value in params.items())
        named[f"{name}({shown})" if shown else name] = spec
    return named


def give(out: Output, found: "Result", page: Page, chart: Chart | None, plot: Path | None, name: str) -> None:
    """Give a result; its page and chart as ``name.html`` and ``name.png`` in the folder ``plot``."""
    from dynamicrag.lab.view.draw import to_png

    if plot is not None and chart is not None:
        to_png(chart, plot / f"{name}.png")
    out.give(found.as_json(), page, plot and plot / f"{name}.html")
