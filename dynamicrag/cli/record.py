"""``dynamicrag record``: quality and cost of every path on your questions, as an outcome table."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dynamicrag.cli import progress
from dynamicrag.cli.options import MOST_WORKERS, CorpusOption, JsonOption, PolicyOption
from dynamicrag.cli.prepare import provide, ready
from dynamicrag.cli.result import Output
from dynamicrag.lab.questions import read_questions
from dynamicrag.lab.view.terminal import print_page

if TYPE_CHECKING:
    from dynamicrag.graph.rag import DynamicRAG
    from dynamicrag.lab.record.recording import Recording
    from dynamicrag.lab.record.remaining import Remaining


def record(
    questions: Annotated[
        Path,
        typer.Option("--questions", "-q", help="File of questions with answers: .jsonl, .jsonl.gz or .txt."),
    ],
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="Outcome table to write or extend: .jsonl or .jsonl.gz."),
    ],
    policy: PolicyOption = "balanced",
    corpus: CorpusOption = None,
    grid: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STAGE=OPTION,OPTION",
            help="Options to record at a stage; several stages give every combination. Repeatable.",
        ),
    ] = None,
    path: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STAGE=OPTION,STAGE=OPTION", help="One path, by its options at some stages. Repeatable."
        ),
    ] = None,
    paths: Annotated[
        Path | None, typer.Option(help="YAML file with a list of paths, {stage: option} each.")
    ] = None,
    vary: Annotated[
        str | None,
        typer.Option(
            metavar="STAGE,STAGE",
            help="Stages to vary one at a time around the policy's planned path, or 'all'; by default 'all' "
            "if no path is given.",
        ),
    ] = None,
    score: Annotated[
        str, typer.Option(help="Measure of quality from 0 to 1: f1, em, contains, similarity or judge.")
    ] = "f1",
    judge: Annotated[
        str | None, typer.Option(help="Name of the policy's model that judges answers, for --score judge.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Number of questions to ask, from the first; by default all.")
    ] = None,
    workers: Annotated[
        int,
        typer.Option(
            "--workers", "-w", min=1, max=MOST_WORKERS,
            help="Number of questions asked at a time. With more than one, joules are split by CPU time and "
            "seconds include waiting.",
        ),
    ] = 1,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Start without asking.")] = False,
    retry: Annotated[bool, typer.Option("--retry", help="Repeat the runs that failed before.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Discard earlier runs and record again.")] = False,
    json: JsonOption = None,
) -> None:  # fmt: skip
    """Run paths over questions and record what each gives and costs; an interrupted recording resumes.

    Leave the machine idle otherwise: beside other busy processes, a local model uses many times its CPU time.

    Stages that are not named have the option that the policy's router plans with. The verifiers judge every
    draft, and every draft is accepted.
    """
    from dynamicrag.lab.record.journal import Journal
    from dynamicrag.lab.record.origin import origin_of
    from dynamicrag.lab.record.outcome import SCORES
    from dynamicrag.lab.record.path_options import chosen_paths
    from dynamicrag.lab.record.paths import Paths
    from dynamicrag.lab.record.recording import Recording, check_scorable
    from dynamicrag.lab.record.remaining import Remaining
    from dynamicrag.lab.record.results import result_of
    from dynamicrag.lab.record.view import page
    from dynamicrag.policy.file import load_policy
    from dynamicrag.policy.policy import brief

    if score not in SCORES or (score == "judge") != (judge is not None):
        raise typer.BadParameter(
            f"--score: one of {', '.join(SCORES)}; --judge MODEL with 'judge', and only then"
        )
    shown = Output(json)
    asked = read_questions(questions)[:limit]
    blind = check_scorable(asked, score)
    loaded = brief(load_policy(policy, corpus or None))
    pipeline = provide(loaded, shown)
    known = Paths(pipeline.stages, pipeline.verification, policy)
    chosen = chosen_paths(known, grid or (), path or (), paths, vary)
    if blind:
        shown.print(f"{blind} of {len(asked)} questions have no answers to compare with: they get no quality")
    with Journal(out, origin_of(loaded), asked, fresh=fresh, retry=retry) as journal:
        recording = Recording(journal, known, chosen, asked, score)
        remaining = Remaining(pipeline.decider, recording.work, workers)
        _announce(recording, remaining, f"{len(chosen)} paths × {len(asked)} questions", out, shown)
        if remaining.runs and not yes and shown.is_terminal and not typer.confirm("Start?", default=True):
            raise typer.Exit(1)
        try:
            if remaining.runs or recording.unscored():
                _run(ready(loaded, shown), recording, remaining, workers, judge, shown)
            table = recording.finish()
        except KeyboardInterrupt:
            kept = f"{recording.finished} of {recording.total} runs are kept"
            raise KeyboardInterrupt(f"{kept}; the same command continues from there") from None
    result = result_of(table, str(out), score, None if judge is None else recording.judging or {})
    print_page(shown, page(result))
    shown.give(result.as_json())


def _announce(recording: "Recording", remaining: "Remaining", product: str, file: Path, out: Output) -> None:
    total, left = recording.total, remaining.runs
    runs = f"{product} = {total} runs"
    if not left:
        out.print(f"{runs}: all recorded before, in {file}")
        return
    before = f", {total - left} of them recorded before" if left < total else ""
    out.print(f"{runs}{before}; {left} to go, expected to take {progress.of_recording(remaining)}")


def _run(
    rag: "DynamicRAG", recording: "Recording", remaining: "Remaining", workers: int, judge: str | None,
    out: Output,
) -> None:  # fmt: skip
    """Do the runs that are left, and add the scores that follow them."""
    from dynamicrag.graph.rag import DynamicRAG
    from dynamicrag.lab.record.executor import for_recording

    own = DynamicRAG(for_recording(rag.pipeline))
    try:
        if remaining.runs:
            with progress.recording(out, remaining) as shown:
                asyncio.run(recording.run(own, remaining, workers, shown))
        if judge is None:
            recording.add_similarity(own)
        else:
            with progress.bar(out) as shown_bar:
                asyncio.run(recording.judge(own, judge, shown_bar))
    finally:
        own.close()
        rag.close()
