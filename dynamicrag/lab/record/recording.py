"""One recording: the runs that are left, the scores that follow them, and the table of all runs."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from operator import attrgetter
from typing import TYPE_CHECKING

from dynamicrag.errors import InputError
from dynamicrag.lab.outcomes.table import Outcome, OutcomeTable, Row
from dynamicrag.lab.questions import Question
from dynamicrag.lab.record.journal import Journal, key_of
from dynamicrag.lab.record.judge import ACCOUNT, AnswerJudge
from dynamicrag.lab.record.outcome import OBEYED, only_outcome, quality_of
from dynamicrag.lab.record.paths import Paths, Steps
from dynamicrag.lab.record.remaining import Remaining
from dynamicrag.lab.record.runs import Work, record_all
from dynamicrag.lab.scores import similarity

if TYPE_CHECKING:
    from dynamicrag.graph.rag import DynamicRAG


def check_scorable(questions: Sequence[Question], score: str) -> int:
    """Return the number of questions that the score cannot be computed for.

    Raises:
        InputError: It cannot be computed for any.
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


class Recording:
    """The runs of paths over questions; a journal has the earlier ones.

    Args:
        journal: The runs so far, open.
        paths: The policy's paths.
        chosen: The paths to record.
        questions: The questions.
        score: The measure of quality: one of :data:`~dynamicrag.lab.record.outcome.SCORES`.

    Attributes:
        work: The questions that are left, by path.
        judging: Cost of judging in this run, by dimension; ``None`` if nothing was judged.
    """

    def __init__(
        self, journal: Journal, paths: Paths, chosen: Sequence[Steps], questions: Sequence[Question],
        score: str,
    ) -> None:  # fmt: skip
        self._journal, self._paths, self._questions, self._score = journal, paths, questions, score
        self._keys = [key_of(question.id, steps) for steps in chosen for question in questions]
        self.work: Work = [
            (steps, [q for q in questions if key_of(q.id, steps) not in journal.runs]) for steps in chosen
        ]
        self.names = paths.names(chosen)
        self.judging: Mapping[str, float | None] | None = None

    @property
    def total(self) -> int:
        """Number of runs, finished or not."""
        return len(self._keys)

    @property
    def finished(self) -> int:
        """Number of runs that are in the journal."""
        return sum(key in self._journal.runs for key in self._keys)

    def unscored(self) -> list[tuple[Row, Outcome]]:
        """Return the finished runs whose score takes more than comparing words, and is not known yet."""
        rows = [self._journal.runs[key] for key in self._keys if key in self._journal.runs]
        runs = [(row, only_outcome(row)) for row in sorted(rows, key=attrgetter("id"))]
        return [(row, outcome) for row, outcome in runs if self._lacks_score(row, outcome)]

    def _lacks_score(self, row: Row, outcome: Outcome) -> bool:
        known = outcome.error is not None or outcome.facts.get("abstained") or row.answerable is False
        if known or outcome.answer is None:
            return False
        if self._score == "judge":
            return OBEYED not in outcome.facts
        return self._score == "similarity" and bool(row.answers) and "similarity" not in outcome.facts

    async def run(
        self, rag: "DynamicRAG", remaining: Remaining, workers: int, progress: Callable[[str], None]
    ) -> None:
        """Do the runs that are left; each is on the disk before ``progress`` gets its path's name."""
        async with aclosing(record_all(rag, self.work, workers=workers)) as runs:
            async for question, outcome in runs:
                row = Row(
                    question.id, question.text, {}, question.type, question.answers, question.answerable,
                    self._journal.origin,
                )  # fmt: skip
                self._journal.write(row, outcome)
                remaining.done(question, outcome)
                progress(self.names[tuple(outcome.path.items())])

    async def judge(self, rag: "DynamicRAG", model: str, progress: Callable[[int, int, str], None]) -> None:
        """Let a model of the policy judge the answers that have no verdict yet."""
        judge, runs = AnswerJudge(rag.pipeline, model), self.unscored()
        for number, (row, outcome) in enumerate(runs, 1):
            verdict = await judge.judge(row.text, outcome.answer or "")
            given = {} if verdict is None else {"judge": verdict}
            self._add(row, outcome, {OBEYED: float(verdict is not None), **given})
            progress(number, len(runs), "judging")
        rag.pipeline.ledger.settle(ACCOUNT)
        self.judging = rag.pipeline.ledger.cost(ACCOUNT).amounts()

    def add_similarity(self, rag: "DynamicRAG") -> None:
        """Score the answers that have no similarity yet."""
        for row, outcome in self.unscored():
            value = similarity(outcome.answer or "", row.answers, rag.pipeline.embedder.embed)
            self._add(row, outcome, {"similarity": value})

    def _add(self, row: Row, outcome: Outcome, facts: Mapping[str, float]) -> None:
        self._journal.write(row, replace(outcome, facts={**outcome.facts, **facts}))

    def finish(self) -> OutcomeTable:
        """Put the table of all runs in its place and return it.

        Its rows are in the order of the questions, then any others. An option is named after the stages at
        which the table's paths differ. A row has the origins of all its runs, which agree where they overlap.
        """
        runs = [(row, only_outcome(row)) for row in self._journal.runs.values()]
        names = self._paths.names(self._paths.ordered(dict(outcome.path) for _, outcome in runs))
        merged: dict[str, Row] = {}
        for row, outcome in runs:
            scored = replace(outcome, quality=quality_of(row, outcome, self._score))
            before = merged.get(row.id, replace(row, outcomes={}, origin={}))
            outcomes = {**before.outcomes, names[tuple(outcome.path.items())]: scored}
            merged[row.id] = replace(row, origin={**before.origin, **row.origin}, outcomes=outcomes)
        order = {question.id: number for number, question in enumerate(self._questions)}
        options = list(names.values())
        rows = [
            replace(row, outcomes={name: row.outcomes[name] for name in options if name in row.outcomes})
            for row in sorted(merged.values(), key=lambda row: order.get(row.id, len(order)))
        ]
        table = OutcomeTable(rows, options, self._journal.out.name)
        self._journal.finish(table)
        return table
