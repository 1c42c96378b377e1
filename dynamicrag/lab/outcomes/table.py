"""The outcome table: per query, what every option gave and cost.

Rows are the truth; arrays over queries and options are views of them, with NaN for outcomes not
observed. The file's format is in :mod:`dynamicrag.lab.outcomes.file`.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from dynamicrag.errors import InputError, unknown
from dynamicrag.features.base import Seen
from dynamicrag.predictors.checks import Floats


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one option on one query.

    Attributes:
        quality: 0 to 1; NaN where it was not observed.
        facts: Costs (``usd``, ``seconds``, ``joules``, ``gco2e``, ``input_tokens``, ...) and further scores.
        signals: Retrieval and response signals.
        kinds: Provenance of a cost, by its name.
        path: The option of every stage, where the option is a path.
        answer: The answer.
        error: Why there is no answer.
    """

    quality: float
    facts: Mapping[str, float] = field(default_factory=dict)
    signals: Mapping[str, float] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    path: Mapping[str, str] = field(default_factory=dict)
    answer: str | None = None
    error: str | None = None

    def same(self, other: "Outcome") -> bool:
        """Return whether both are equal, also where neither has a quality."""
        if math.isnan(self.quality) and math.isnan(other.quality):
            other = replace(other, quality=self.quality)
        return self == other


@dataclass(frozen=True, slots=True)
class Row:
    """One query and its outcomes.

    Attributes:
        id: Unique in its table.
        text: The question.
        outcomes: Outcome by option.
        group: Label for reports and splits; no router sees it.
        answers: Gold answers.
        answerable: Whether the corpus holds an answer, where that is known.
        origin: Hashes of what it was recorded with: ``policy``, ``corpus``, and by name ``models.small`` or
            ``context.short``.
    """

    id: str
    text: str
    outcomes: Mapping[str, Outcome]
    group: str = ""
    answers: tuple[str, ...] = ()
    answerable: bool | None = None
    origin: Mapping[str, str] = field(default_factory=dict)


class OutcomeTable:
    """Rows, and arrays over them.

    Args:
        rows: The rows.
        options: The options, weakest first; by default in the order in which rows name them.
        name: Its name in messages.
        left_out: Ids of rows of its file that are not in it, for they have no results.

    Raises:
        InputError: There is no row, or an id occurs twice.
    """

    def __init__(
        self,
        rows: Iterable[Row],
        options: Sequence[str] | None = None,
        name: str = "table",
        left_out: Sequence[str] = (),
    ) -> None:
        self.rows = tuple(rows)
        self.name = name
        self.left_out = tuple(left_out)
        if not self.rows:
            why = f": none of its {len(left_out):,} rows has results" if left_out else ""
            raise InputError(f"{name}: holds no row to learn from or judge by{why}")
        seen: set[str] = set()
        for row in self.rows:
            if row.id in seen:
                raise InputError(f"{name}: query_id {row.id!r} occurs twice; ids are unique in a table")
            seen.add(row.id)
        named = dict.fromkeys(option for row in self.rows for option in row.outcomes)
        self.options = tuple(named if options is None else options)

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def quality(self) -> Floats:
        """Quality, (n, k)."""
        return self._view(lambda outcome: outcome.quality)

    @cached_property
    def facts(self) -> tuple[str, ...]:
        """Names of the facts that any outcome has."""
        return tuple(dict.fromkeys(n for row in self.rows for o in row.outcomes.values() for n in o.facts))

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """Every row's group."""
        return tuple(row.group for row in self.rows)

    @cached_property
    def paths(self) -> dict[str, Mapping[str, str]]:
        """Path by option, for options that have one."""
        return {name: o.path for row in self.rows for name, o in row.outcomes.items() if o.path}

    @property
    def retrieves_alike(self) -> bool:
        """Whether all paths retrieve the same, so that its signals are known before one is chosen."""
        return len({(path.get("retrieval"), path.get("retriever")) for path in self.paths.values()}) < 2

    def fact(self, name: str) -> Floats:
        """Return a fact, (n, k).

        Raises:
            InputError: No outcome has it.
        """
        if name not in self.facts:
            raise InputError(unknown(self.name, "cost", name, self.facts))
        return self._view(lambda outcome: outcome.facts.get(name, np.nan))

    def seen(self) -> list[Seen]:
        """Return the routers' view of every query.

        A signal that several options have is the first one's: signals before generation do not
        depend on the option, and the families of features read nothing else.
        """
        return [Seen(row.text, self._signals(row)) for row in self.rows]

    def _signals(self, row: Row) -> dict[str, float]:
        merged: dict[str, float] = {}
        for option in self.options:
            if option in row.outcomes:
                merged = {**row.outcomes[option].signals, **merged}
        return merged

    def take(self, index: Sequence[int] | np.ndarray) -> "OutcomeTable":
        """Return the table of some rows, with all options."""
        return OutcomeTable([self.rows[int(i)] for i in index], self.options, self.name)

    def only(self, options: Sequence[str]) -> "OutcomeTable":
        """Return the table of some options, in that order.

        Raises:
            InputError: An option that is not there, or none.
        """
        for option in options:
            if option not in self.options:
                raise InputError(unknown(self.name, "option", option, self.options))
        if not options:
            raise InputError(f"{self.name}: no option is left; it has {', '.join(self.options)}")
        kept = set(options)
        rows = [
            replace(row, outcomes={name: o for name, o in row.outcomes.items() if name in kept})
            for row in self.rows
        ]
        return OutcomeTable(rows, options, self.name)

    def merge(self, other: "OutcomeTable") -> "OutcomeTable":
        """Return both tables in one: rows of both, outcomes of both where they share a row.

        Raises:
            InputError: They disagree on a question or its outcomes, or recorded it with other models,
                options or corpora of the same names.
        """
        rows = {row.id: row for row in self.rows}
        for row in other.rows:
            mine = rows.get(row.id)
            if mine is None:
                rows[row.id] = row
                continue
            for what, one, two in (
                ("question", mine.text, row.text),
                ("answers", mine.answers, row.answers),
                ("answerable", mine.answerable, row.answerable),
            ):
                if one != two:
                    raise InputError(
                        f"{other.name}: query_id {row.id!r} has another {what} than in {self.name}"
                    )
            for name in mine.outcomes.keys() & row.outcomes.keys():
                if not mine.outcomes[name].same(row.outcomes[name]):
                    raise InputError(
                        f"{other.name}: query_id {row.id!r} has another outcome of {name!r} than in "
                        f"{self.name}; remove it from one of them"
                    )
            for what in sorted(mine.origin.keys() & row.origin.keys() - {"policy"}):
                if mine.origin[what] != row.origin[what]:
                    raise InputError(
                        f"{other.name}: query_id {row.id!r} was recorded with another version of {what} than "
                        f"in {self.name}; record it again"
                    )
            rows[row.id] = replace(
                mine, outcomes={**mine.outcomes, **row.outcomes}, origin={**row.origin, **mine.origin}
            )
        options = dict.fromkeys([*self.options, *other.options])
        left_out = dict.fromkeys([*self.left_out, *other.left_out])
        return OutcomeTable(
            rows.values(), tuple(options), self.name, [name for name in left_out if name not in rows]
        )

    def _view(self, of: Callable[[Outcome], float]) -> Floats:
        table = np.full((len(self.rows), len(self.options)), np.nan)
        column = {option: k for k, option in enumerate(self.options)}
        for i, row in enumerate(self.rows):
            for name, outcome in row.outcomes.items():
                if name in column:
                    table[i, column[name]] = of(outcome)
        return table
