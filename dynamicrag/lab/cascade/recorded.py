"""Trials from outcome tables whose drafts have signals."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from dynamicrag.errors import InputError
from dynamicrag.lab.cascade.owners import spent_in
from dynamicrag.lab.cascade.trials import Trials
from dynamicrag.lab.outcomes.table import Outcome, OutcomeTable
from dynamicrag.lab.routing.costs import kinds_of
from dynamicrag.lab.routing.problem import set_problem
from dynamicrag.routers.judgement import OF_TEXT, draft_measures
from dynamicrag.routers.paths import chains, mends, originals
from dynamicrag.verify.unanswerable import is_refusal


def from_tables(
    tables: Sequence[OutcomeTable],
    *,
    cost: str | None = None,
    given: Mapping[str, float] | None = None,
    only: Sequence[str] = (),
) -> list[Trials]:
    """Return the trials of a table, or of two with the same options and signals.

    Rows that lack the quality or cost of an option are left out: a draft must be there to be replayed.

    Args:
        tables: The training data and, where there is another, the test data.
        cost: As for :func:`~dynamicrag.lab.routing.problem.set_problem`.
        given: Cost of an option wherever the table does not have it.
        only: Options to choose among.

    Raises:
        InputError: There is no signal, no cost or no complete row.
    """
    problem = set_problem(
        tables[0], tables[1] if len(tables) > 1 else None, cost=cost, given=given, only=only
    )
    if not problem.cost:
        raise InputError(
            f"{tables[0].name}: no cost is known, and escalation is about cost; name one with --cost, or "
            "give each option's with --option-cost"
        )
    options = problem.options
    names = tuple(dict.fromkeys(
        name for table in tables for row in table.rows for option in options if option in row.outcomes
        for name in row.outcomes[option].signals
    ))  # fmt: skip
    if not names:
        raise InputError(
            f"{tables[0].name}: no outcome has signals, so there is nothing to judge drafts by; record it "
            "again with verifiers in the policy ('dynamicrag record')"
        )
    sides = [problem.learn.columns(problem.columns)] + ([problem.judge] if problem.judge is not None else [])
    found = []
    for table, side in zip(tables, sides, strict=True):
        rows = np.flatnonzero(side.complete)
        if not len(rows):
            raise InputError(f"{table.name}: no row has quality and cost of every option, to be replayed")
        kept = side.take(rows)
        drafts = [[table.rows[i].outcomes[option] for option in options] for i in rows]
        # a failed draft has no signal but its length
        signals = np.array([
            [draft_measures(own.signals, names, table.rows[i].text, own.answer or "") for own in row]
            for i, row in zip(rows, drafts, strict=True)
        ])  # fmt: skip
        known = table.paths
        paths = [known[name] for name in options] if all(name in known for name in options) else []
        notes = [*problem.notes] if table is tables[0] else []
        if len(rows) < len(side):
            dropped = len(side) - len(rows)
            notes.append(f"{table.name}: {dropped} of {len(side)} rows lack an option, and are left out")
        if missing := [name for s, name in enumerate(names) if np.isnan(signals[:, :, s]).all()]:
            notes.append(f"{table.name}: has no {', '.join(missing)}")
        if kinds := sorted(kinds_of(table, problem.cost)):
            notes.append(f"{table.name}: its {problem.cost} are {', '.join(kinds)}")
        found.append(
            Trials(
                name=table.name, options=options, texts=kept.texts, quality=kept.quality, cost=kept.cost,
                unit=problem.cost, signals=signals, names=(*names, *OF_TEXT),
                unanswerable=np.array([float(table.rows[i].answerable is False) for i in rows]),
                refused=np.array([[_refused(own) for own in row] for row in drafts]),
                chain=_chain(table, options, paths), strong=np.zeros(len(options), dtype=bool),
                seen=kept.seen, notes=tuple(notes), paths=paths,
                spent=spent_in(table.take(rows).only(options), problem.cost),
            )
        )  # fmt: skip
    return found


def _chain(
    table: OutcomeTable, options: Sequence[str], paths: Sequence[Mapping[str, str]]
) -> NDArray[np.intp]:
    """Return the options that continue each other."""
    if not paths:
        return np.full(len(options), -1, dtype=np.intp)
    for number, draft in enumerate(originals(paths)):
        if mends(paths[number]) and not 0 <= draft < number:
            raise InputError(
                f"{table.name}: {options[number]!r} mends a draft whose own path is not among the options "
                "before it; record that one too"
            )
    return chains(paths)


def _refused(outcome: Outcome) -> float:
    """Return whether a draft says that there is no answer; NaN where it failed."""
    if outcome.error is not None:
        return np.nan
    known = outcome.facts.get("abstained")
    return float(is_refusal(outcome.answer or "")) if known is None else known
