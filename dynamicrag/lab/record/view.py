"""The page of a recording: quality and cost of every path, and the judge's verdicts."""

from dynamicrag.cost.amounts import amount, digits, percent
from dynamicrag.lab.record.results import Judging, Oracle, PathResult, RecordingResult
from dynamicrag.lab.view.amounts import interval, share
from dynamicrag.lab.view.page import Block, Cell, Column, Headline, Page, Row, Section, Table, Words


def page(result: RecordingResult) -> Page:
    """Return the page of a recording."""
    blocks: list[Block] = [_table(result)]
    oracle = result.oracle
    if oracle.shares:
        shares = sorted(oracle.shares.items(), key=lambda item: -item[1])
        chosen = ", ".join(f"{name} {percent(part)}" for name, part in shares)
        blocks.append(Words(f"oracle: the cheapest of the best paths of every question: {chosen}"))
    if result.judge is not None:
        blocks += _judging(result.judge)
    blocks.append(Words(f"table: {result.out}"))
    kicker = f"{result.queries:,} questions, {len(result.paths):,} paths, quality by {result.score}"
    return Page(
        "recording", "dynamicrag record", kicker, _headline(result),
        sections=[Section("Quality and cost of every path", blocks)], notes=_notes(result),
    )  # fmt: skip


def _headline(result: RecordingResult) -> Headline:
    scored = {name: row.score.quality for name, row in result.paths.items() if row.score.quality is not None}
    if not scored:
        return Headline("No path has a quality")
    best = max(scored, key=lambda name: scored[name])
    return Headline(
        f"{best} is the best single path, at {share(scored[best])};",
        f"the best path of every question gives {share(result.oracle.score.quality)}",
    )


def _table(result: RecordingResult) -> Table:
    failed = any(row.failed for row in result.paths.values())
    titles = ["path", "n", result.score, "95 %", "joules", "seconds", "tokens", *["failed"] * failed]
    rows = [_row(name, row, failed) for name, row in result.paths.items()]
    rows.append(_row("oracle", result.oracle, failed))
    return Table([Column(title) for title in titles], rows, most=len(rows))


def _row(name: str, row: PathResult | Oracle, failed: bool) -> Row:
    score, costs = row.score, row.costs
    tokens = [costs.get("input_tokens"), costs.get("output_tokens")]
    cells: list[Cell | str] = [
        name,
        str(row.runs if isinstance(row, PathResult) else score.scored),
        share(score.quality),
        "–" if score.low is None or score.high is None else interval((score.low, score.high)),
        *("–" if value is None else digits(value) for value in map(costs.get, ("joules", "seconds"))),
        "→".join(f"{count:,.0f}" for count in tokens if count is not None) or "–",
    ]
    if failed:
        cells.append(str(row.failed or "") if isinstance(row, PathResult) else "")
    return Row(cells, "strong" if isinstance(row, Oracle) else "")


def _judging(judge: Judging) -> list[Block]:
    blocks: list[Block] = []
    for score, agreed in judge.agreement.items():
        kappa = "–" if agreed.kappa is None else f"{agreed.kappa:.2f}"
        alike = f"{percent(agreed.share)} alike, kappa {kappa} ({agreed.pairs} answers)"
        blocks.append(Words(f"judge and {score}: {alike}", ""))
    if judge.cost:
        cost = ", ".join(amount(name, judge.cost[name]) for name in ("joules", "seconds"))
        blocks.append(Words(f"judging took {cost}; no path is charged for it"))
    return blocks


def _notes(result: RecordingResult) -> list[str]:
    failed = sum(row.failed for row in result.paths.values())
    notes = [f"{failed} runs failed; they count as quality 0, at what they cost"] if failed else []
    notes += [
        f"{name}: every run failed; first: {row.error}"
        for name, row in result.paths.items()
        if row.failed == row.runs
    ]
    if result.judge and result.judge.disobeyed:
        answers = f"the judge said neither yes nor no of {result.judge.disobeyed} answers"
        notes.append(f"{answers}: they have no quality")
    return notes
