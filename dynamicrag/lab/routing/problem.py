"""The problem of an evaluation: tables as arrays over the options, and one cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynamicrag.errors import InputError, unknown
from dynamicrag.features.base import Seen
from dynamicrag.lab.outcomes.caveats import strangers, usable
from dynamicrag.lab.outcomes.table import OutcomeTable
from dynamicrag.lab.routing.costs import costs_of, default_cost, kinds_of
from dynamicrag.predictors.checks import Floats
from dynamicrag.routers.paths import before_retrieval


@dataclass(frozen=True, slots=True)
class Side:
    """A table as arrays.

    Attributes:
        seen: The part of every query that routers may see.
        groups: Every query's group.
        quality: Realised, (n, k); NaN where not observed.
        cost: Realised, (n, k); NaN where not observed.
    """

    seen: Sequence[Seen]
    groups: Sequence[str]
    quality: Floats
    cost: Floats

    def __len__(self) -> int:
        return len(self.seen)

    @property
    def texts(self) -> list[str]:
        """The questions."""
        return [query.text for query in self.seen]

    def take(self, rows: NDArray[np.intp]) -> "Side":
        """Return some rows."""
        seen, groups = [self.seen[i] for i in rows], [self.groups[i] for i in rows]
        return Side(seen, groups, self.quality[rows], self.cost[rows])

    def columns(self, options: NDArray[np.intp]) -> "Side":
        """Return some options."""
        return Side(self.seen, self.groups, self.quality[:, options], self.cost[:, options])

    @property
    def complete(self) -> NDArray[np.bool_]:
        """Whether each row has quality and cost of every option, (n,)."""
        return np.asarray(np.isfinite(self.quality + self.cost).all(axis=1))


@dataclass(frozen=True, slots=True)
class Problem:
    """The problem of an evaluation.

    Attributes:
        options: Options that are routed among, weakest first.
        columns: Their positions among the options of ``learn``.
        learn: The training table with all of its options.
        judge: The test table with ``options`` alone; ``None`` for folds of ``learn``.
        cost: Name of the cost; empty where there is none.
        kinds: Provenance of the costs, as far as the table says.
        labels: Whether quality is a label: one option is right, and the others wrong.
        notes: Notes for the reader.
    """

    options: tuple[str, ...]
    columns: NDArray[np.intp]
    learn: Side
    judge: Side | None
    cost: str
    kinds: tuple[str, ...]
    labels: bool
    notes: list[str]


def set_problem(
    train: OutcomeTable,
    test: OutcomeTable | None = None,
    *,
    cost: str | None = None,
    given: Mapping[str, float] | None = None,
    only: Sequence[str] = (),
) -> Problem:
    """Put the tables together.

    Args:
        train: The training table.
        test: The test table; by default ``train``, by cross-validation.
        cost: A fact, or several joined by ``+``; see :func:`.costs.default_cost`.
        given: Cost of an option wherever the table does not have it.
        only: Options to route among; by default all that both tables have.

    Raises:
        InputError: No option, no quality or no cost to judge by.
    """
    given = dict(given or {})
    train, notes = usable(train)
    if test is not None:
        test, more = usable(test)
        notes += [*more, *strangers(train, test)]
    options = _common(train, test, only, notes)
    judged = train if test is None else test
    for name in given:
        if name not in train.options:
            raise InputError(unknown("--option-cost", "option", name, train.options))
    name = default_cost(train, judged, options, given, notes) if cost is None else cost
    learn = _side(train, train.options, costs_of(train, name, given))
    columns = np.array([train.options.index(option) for option in options], dtype=np.intp)
    _check(train, learn.columns(columns), options, name)
    judge = None
    if test is not None:
        judge = _side(test, options, costs_of(test.only(options), name, given))
        _check(test, judge, options, name)
    kinds = sorted(kinds_of(judged, name)) if name else []
    observed = (learn if judge is None else judge).quality
    labels = bool((np.isin(observed, (0.0, 1.0)) & (observed.sum(axis=1, keepdims=True) == 1)).all())
    return Problem(options, columns, learn, judge, name, tuple(kinds), labels, notes)


def judgeable(side: Side, options: Sequence[str], where: str, notes: list[str]) -> Side:
    """Return the rows in which every option was observed, and note how many are not.

    Raises:
        InputError: There is none.
    """
    whole = side.complete
    if whole.all():
        return side
    lacking = (~np.isfinite(side.quality + side.cost)).sum(axis=0)
    worst = ", ".join(f"{options[i]} {lacking[i]:,}" for i in np.argsort(-lacking)[:5] if lacking[i])
    if not whole.any():
        raise InputError(
            f"{where}: no query has quality and cost of every option (missing: {worst}); "
            "name fewer with --options"
        )
    notes.append(
        f"{(~whole).sum():,} of {len(side):,} queries lack quality or cost of an option (missing: {worst}): "
        "they are learnt from, but not judged by; --options names fewer"
    )
    return side.take(np.flatnonzero(whole))


def _common(
    train: OutcomeTable, test: OutcomeTable | None, only: Sequence[str], notes: list[str]
) -> tuple[str, ...]:
    for option in only:
        if option not in train.options:
            raise InputError(unknown(f"--options: {train.name}", "option", option, train.options))
    wanted = tuple(option for option in train.options if not only or option in only)
    if test is not None:
        theirs = set(test.options)
        lacking = [option for option in wanted if option not in theirs]
        new = [option for option in test.options if option not in train.options]
        wanted = tuple(option for option in wanted if option in theirs)
        if not wanted:
            raise InputError(
                f"{test.name}: has no option of {train.name}; it has {', '.join(test.options)}, "
                f"and not {', '.join(lacking)}"
            )
        if lacking:
            notes.append(f"learnt, but not there to be routed to in {test.name}: {', '.join(lacking)}")
        if new:
            notes.append(f"only in {test.name}, so never learnt and left out: {', '.join(new)}")
    return wanted


def _side(table: OutcomeTable, options: Sequence[str], cost: Floats) -> Side:
    quality = (table if tuple(options) == table.options else table.only(options)).quality
    # one choice of a whole path: evidence that only some paths gather is not known yet
    seen = table.seen() if table.retrieves_alike else [before_retrieval(query) for query in table.seen()]
    return Side(seen, table.groups, quality, cost)


def _check(table: OutcomeTable, side: Side, options: Sequence[str], cost: str) -> None:
    unseen = [option for k, option in enumerate(options) if np.isnan(side.quality[:, k]).all()]
    if len(unseen) == len(options):
        raise InputError(f"{table.name}: no quality was observed at all; there is nothing to judge by")
    if unseen:
        raise InputError(
            f"{table.name}: no quality was ever observed of {', '.join(unseen)}; name the others with "
            "--options"
        )
    free = [option for k, option in enumerate(options) if np.isnan(side.cost[:, k]).all()]
    if free:
        named = " ".join(f"--option-cost {option}=NUMBER" for option in free)
        raise InputError(
            f"{table.name}: {cost!r} of {', '.join(free)} is not there; give it with {named}, "
            f"or take another --cost: {', '.join(table.facts)}"
        )
