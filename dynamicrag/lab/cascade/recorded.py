"""Trials from an outcome table whose drafts have signals."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from dynamicrag.errors import InputError
from dynamicrag.lab.cascade.owners import spent_in
from dynamicrag.lab.cascade.trials import Trials
from dynamicrag.lab.outcomes.table import Outcome, OutcomeTable, Row
from dynamicrag.lab.routing.problem import kinds_of, set_problem
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

    Only rows of which every option has quality and cost are kept: to be replayed, a draft must be there.

    Args:
        tables: What is learnt from and, where it is another, what is judged by.
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
    names = tuple(dict.fromkeys(n for t in tables for row in t.rows for n in _signals(row, problem.options)))
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
        kept, recorded = side.take(rows), [table.rows[i] for i in rows]
        dropped = len(side) - len(rows)
        notes = [*problem.notes] if table is tables[0] else []
        if dropped:
            notes.append(f"{table.name}: {dropped} of {len(side)} rows lack an option, and are left out")
        refused = [[_refused(row.outcomes[option]) for option in problem.options] for row in recorded]
        signals = np.stack([_table(row, problem.options, names) for row in recorded])
        missing = [n for s, n in enumerate(names) if np.isnan(signals[:, :, s]).all()]
        if missing:
            notes.append(f"{table.name}: has no {', '.join(missing)}")
        notes += _provenance(table, problem.cost)
        paths = _paths(table, problem.options)
        found.append(
            Trials(
                table.name, problem.options, kept.texts, kept.groups, kept.quality, kept.cost, problem.cost,
                signals, (*names, *OF_TEXT), np.array([float(row.answerable is False) for row in recorded]),
                np.array(refused), _chain(table, problem.options, paths),
                np.zeros(len(problem.options), dtype=bool), kept.seen, None, (), tuple(notes), paths,
                spent_in(table.take(rows).only(problem.options), problem.cost),
            )
        )  # fmt: skip
    return found


def _paths(table: OutcomeTable, options: Sequence[str]) -> list[Mapping[str, str]]:
    """Return every option's path; none where an option has none."""
    known = table.paths
    return [known[name] for name in options] if all(name in known for name in options) else []


def _chain(
    table: OutcomeTable, options: Sequence[str], paths: Sequence[Mapping[str, str]]
) -> NDArray[np.intp]:
    """Return which options continue each other.

    Raises:
        InputError: A draft was mended that is not among the options before.
    """
    if not paths:
        return np.full(len(options), -1, dtype=np.intp)
    for number, draft in enumerate(originals(paths)):
        if mends(paths[number]) and not 0 <= draft < number:
            raise InputError(
                f"{table.name}: {options[number]!r} mends a draft whose own path is not among the options "
                "before it; record that one too"
            )
    return chains(paths)


def _provenance(table: OutcomeTable, cost: str) -> list[str]:
    """Return how a cost came about, where the table says so."""
    kinds = sorted(kinds_of(table, cost))
    return [f"{table.name}: its {cost} are {', '.join(kinds)}"] if kinds else []


def _refused(outcome: Outcome) -> float:
    """Return whether a draft says that there is no answer; NaN where it failed."""
    if outcome.error is not None:
        return np.nan
    told = outcome.facts.get("abstained")
    return float(is_refusal(outcome.answer or "")) if told is None else told


def _signals(row: Row, options: Sequence[str]) -> list[str]:
    return [name for option in options if option in row.outcomes for name in row.outcomes[option].signals]


def _table(row: Row, options: Sequence[str], names: Sequence[str]) -> np.ndarray:
    """Return the signals of a row's drafts, (k, s); a failed draft has none but its length."""
    return np.array(
        [
            draft_measures(row.outcomes[option].signals, names, row.text, row.outcomes[option].answer or "")
            for option in options
        ]
    )
