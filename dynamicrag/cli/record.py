"""``dynamicrag record``: what every path gives on your questions, and what it costs, as an outcome table."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dynamicrag.cli.options import MOST_WORKERS, CorpusOption, JsonOption, PolicyOption

if TYPE_CHECKING:
    from rich.console import Console

    from dynamicrag.assembly import Pipeline
    from dynamicrag.graph.rag import DynamicRAG
    from dynamicrag.lab.outcomes.table import OutcomeTable
    from dynamicrag.lab.questions import Question
    from dynamicrag.lab.record.expected import Expected
    from dynamicrag.lab.record.journal import Journal
    from dynamicrag.lab.record.paths import Paths, Steps
    from dynamicrag.lab.record.runs import Work
    from dynamicrag.policy import Policy


def record(
    questions: Annotated[Path, typer.Option("--questions", "-q", help="Questions, .jsonl[.gz] or .txt.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The table, .jsonl[.gz]; added to if it exists.")],
    policy: PolicyOption = "balanced",
    corpus: CorpusOption = None,
    grid: Annotated[
        list[str] | None, typer.Option(help="STAGE=OPTION,OPTION; several give their product. Repeatable.")
    ] = None,
    path: Annotated[
        list[str] | None, typer.Option(help="One path: STAGE=OPTION,STAGE=OPTION. Repeatable.")
    ] = None,
    paths: Annotated[Path | None, typer.Option(help="A YAML list of paths, {stage: option} each.")] = None,
    vary: Annotated[
        str | None, typer.Option(help="Stages to vary one at a time around the planned path; default all.")
    ] = None,
    score: Annotated[str, typer.Option(help="Quality: f1, em, contains, similarity or judge.")] = "f1",
    judge: Annotated[str | None, typer.Option(help="The policy's model for --score judge.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Ask only the first so many.")] = None,
    workers: Annotated[
        int,
        typer.Option(
            "--workers", "-w", min=1, max=MOST_WORKERS,
            help="Questions at a time. Joules are then split by CPU time, and seconds include waiting.",
        ),
    ] = 1,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before starting.")] = False,
    retry: Annotated[bool, typer.Option("--retry", help="Run again what failed before.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Record anew, whatever is there.")] = False,
    json: JsonOption = None,
) -> None:  # fmt: skip
    """Run paths over questions and keep what each gave and cost; what is interrupted goes on.

    Leave the machine to it: beside other busy processes a local model takes many times its CPU time.

    Stages that are not named stand at what the policy's router plans with. Every draft is judged by the
    verifiers and accepted.
    """
    from dynamicrag.cli.console import human
    from dynamicrag.cli.output import check_target, write_json
    from dynamicrag.cli.prepare import provide
    from dynamicrag.cli.record_tables import print_figures
    from dynamicrag.lab.questions import read_questions
    from dynamicrag.lab.record.journal import Journal
    from dynamicrag.lab.record.origin import origin_of
    from dynamicrag.lab.record.outcome import SCORES
    from dynamicrag.lab.record.paths import Paths
    from dynamicrag.lab.record.scoring import check_scorable
    from dynamicrag.policy import brief
    from dynamicrag.policy_file import load_policy

    if score not in SCORES or (score == "judge") != (judge is not None):
        raise typer.BadParameter(
            f"--score: one of {', '.join(SCORES)}; --judge MODEL with 'judge', and only then"
        )
    check_target(json)
    shown = human(json)
    asked = read_questions(questions)[:limit]
    blind = check_scorable(asked, score)
    loaded = brief(load_policy(policy, corpus or None))
    pipeline = provide(loaded, shown)
    known = Paths(pipeline.stages, pipeline.verification, policy)
    chosen = known.ordered(_chosen(known, grid, path, paths, vary))
    if blind:
        shown.print(
            f"{blind} of {len(asked)} questions have no answers to compare with: their quality stays open"
        )
    with Journal(out, origin_of(loaded), asked, fresh=fresh, retry=retry) as journal:
        session = _Session(loaded, journal, known, chosen, asked, score, judge, workers, shown)
        try:
            table = session.run(pipeline, ask=not yes and shown.is_terminal)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(session.kept()) from None
    summary = session.summary(table)
    print_figures(shown, summary)
    write_json(json, summary)


def _chosen(
    known: "Paths",
    grid: Sequence[str] | None,
    path: Sequence[str] | None,
    file: Path | None,
    vary: str | None,
) -> "list[Steps]":
    from dynamicrag.lab.record.paths import grid_of, path_of, paths_in

    chosen: list[Steps] = []
    if grid:
        chosen += known.grid(grid_of(grid))
    for text in path or ():
        chosen.append(known.complete(path_of(text), f"--path {text!r}"))
    if file is not None:
        listed = paths_in(file)
        chosen += [known.complete(steps, f"{file}, path {number}") for number, steps in enumerate(listed, 1)]
    if vary or not chosen:
        chosen += known.vary(None if vary in (None, "all") else [s.strip() for s in vary.split(",")])
    return chosen


class _Session:
    """One recording, from what is left to do to the table."""

    def __init__(
        self,
        policy: "Policy",
        journal: "Journal",
        paths: "Paths",
        chosen: "Sequence[Steps]",
        questions: "Sequence[Question]",
        score: str,
        judge: str | None,
        workers: int,
        out: "Console",
    ) -> None:
        from dynamicrag.lab.record.journal import key_of

        self._policy, self._journal, self._paths, self._chosen = policy, journal, paths, chosen
        self._questions, self._score, self._judge = questions, score, judge
        self._workers, self._out = workers, out
        self._keys = {key_of(q.id, steps): None for steps in chosen for q in questions}
        self._work: Work = [
            (steps, [q for q in questions if key_of(q.id, steps) not in journal.runs]) for steps in chosen
        ]
        self._judging: dict[str, float | None] = {}

    def run(self, pipeline: "Pipeline", *, ask: bool) -> "OutcomeTable":
        """Do what is left to do, and put the table in its place."""
        from dynamicrag.cli.prepare import ready
        from dynamicrag.graph.rag import DynamicRAG
        from dynamicrag.lab.record.expected import Expected
        from dynamicrag.lab.record.following import for_recording
        from dynamicrag.lab.record.scoring import table_of, unscored

        expected = Expected(pipeline.decider, self._work, self._workers)
        self._announce(expected, ask)
        there = [key for key in self._keys if key in self._journal.runs]
        if expected.runs or unscored(self._journal, there, self._score):
            rag = ready(self._policy, self._out)
            recording = DynamicRAG(for_recording(rag.pipeline))
            try:
                if expected.runs:
                    asyncio.run(self._record(recording, expected))
                self._add_scores(recording)
            finally:
                recording.close()
                rag.close()
        table = table_of(
            self._journal.runs, self._paths, self._questions, self._score, self._journal.out.name
        )
        self._journal.finish(table)
        return table

    def kept(self) -> str:
        """Say what an interrupted recording leaves behind."""
        done = sum(key in self._journal.runs for key in self._keys)
        return f"{done} of {len(self._keys)} runs are kept; the same command goes on from there"

    def summary(self, table: "OutcomeTable") -> dict[str, Any]:
        """Return the figures of the table, and how a judge agrees with exact scores."""
        from dynamicrag.lab.record.figures import figures, judge_agreement

        agreed = {"judge": judge_agreement(table) | {"cost": self._judging}} if self._judge else {}
        return {"out": str(self._journal.out), "score": self._score, **figures(table), **agreed}

    def _announce(self, expected: "Expected", ask: bool) -> None:
        from dynamicrag.cli.record_tables import amounts

        total, left = len(self._keys), expected.runs
        what = f"{len(self._chosen)} paths × {len(self._questions)} questions = {total} runs"
        if not left:
            self._out.print(f"{what}: all recorded before, in {self._journal.out}")
            return
        done = f", {total - left} of them recorded before" if left < total else ""
        self._out.print(f"{what}{done}; {left} to go, expected to take {amounts(expected)}")
        if ask and not typer.confirm("Start?", default=True):
            raise typer.Exit(1)

    async def _record(self, rag: "DynamicRAG", expected: "Expected") -> None:
        from dynamicrag.cli.record_tables import progress
        from dynamicrag.lab.record.outcome import row_of
        from dynamicrag.lab.record.runs import record_all

        names = dict(zip(map(str, self._chosen), self._paths.names(self._chosen), strict=True))
        with progress(self._out, expected) as tell:
            async with aclosing(record_all(rag, self._work, workers=self._workers)) as runs:
                async for question, outcome in runs:
                    self._journal.write(row_of(question, self._journal.origin, {}), outcome)
                    expected.done(question, outcome)
                    tell(names[str(dict(outcome.path))])

    def _add_scores(self, rag: "DynamicRAG") -> None:
        from dynamicrag.cli.console import bar
        from dynamicrag.lab.record.judge import ACCOUNT, AnswerJudge
        from dynamicrag.lab.record.scoring import add_similarity, judged, unscored

        open_ = unscored(self._journal, self._keys, self._score)
        if self._score == "similarity":
            add_similarity(self._journal, open_, rag.pipeline.embedder.embed)
        if self._judge is None:
            return
        judge = AnswerJudge(rag.pipeline, self._judge)

        async def ask_all() -> None:
            with bar(self._out) as tell:
                for number, (row, outcome) in enumerate(open_, 1):
                    value = await judge.judge(row.text, outcome.answer or "")
                    self._journal.write(row, judged(outcome, value))
                    tell(number, len(open_), "judging")

        asyncio.run(ask_all())
        rag.pipeline.ledger.settle(ACCOUNT)
        cost = rag.pipeline.ledger.cost(ACCOUNT)
        self._judging = cost.amounts()
