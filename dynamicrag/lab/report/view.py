"""The page of a report: its finding, tiles, sections and words."""

from collections.abc import Sequence

from dynamicrag.cost.amounts import SPACE, amount, percent
from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.lab.report import drawn, feedback_tables, tables, words
from dynamicrag.lab.report.make import Report
from dynamicrag.lab.report.quantities import quantities
from dynamicrag.lab.report.selection import By, grouped
from dynamicrag.lab.report.summary import Summary
from dynamicrag.lab.report.turns import Turn
from dynamicrag.lab.view.page import Block, Headline, Page, Pair, Section, Terms, Tile, Where, Words

_FACES: tuple[Where, ...] = ("terminal", "html")
_ONLY = ("policy", "thread", "tag", "user")


def page(report: Report, turns: Sequence[Turn]) -> Page:
    """Return the page of a report.

    Args:
        report: The report.
        turns: The selected queries, oldest first, at least one.
    """
    headline, lede = _finding(report)
    return Page(
        "report", "dynamicrag report", _kicker(report), headline, lede, _sections(report, turns),
        _tiles(report.overall), report.notes,
    )  # fmt: skip


def _kicker(report: Report) -> str:
    overall, first, last = report.overall, str(report.first)[:10], str(report.last)[:10]
    only = [f"{name} {value}" for name in _ONLY if (value := getattr(report.selection, name))]
    days = first if first == last else f"{first} to {last}"
    return " · ".join([_counted(overall.queries), *only, f"{days} (UTC)", *_outcomes(overall)])


def _counted(queries: int) -> str:
    return f"{queries:,} {'query' if queries == 1 else 'queries'}"


def _outcomes(overall: Summary) -> list[str]:
    ends = ("failed", "waiting", "replaced", "abstained", "escalated")
    counts = {key: getattr(overall, key) for key in ends}
    return [f"{count:,} {key}" for key, count in counts.items() if count]


def _finding(report: Report) -> tuple[Headline, str]:
    """Return the finding in a sentence, and its basis."""
    saving, overall = report.saving, report.overall
    # the same questions under both say more than many different ones
    policy, compared = max(
        saving.policies.items(), key=lambda item: (item[1].paired, item[1].queries), default=("", None)
    )
    figure = compared.figures["joules"] if compared else None
    if compared is None or figure is None or figure.value is None:
        mean = overall.costs["joules"].mean
        note = saving.note or f"the baseline {saving.baseline} took no energy"
        energy = amount("joules", mean["value"] if mean else None)
        return (
            Headline(f"A query took {energy} of active energy"),
            f"On average, over {_counted(overall.queries)}. What routing saves is not known ({note}).",
        )
    share = f"{percent(abs(figure.value))} {'less' if figure.value >= 0 else 'more'}"
    than = f"energy than {saving.baseline}"
    headline = Headline(f"{policy} took", share, than, bad=figure.value < 0)
    if not figure.is_sure:
        headline = Headline(f"{policy} took {share} {than}, which may be chance")
    ours, theirs = (amount("joules", mean["value"]) for mean in (figure.ours, figure.theirs))
    reach = words.interval(figure) if figure.interval else "not known"
    return headline, (
        f"{ours} a query instead of {theirs} (active, {figure.kind}), {words.basis(compared)}; "
        f"the 95{SPACE}% interval of the saving is {reach}."
    )


def _tiles(overall: Summary) -> list[Tile]:
    tiles = [Tile("queries", f"{overall.queries:,}", ", ".join(_outcomes(overall)) or "all answered")]
    for name, point, title in (
        ("joules", "total", "active energy"),
        ("joules_full", "total", "full energy"),
        *((row.name, "total", quantities()[row.name].title) for row, _ in DIMENSIONS.derived),
        ("usd", "total", "money"),
        ("wall_seconds", "p50", "median time to the answer"),
        ("first_token_seconds", "p50", "median time to the first token"),
    ):
        figure, unit = getattr(overall.costs[name], point), quantities()[name].unit
        if figure is None:
            tiles.append(Tile(title, "–"))
        else:
            tiles.append(Tile(title, amount(unit, figure["value"]), words.provenance(figure, unit)))
    return tiles


