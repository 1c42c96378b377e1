"""Notes on the figures of a report."""

from collections import Counter
from collections.abc import Sequence

from dynamicrag.cost.amounts import amount
from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.lab.report.accounts import Accounts
from dynamicrag.lab.report.summary import Summary
from dynamicrag.lab.report.turns import Turn


def notes_on(overall: Summary, books: Accounts) -> list[str]:
    """Return notes on the outcomes of queries, and on accounts that do not add up."""
    joules, queries = overall.costs["joules"].total, overall.queries
    found = []
    if overall.provisional:
        found.append(
            f"provisional: {overall.provisional} of {queries} queries, which the meter had not covered "
            "when they were kept, so that stand-ins are in their joules"
        )
    counts = {
        "failed": overall.failed,
        "waiting for more budget": overall.waiting,
        "replaced by another question": overall.replaced,
    }
    found += [
        f"{state}: {count} of {queries} queries; their cost is in all sums"
        for state, count in counts.items()
        if count
    ]
    staged = sum(stage.total["value"] or 0.0 for stage in overall.stages.values())
    whole = (joules and joules["value"]) or 0.0
    if abs(staged - whole) > 1e-3 * whole:
        found.append(
            f"the stages add up to {_joules(staged)}, the queries to {_joules(whole)}: some were "
            "metered while they were being kept"
        )
    if residual := books.residual["value"]:
        found.append(
            f"{_joules(residual)} of the {_joules(books.metered['value'])} metered are in no account"
        )
    selected, account = books.selected["value"] or 0.0, books.accounts["queries"]["value"] or 0.0
    if selected > 1.001 * account + 1:
        found.append(
            f"the queries' own figures add up to {_joules(selected)}, which is more than "
            f"their account of {_joules(account)}: the accounts are incomplete"
        )
    for row, _ in DIMENSIONS.derived:
        if missing := queries - overall.costs[row.name].queries:
            found.append(
                f"{row.name}: not counted in {missing} of {queries} queries, which were kept before it was "
                "a dimension; its figures are of the others"
            )
    if books.faults:
        found.append(f"impossible readings of the meter, which count nowhere: {books.faults}")
    if books.missing:
        found.append(f"without process accounts: {books.missing} of {queries} queries")
    return found


def unmetered_models(turns: Sequence[Turn]) -> list[str]:
    """Return a note for each model whose energy was estimated, with the latest reason.

    Args:
        turns: The queries, oldest first.
    """
    counts = Counter(model for turn in turns for model in turn.unmetered)
    reasons = {model: why for turn in turns for model, why in turn.unmetered.items()}
    return [
        f"the energy of {model} is estimated in {counts[model]:,} of {len(turns):,} queries: {why}"
        for model, why in reasons.items()
    ]


def _joules(value: float | None) -> str:
    return amount("joules", value)
