"""Scores that take more than comparing words, put on runs once they are done; and the table of all runs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from dynamicrag.errors import InputError
from dynamicrag.lab.outcomes.table import Outcome, OutcomeTable, Row
from dynamicrag.lab.questions import Question
from dynamicrag.lab.record.journal import Journal, Key
from dynamicrag.lab.record.outcome import quality_of
from dynamicrag.lab.record.paths import Paths
from dynamicrag.lab.scores import similarity

if TYPE_CHECKING:
    from dynamicrag.features.base import Embed

OBEYED = "judge_obeyed"
"""Fact: whether the judge said yes or no."""


def check_scorable(questions: Sequence[Question], score: str) -> int:
    """Return how many questions the score has nothing to go by for.

    Raises:
        InputError: It has nothing for any.
    """
    if score == "judge":
        return 0
    blind = sum(not question.answers and question.answerable is not False for question in questions)
    if blind == len(questions):
        raise InputError(
            f"--score {score}: no question has answers to compare with; add them to the file, or use "
            "--score judge"
        )
    return blind


def unscored(journal: Journal, keys: Iterable[Key], score: str) -> list[tuple[Row, Outcome]]:
    """Return the runs among ``keys`` whose quality by ``score`` takes more work."""
    found = []
    for key in keys:
        row = journal.runs[key]
        outcome = _only(row)
        settled = outcome.error is not None or outcome.facts.get("abstained") or row.answerable is False
        if settled or outcome.answer is None:
            continue
        missing = OBEYED not in outcome.facts if score == "judge" else (
            score == "similarity" and row.answers and score not in outcome.facts)  # fmt: skip
        if missing:
            found.append((row, outcome))
    return sorted(found, key=lambda pair: pair[0].id)


def add_similarity(journal: Journal, runs: Iterable[tuple[Row, Outcome]], embed: "Embed") -> None:
    """Score runs by the meaning of their answers."""
    for row, outcome in runs:
        assert outcome.answer is not None
        value = similarity(outcome.answer, row.answers, embed)
        journal.write(row, replace(outcome, facts={**outcome.facts, "similarity": value}))


def judged(outcome: Outcome, value: float | None) -> Outcome:
    """Return an outcome with a judge's verdict, or with the fact that there was none."""
    given = {} if value is None else {"judge": value}
    return replace(outcome, facts={**outcome.facts, OBEYED: float(value is not None), **given})


def table_of(
    runs: Mapping[Key, Row], paths: Paths, questions: Sequence[Question], score: str, name: str
) -> OutcomeTable:
    """Return all runs as one table: questions in their file's order, then any others.

    An option is called after the stages at which the table's paths differ. A row's origin is that of all
    its runs, which agree where they know of the same.
    """
    known = paths.ordered(dict(_only(row).path) for row in runs.values())
    names = {tuple(steps.items()): label for steps, label in zip(known, paths.names(known), strict=True)}
    heads: dict[str, Row] = {}
    outcomes: dict[str, dict[str, Outcome]] = {}
    for row in runs.values():
        outcome = _only(row)
        before = heads[row.id].origin if row.id in heads else {}
        heads[row.id] = replace(row, origin={**before, **row.origin})
        scored = replace(outcome, quality=quality_of(row, outcome, score))
        outcomes.setdefault(row.id, {})[names[tuple(outcome.path.items())]] = scored
    order = {question.id: number for number, question in enumerate(questions)}
    rows = [
        replace(
            head, outcomes={label: outcomes[id_][label] for label in names.values() if label in outcomes[id_]}
        )
        for id_, head in sorted(heads.items(), key=lambda item: order.get(item[0], len(order)))
    ]
    return OutcomeTable(rows, list(names.values()), name)


def _only(row: Row) -> Outcome:
    return next(iter(row.outcomes.values()))