def _sections(report: Report, turns: Sequence[Turn]) -> list[Section]:
    baseline, overall, books = report.selection.baseline, report.overall, report.accounts
    by_policy = tables.first_of(grouped(turns, By.policy, baseline))
    policies = tables.first_of(report.policies)
    hidden = len(report.policies) - len(policies)
    more = f" {len(policies)} of {len(report.policies)} policies are shown." if hidden else ""
    accounts: list[Block] = [Words(words.accounts_line(books))]
    if books.metered["value"]:
        parts = [f"{amount('joules', f['value'])} {name}" for name, f in books.accounts.items() if f["value"]]
        accounts += [
            drawn.by_account(books),
            tables.accounts(books),
            Words(" + ".join(parts), where="terminal"),
        ]
    options = [tables.options(policies, overall, where) for where in _FACES]
    found = [
        Section("Cost per query", [tables.costs(overall)], words.COSTS),
        Section(
            f"By {report.selection.by}, per query",
            [tables.groups(report, where) for where in _FACES], words.GROUPS,
        ),
        Section("Energy over time", drawn.over_time(by_policy), words.OVER_TIME + more),
        Section("How energy spreads", _spread(by_policy, baseline), words.DISTRIBUTION + more),
        Section(
            "Active energy per query by stage", [drawn.by_stage(policies), tables.stages(policies)],
            words.STAGES + more,
        ),
        Section("Options that queries ended with (↑: by escalation)", options, words.OPTIONS + more),
    ]  # fmt: skip
    if overall.costs["wall_seconds"].queries:
        found.append(Section("How long people waited", [drawn.waiting(policies)], words.LATENCY))
    saved = Section(
        f"Saved against {baseline}", _saved(report), words.SAVING if report.saving.policies else ""
    )
    found.insert(0 if report.saving.policies else len(found), saved)
    found.append(Section("Whose energy it was", accounts))
    if report.feedback.sources:
        found.append(Section("Feedback", _feedback(report), words.FEEDBACK))
    if report.drift:
        found.append(Section("Whether it is as calibrated", _drift(report), words.DRIFT))
    if report.calibrations:
        calls = tables.calls(report.calibrations)
        found.append(Section("What a call costs here", [Words(words.CALLS), *calls]))
    found.append(Section("What the numbers mean", [Terms(words.glossary(report))], words.MEANING))
    return found


def _saved(report: Report) -> list[Block]:
    if report.saving.note:
        return [Words(f"{report.saving.note}.")]
    saving = report.saving
    chart = drawn.saved(saving.policies) or Words("The baseline cost nothing: there is nothing to save.")
    found: list[Block] = [chart, tables.saved(saving.policies, saving.baseline)]
    for policy, comparison in saving.policies.items():
        text = f"{words.basis(comparison)}. {words.caveats(comparison)}".strip()
        found.append(Words(text if len(saving.policies) == 1 else f"{policy}: {text}"))
    return found


def _spread(policies: drawn.Policies, baseline: str) -> list[Block]:
    figures = drawn.distribution(policies, baseline)
    return [Pair(figures)] if len(figures) > 1 else list(figures)


def _feedback(report: Report) -> list[Block]:
    own = report.feedback
    found: list[Block] = [feedback_tables.sources(own)]
    if own.policies:
        found += [
            feedback_tables.scores("policy", own.policies),
            feedback_tables.scores("model", own.options),
        ]
    return [*found, *(Words(words.learner_line(learner)) for learner in own.learners)]


def _drift(report: Report) -> list[Block]:
    found: list[Block] = []
    for policy, own in report.drift.items():
        found.append(Words(words.verdict(own), style="bad" if own.moved else "faint"))
        found += [tables.drift(policy, own)] if own.figures else []
    return found
