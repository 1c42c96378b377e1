"""``dynamicrag synthesize``: questions from a corpus, for users who have none to record and train with."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dynamicrag.cli import progress
from dynamicrag.cli.options import MOST_WORKERS, CorpusOption, JsonOption, PolicyOption
from dynamicrag.cli.output import write_text
from dynamicrag.cli.prepare import ready
from dynamicrag.cli.result import Output
from dynamicrag.errors import InputError, PolicyError, unknown
from dynamicrag.lab.view.terminal import print_page

if TYPE_CHECKING:
    from dynamicrag.policy.policy import Policy


def synthesize(
    out: Annotated[Path, typer.Option("--out", "-o", help="File of questions to write, .jsonl.")],
    policy: PolicyOption = "balanced",
    corpus: CorpusOption = None,
    n: Annotated[
        int, typer.Option("--n", "-n", min=1, help="Number of questions, of all kinds together.")
    ] = 60,
    seed: Annotated[
        int, typer.Option(help="Decides what is asked about, and the order of the questions.")
    ] = 0,
    model: Annotated[
        str | None,
        typer.Option(help="Name of the policy's model that writes; by default its strongest local model."),
    ] = None,
    workers: Annotated[
        int, typer.Option("--workers", "-w", min=1, max=MOST_WORKERS, help="Number of calls at a time.")
    ] = 1,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Discard earlier questions and calls, and begin again.")
    ] = False,
    json: JsonOption = None,
) -> None:
    """Make questions from the corpus: one-passage, two-passage, unanswerable, and some without documents.

    A question is kept if it passes a round trip: retrieval finds the passage, and the model answers with the
    passage but not without. An interrupted run resumes. Read the questions before you rely on them: a small
    model wrote them.
    """
    from dynamicrag.lab.record.origin import origin_of
    from dynamicrag.lab.record.partial import Partial
    from dynamicrag.lab.synthesize.caller import CallLog
    from dynamicrag.lab.synthesize.question import to_lines
    from dynamicrag.lab.synthesize.results import SynthesisResult
    from dynamicrag.lab.synthesize.run import planned, synthesize
    from dynamicrag.lab.synthesize.view import page
    from dynamicrag.policy.file import load_policy

    shown = Output(json)
    loaded = load_policy(policy, corpus or None)
    writer = _writer(loaded, model)
    if out.is_file() and not fresh:
        raise InputError(f"--out {out}: is there already; give another --out, or --fresh to replace it")
    with Partial(out, (".jsonl",), "synthesis") as partial:
        log = CallLog(partial, {**origin_of(loaded), "seed": str(seed)}, fresh=fresh)
        try:
            rag = ready(loaded, shown, models=[writer])
            try:
                kinds = planned(rag, writer, n)
                wanted = ", ".join(f"{kind.wanted} {name}" for name, kind in kinds.items())
                before = f"; {len(log.done)} steps were done before" if log.done else ""
                shown.print(f"{wanted}; at a first guess {progress.of_synthesis(kinds)}{before}")
                with progress.synthesis(shown, kinds, workers) as report:
                    work = synthesize(rag, writer, kinds, log, seed=seed, workers=workers, report=report)
                    questions = asyncio.run(work)
            finally:
                rag.close()
        except KeyboardInterrupt:
            kept = f"{len(log.done)} steps are kept; the same command continues from there"
            raise KeyboardInterrupt(kept) from None
        write_text(out, to_lines(questions))
        partial.clear()
    result = SynthesisResult(str(out), writer, seed, kinds, questions)
    print_page(shown, page(result))
    shown.give(result.as_json())


def _writer(policy: "Policy", name: str | None) -> str:
    """Return the name of the model that writes and answers.

    Raises:
        PolicyError: The policy has no such model, or no local one.
    """
    if name is not None and name not in policy.models:
        raise PolicyError(unknown("--model", "model", name, policy.models))
    local = [model for model, section in policy.models.items() if section.model.startswith("local:")]
    if name is None and not local:
        raise PolicyError(
            f"{policy.where('models')}: none is local, and documents are sent to no other by default; choose "
            f"one with --model: {', '.join(policy.models)}"
        )
    return name or local[-1]
