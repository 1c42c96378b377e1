"""``python -m dynamicrag.lab.whatif.coverage``: how often the intervals of ``whatif`` cover the truth."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from dynamicrag.errors import DynamicRAGError
from dynamicrag.lab.results import Result
from dynamicrag.lab.view.amounts import known
from dynamicrag.lab.view.page import Column, Headline, Page, Row, Section, Table
from dynamicrag.lab.whatif.estimates import LEAST_SIZE, RATINGS
from dynamicrag.lab.whatif.worlds import DrawnLog, World, candidates, exploring
from dynamicrag.learning.intervals import Estimated, Range
from dynamicrag.learning.offpolicy import compare, effective_size, observed_range, weights_of
from dynamicrag.learning.tabled import predictions, steps_of

QUALITY, UTILITY, COST = "quality", "utility", "cost"
SHARE = "{:.3f}".format
ESTIMATORS = ("ips", "snips", "dr", "difference")


@dataclass(slots=True)
class Covered:
    """The intervals of one estimator for one candidate.

    Attributes:
        logs: Number of logs with an estimate.
        covered: Number of intervals that cover the truth.
        width: Sum of their widths.
        error: Sum of the errors of the estimates.
    """

    logs: int = 0
    covered: int = 0
    width: float = 0.0
    error: float = 0.0

    def add(self, found: Estimated, truth: float) -> None:
        """Count an interval."""
        self.logs += 1
        self.covered += int(found.low <= truth <= found.high)
        self.width += found.high - found.low
        self.error += found.value - truth

    @property
    def share(self) -> float:
        """Share of the intervals that cover the truth; NaN without any."""
        return self.covered / self.logs if self.logs else float("nan")


@dataclass(frozen=True, slots=True)
class CoverageReport(Result):
    """Coverage of 95 % intervals on logs drawn from a table.

    Attributes:
        table: Name of the table.
        logs: Number of logs.
        rows: Queries per log.
        epsilon: Exploration of the logged policy.
        refused: Number of logs without an estimate, by candidate.
        effective: Mean effective sample size, by candidate.
        found: By outcome and estimator, ``quality dr``, then by candidate.
    """

    table: str
    logs: int
    rows: int
    epsilon: float
    refused: Mapping[str, int]
    effective: Mapping[str, float]
    found: Mapping[str, Mapping[str, Covered]] = field(default_factory=dict)

    def pooled(self, estimator: str) -> float:
        """Return the coverage over all candidates."""
        own = self.found[estimator].values()
        return sum(each.covered for each in own) / max(1, sum(each.logs for each in own))


def measure(
    world: World, *, table: str, logs: int, rows: int, epsilon: float, seed: int = 0
) -> CoverageReport:
    """Draw logs, estimate the candidates on each, and count the intervals that cover the truth.

    Args:
        world: The outcomes.
        table: Their name.
        logs: Number of logs.
        rows: Queries per log.
        epsilon: Share of uniform exploration in the logged policy.
        seed: Seed of policies and logs.
    """
    logged = exploring(world, epsilon, seed)
    tried = candidates(world, logged, seed)
    outcomes = {QUALITY: world.quality, UTILITY: world.quality - world.cost, COST: world.cost}
    price = observed_range(world.cost)
    reach = {QUALITY: RATINGS, UTILITY: Range(RATINGS.low - price.high, RATINGS.high - price.low), COST: None}
    refused, sizes = dict.fromkeys(tried, 0), dict.fromkeys(tried, 0.0)
    found = {f"{o} {e}": {name: Covered() for name in tried} for o in outcomes for e in ESTIMATORS}
    for number in range(logs):
        drawn = DrawnLog.draw(logged, rows, np.random.default_rng([seed, number]))
        seen = {outcome: values[drawn.rows, drawn.chosen] for outcome, values in outcomes.items()}
        # predictions depend on the logged decisions alone
        expected = {
            outcome: [predictions(table, own) for table in drawn.tables(world, logged, logged)]
            for outcome, own in seen.items()
        }
        for name, chances in tried.items():
            tables = drawn.tables(world, logged, chances)
            weights = np.prod([weights_of(t.query, t.ratio, rows) for t in tables], axis=0)
            size = effective_size(weights)
            sizes[name] += size / logs
            if size < LEAST_SIZE:
                refused[name] += 1
                continue
            for outcome, values in outcomes.items():
                steps = steps_of(tables, expected[outcome], seen[outcome])
                made = compare(steps, seen[outcome], reach[outcome])
                truth = float((chances * values).sum(axis=1).mean())
                before = float((logged * values).sum(axis=1).mean())
                for estimator in ESTIMATORS:
                    wanted = truth - before if estimator == "difference" else truth
                    found[f"{outcome} {estimator}"][name].add(getattr(made, estimator), wanted)
    return CoverageReport(table, logs, rows, epsilon, refused, sizes, found)


def build_page(report: CoverageReport) -> Page:
    """Return the page of a report."""
    columns = [Column("candidate", number=False), Column("effective"), Column("refused")]
    columns += [Column(name.replace("difference", "diff.")) for name in report.found]
    rows = [
        Row(
            [
                name,
                f"{report.effective[name]:,.0f}",
                str(refused),
                *(known(own[name].share, SHARE) for own in report.found.values()),
            ]
        )
        for name, refused in report.refused.items()
    ]
    pooled = [known(report.pooled(name), SHARE) for name in report.found]
    rows.append(Row(["all", "", str(sum(report.refused.values())), *pooled], "strong", rule=True))
    return Page(
        name="coverage",
        command="python -m dynamicrag.lab.whatif.coverage",
        kicker=f"{report.table}: {report.logs:,} logs of {report.rows:,} queries, ε {report.epsilon:g}",
        headline=Headline("Coverage of 95 % intervals"),
        sections=[Section("Share of intervals that cover the truth", [Table(columns, rows)])],
    )


def main(
    table: Annotated[Path, typer.Option("--table", "-t", help="A table with every outcome.")],
    logs: Annotated[int, typer.Option(min=1, help="Number of logs.")] = 200,
    rows: Annotated[int, typer.Option(min=100, help="Queries per log.")] = 2000,
    epsilon: Annotated[float, typer.Option(min=0.01, max=1, help="Exploration of the logged policy.")] = 0.5,
    seed: Annotated[int, typer.Option(min=0, help="Seed of policies and logs.")] = 0,
    json: Annotated[str | None, typer.Option(metavar="FILE", help="File for the result as JSON.")] = None,
) -> None:
    """Draw exploring logs from an outcome table, and count the intervals that cover the table's mean."""
    from rich.console import Console

    from dynamicrag.lab.json_lines import as_json
    from dynamicrag.lab.outcomes.file import read_table
    from dynamicrag.lab.view.terminal import print_page

    try:
        world = World.of(read_table(table))
    except DynamicRAGError as error:
        raise typer.BadParameter(str(error)) from None
    report = measure(world, table=table.name, logs=logs, rows=rows, epsilon=epsilon, seed=seed)
    if json is not None:
        Path(json).write_text(as_json(report.as_json(), indent=2) + "\n")
    print_page(Console(width=200), build_page(report))


if __name__ == "__main__":
    typer.run(main)
