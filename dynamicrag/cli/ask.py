"""``dynamicrag ask``: one question or many, with their cost and the saving against a baseline."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dynamicrag.cli.console import PlainConsole, joined, plain
from dynamicrag.cli.more_budget import aconfirmed, at_terminal
from dynamicrag.cli.options import MOST_WORKERS, CorpusOption, JsonOption, PolicyOption
from dynamicrag.cli.output import JsonLines
from dynamicrag.cli.prepare import provide, ready
from dynamicrag.cli.show import panel
from dynamicrag.errors import InputError, ProviderError
from dynamicrag.lab.questions import Question, checked_text, read_questions
from dynamicrag.lab.view.terminal import print_table
from dynamicrag.offers import BudgetRequest

if TYPE_CHECKING:
    from dynamicrag.graph.rag import DynamicRAG
    from dynamicrag.lab.run import Record
    from dynamicrag.policy.policy import Policy


def ask(
    question: Annotated[str | None, typer.Argument(help="The question; or give --questions.")] = None,
    policy: PolicyOption = "balanced",
    corpus: CorpusOption = None,
    questions: Annotated[
        Path | None, typer.Option("--questions", "-q", help="Questions, .jsonl[.gz] or .txt.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Ask only the first so many.")] = None,
    json: JsonOption = None,
    baseline: Annotated[
        str | None, typer.Option(help="Ask this policy the same questions and report what is saved.")
    ] = None,
    workers: Annotated[
        int, typer.Option("--workers", "-w", min=1, max=MOST_WORKERS, help="Questions at a time.")
    ] = 1,
    fresh: Annotated[bool, typer.Option("--fresh", help="Do not continue an interrupted run.")] = False,
    verbose: Annotated[
        bool,
        typer.Option("--verbose", "-v", help="Show all stages, whole reasons, passages, and the query's id."),
    ] = False,
    learn: Annotated[
        bool, typer.Option("--learn", help="Store each answer's F1 as feedback, of the source gold.")
    ] = False,
) -> None:
    """Answer questions over your documents; show the decisions and the cost."""
    from dynamicrag.policy.file import load_policy
    from dynamicrag.policy.policy import brief

    asked = _questions(question, questions)[:limit]
    if learn and not any(each.answers for each in asked):
        raise typer.BadParameter("--learn compares with gold answers; give --questions with answers")
    lines = JsonLines(json)
    policies = [load_policy(name, corpus or None) for name in (policy, baseline) if name]
    if any(each.answers for each in asked):  # they are scored
        policies = [brief(item) for item in policies]
    if learn:
        for item in policies:
            _check_stores(item)
    out = PlainConsole(stderr=json == "-")
    for item in policies:  # mistakes in either show before any question
        provide(item, out)
    session = _Session(policies, asked, lines, out, workers, fresh, verbose, learn)
    try:
        errors, total = session.run()
    except KeyboardInterrupt:
        raise KeyboardInterrupt(session.kept()) from None
    if errors:
        raise ProviderError(
            errors[0] if total == 1 else f"{len(errors)} of {total} failed; first: {errors[0]}"
        )


def _questions(question: str | None, path: Path | None) -> Sequence[Question]:
    if (question is None) == (path is None):
        raise typer.BadParameter("give either a QUESTION or --questions FILE")
    if question is not None:
        return [Question("q1", checked_text(question, "question"))]
    assert path is not None
    return read_questions(path)


def _check_stores(policy: "Policy") -> None:
    if not policy.runs.keep:
        raise InputError(
            f"--learn: {policy.where('runs', 'keep')} is 0, and feedback needs stored queries; raise it, or "
            "leave --learn out"
        )


def fingerprint(policy: "Policy") -> str:
    """Return a key of the policy's content and of the size and time of the corpora's files."""
    import hashlib
    from contextlib import suppress

    from dynamicrag.retrieval.documents import Skipped
    from dynamicrag.retrieval.readers import files_of

    digest = hashlib.sha256(repr(policy.model_dump()).encode("utf-8", "backslashreplace"))
    for section in policy.corpora.values():
        paths = [policy.folder / path for path in section.path]
        for file in files_of(paths, Skipped(), follow_links=section.follow_links):
            with suppress(OSError):  # gone in the meantime
                stat = file.path.stat()
                digest.update(f"{file.source}:{stat.st_size}:{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


class _Session:
    """The questions under one policy, and then its baseline if there is one."""

    def __init__(
        self,
        policies: "Sequence[Policy]",
        questions: Sequence[Question],
        lines: JsonLines,
        out: PlainConsole,
        workers: int,
        fresh: bool,
        verbose: bool,
        learn: bool,
    ) -> None:
        self._policies = {policy.name: policy for policy in policies}
        if len(self._policies) < len(policies):
            raise InputError("--baseline: it is the policy itself; name another, such as always-large")
        self._questions = {question.id: question for question in questions}
        self._runs = {policy.name: fingerprint(policy) for policy in policies}
        self._lines, self._out, self._workers = lines, out, workers
        self._fresh, self._verbose, self._learn = fresh, verbose, learn
        self._records: dict[str, list[Record]] = {name: [] for name in self._policies}
        self._processes: dict[str, str] = {}

    def run(self) -> tuple[list[str], int]:
        """Ask everything and show it; return the errors, and the number of answers asked for."""
        from dynamicrag.lab.summary import summarise
        from dynamicrag.lab.summary_view import tables

        names = {run: name for name, run in self._runs.items()}
        for record in self._lines.open(self._keep):
            self._records[names[record["run"]]].append(record)
        for name, policy in self._policies.items():
            self._run_policy(name, policy)
        self._lines.finish()
        if len(self._questions) > 1 or len(self._policies) > 1:
            summaries = {name: summarise(records) for name, records in self._records.items()}
            for table in tables(summaries):
                self._out.print()
                print_table(self._out, table)
            self._out.print()
            for line in self._processes.values():
                self._out.print(f"the process in all: {line}", style="dim")
        every = [record for records in self._records.values() for record in records]
        return [record["error"] for record in every if "error" in record], len(every)

    def kept(self) -> str:
        """Return a note on the answers that an interrupted run keeps; nothing without a file."""
        done = sum(map(len, self._records.values()))
        if self._lines.partial is None or not self._lines.partial.exists():
            return ""
        total = len(self._questions) * len(self._policies)
        return (
            f"{done} of {total} answers are in {self._lines.partial}; the same command continues from there"
        )

    def _keep(self, record: "Record") -> bool:
        question = self._questions.get(record["query_id"])
        return (
            not self._fresh
            and "error" not in record
            and question is not None
            and record["run"] in self._runs.values()
            and record.get("question") == question.text
            and tuple(record.get("answers", ())) == question.answers
        )

    def _run_policy(self, name: str, policy: "Policy") -> None:
        from dynamicrag.lab.summary_view import process_line

        records = self._records[name]
        done = {record["query_id"] for record in records}
        left = [question for question in self._questions.values() if question.id not in done]
        if done:
            self._out.print(f"{name}: {len(done)} answered before, {len(left)} to go", style="dim")
        if not left:
            return
        # else the first model asked stays the cheaper one: the others' caches are cold
        rag = ready(policy, self._out, stays=len(left) > 1)
        try:
            if len(self._policies) > 1:
                self._out.rule(f"{name}", style="bright_black")
            asyncio.run(self._ask(rag, name, left))
            ledger = rag.pipeline.ledger  # policies share their process's meter: the last to end knows all
            self._processes[ledger.attribution.id] = process_line(ledger)
        finally:
            rag.close()

    async def _ask(self, rag: "DynamicRAG", name: str, questions: Sequence[Question]) -> None:
        from dynamicrag.lab.run import ask_all
        from dynamicrag.learning.sources import GOLD

        begun = len(self._records[name])
        with self._out.status("") as status:

            def started(question: Question) -> None:
                nonlocal begun
                begun += 1
                text = plain(question.text)[: max(20, self._out.width - 24)]
                status.update(joined((f"{begun}/{len(self._questions)}  {text}", "dim")))

            async def confirm(request: BudgetRequest) -> bool:
                status.stop()
                return await aconfirmed(self._out, request)

            asks = rag.pipeline.budget.exhausted == "ask" and len(self._questions) == 1 and at_terminal()
            made = ask_all(
                rag, questions, workers=self._workers, started=started, confirm=confirm if asks else None
            )
            async for record in made:
                tagged: Record = {**record, "policy": name, "run": self._runs[name]}
                if self._learn and "f1" in record:  # first: a written record is not asked again
                    await rag.afeedback(record["turn"], record["f1"], name="f1", source=GOLD)
                self._lines.write(tagged)
                self._records[name].append(tagged)
                self._out.print(panel(tagged, verbose=self._verbose))
                if len(self._questions) == 1 and "error" not in record and self._policies[name].runs.keep:
                    hint = f"rate it: dynamicrag feedback {record['turn']} up (or down)"
                    self._out.print(hint, style="dim", soft_wrap=True)
