"""``dynamicrag synthesize``: questions from a corpus, where there are none to record and learn from yet."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dynamicrag.cli.options import MOST_WORKERS, CorpusOption, JsonOption, PolicyOption
from dynamicrag.errors import CorpusError, InputError, PolicyError, unknown

if TYPE_CHECKING:
    from rich.console import Console

    from dynamicrag.graph.rag import DynamicRAG
    from dynamicrag.lab.synthesize.asker import StepsDone
    from dynamicrag.lab.synthesize.made import Made
    from dynamicrag.lab.synthesize.tally import Tally
    from dynamicrag.policy import Policy


def synthesize(
    out: Annotated[Path, typer.Option("--out", "-o", help="The questions, .jsonl.")],
    policy: PolicyOption = "balanced",
    corpus: CorpusOption = None,
    n: Annotated[int, typer.Option("--n", "-n", min=1, help="Questions in all.")] = 60,
    seed: Annotated[int, typer.Option(help="Decides what is asked about, and in which order.")] = 0,
    model: Annotated[
        str | None, typer.Option(help="The policy's model that writes; default its strongest local one.")
    ] = None,
    workers: Annotated[
        int, typer.Option("--workers", "-w", min=1, max=MOST_WORKERS, help="Calls at a time.")
    ] = 1,
    fresh: Annotated[bool, typer.Option("--fresh", help="Make anew, whatever is there.")] = False,
    json: JsonOption = None,
) -> None:
    """Make questions from the corpus: one-passage, two-passage, unanswerable, and such as need no documents.

    Kept is what passes a round trip: retrieval finds the passage, the model answers from it, and does not
    without. What is interrupted goes on. Read the questions before you rely on them: a small model made them.
    """
    from dynamicrag.cli.console import human
    from dynamicrag.cli.output import check_target, write_json, write_text
    from dynamicrag.cli.synthesize_tables import print_made
    from dynamicrag.lab.record.origin import origin_of
    from dynamicrag.lab.record.partial import Partial
    from dynamicrag.lab.synthesize.asker import StepsDone
    from dynamicrag.lab.synthesize.made import lines_of
    from dynamicrag.policy_file import load_policy

    check_target(json)
    shown = human(json)
    loaded = load_policy(policy, corpus or None)
    writer = _writer(loaded, model)
    if out.is_file() and not fresh:
        raise InputError(f"--out {out}: is there already; give another --out, or --fresh to make it anew")
    with Partial(out, (".jsonl",), "synthesis") as partial:
        steps = StepsDone(partial, {**origin_of(loaded), "seed": str(seed)}, fresh=fresh)
        try:
            made, tallies = _make(loaded, writer, steps, n, seed, workers, shown)
        except KeyboardInterrupt:
            done = f"{len(steps.done)} steps are kept; the same command goes on from there"
            raise KeyboardInterrupt(done) from None
        write_text(out, lines_of(made))
        partial.clear()
    summary = _summary(out, writer, seed, made, tallies)
    print_made(shown, summary)
    write_json(json, summary)


def _writer(policy: "Policy", name: str | None) -> str:
    """Return the name of the model that writes and answers.

    Raises:
        PolicyError: There is none of that name, or none that is local.
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


def _make(
    policy: "Policy", writer: str, steps: "StepsDone", n: int, seed: int, workers: int, out: "Console"
) -> "tuple[list[Made], dict[str, Tally]]":
    from dynamicrag.cli.prepare import ready

    rag = ready(policy, out, models=[writer])
    try:
        return asyncio.run(_make_all(rag, writer, steps, n, seed, workers, out))
    finally:
        rag.close()


async def _make_all(
    rag: "DynamicRAG", writer: str, steps: "StepsDone", n: int, seed: int, workers: int, out: "Console"
) -> "tuple[list[Made], dict[str, Tally]]":
    from dynamicrag.cli.synthesize_tables import announce, progress
    from dynamicrag.lab.synthesize.asker import Asker
    from dynamicrag.lab.synthesize.multi import Multi
    from dynamicrag.lab.synthesize.plain import Plain
    from dynamicrag.lab.synthesize.run import make, wanted_of
    from dynamicrag.lab.synthesize.single import Single
    from dynamicrag.lab.synthesize.tally import Tally
    from dynamicrag.lab.synthesize.unanswerable import Unanswerable

    corpora = rag.pipeline.corpora
    passages = [passage for corpus in corpora.values() for passage in corpus.everything()]
    if not passages:
        raise CorpusError(
            f"{', '.join(corpora) or 'the policy'}: holds no text to ask about; give --corpus PATH with "
            "documents"
        )
    costs = rag.pipeline.cost_model
    tallies = {}
    for kind, wanted in wanted_of(n).items():
        calls = [costs.call(writer, *tokens) for tokens in CALLS[kind]]
        guess = {
            dimension: sum(cost.known(dimension) or 0.0 for cost in calls)
            for dimension in ("seconds", "joules", "usd")
        }
        tallies[kind] = Tally(wanted, guess)
    announce(out, tallies, len(steps.done))
    with progress(out, tallies, workers) as tell:

        def spent(kind: str, cost: Any) -> None:
            tallies[kind].costs.append(cost)
            tell(kind)

        asker = Asker(rag, writer, passages, steps, workers=workers, tell=spent)
        kinds = (Single(asker, passages), Unanswerable(asker, passages), Plain(), Multi(asker, passages))
        return await make(kinds, tallies, seed, tell), tallies


CALLS: Mapping[str, Sequence[tuple[float, float, float]]] = {
    "single": [(450, 15, 350), (40, 5, 20), (750, 8, 400)],
    "multi": [
        (450, 15, 350),
        (450, 15, 350),
        (350, 25, 250),
        (50, 5, 20),
        (1000, 8, 400),
        (750, 8, 400),
        (750, 8, 400),
    ],
    "unanswerable": [(450, 15, 350), (750, 8, 400), (1400, 8, 400)],
    "none": [],
}
"""About what an attempt that goes all the way asks of the model: tokens read, written, and cached."""


def _summary(
    out: Path, writer: str, seed: int, made: "list[Made]", tallies: "dict[str, Tally]"
) -> dict[str, Any]:
    from dynamicrag.lab.synthesize.form import REASONS
    from dynamicrag.lab.synthesize.tally import summed

    samples = [
        {"question": one.question, "type": one.type, "answers": list(one.answers),
         "made_from": [passage["id"] for passage in one.passages]} for one in made
    ]  # fmt: skip
    return {
        "out": str(out),
        "model": writer,
        "seed": seed,
        "kinds": {kind: tally.as_dict() for kind, tally in tallies.items()},
        "cost": summed([cost for tally in tallies.values() for cost in tally.costs]),
        "reasons": REASONS,
        "questions": samples,
    }
