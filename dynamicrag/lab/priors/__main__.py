"""``python -m dynamicrag.lab.priors``: learn the shipped prior, or judge it out of fold."""

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from dynamicrag.errors import DynamicRAGError, InputError
from dynamicrag.lab.json_lines import as_json
from dynamicrag.lab.outcomes.file import read_table
from dynamicrag.lab.priors import ablation, judged
from dynamicrag.lab.priors.card import card
from dynamicrag.lab.priors.food import PROJECT, Places, read_food
from dynamicrag.lab.priors.learn import learn as learn_all
from dynamicrag.lab.priors.learn import learn_knowledge
from dynamicrag.lab.priors.tables import Tables
from dynamicrag.lab.results import Result
from dynamicrag.lab.routing.embeddings import KeptEmbeddings
from dynamicrag.lab.view.page import Page
from dynamicrag.lab.view.terminal import print_page
from dynamicrag.llm.pull import cache_dir, pulled
from dynamicrag.priors import directions, knowledge
from dynamicrag.priors import stages as stage_parts
from dynamicrag.retrieval.local_embedder import DEFAULT, LocalEmbedder

CARD = "card.md"
MOST_BYTES = 2_000_000
"""Largest size of the shipped arrays."""

app = typer.Typer(add_completion=False, rich_markup_mode=None)
DataOption = Annotated[
    Path | None,
    typer.Option(help="The folder of the public tables and question sets, or of outcomes/ and qa/."),
]
RecordingsOption = Annotated[
    list[Path] | None,
    typer.Option(help="A recording of ours; again for each. Without them, the parts that need them stay."),
]
JsonOption = Annotated[Path | None, typer.Option(help="Write the figures here.")]


@app.callback(invoke_without_command=True)
def learn(
    context: typer.Context,
    data: DataOption = None,
    out: Annotated[
        Path | None,
        typer.Option(help="The folder to write the files of the prior and their card to."),
    ] = None,
    recordings: RecordingsOption = None,
    date: Annotated[str, typer.Option(help="The date on the card, YYYY-MM-DD; today by default.")] = "",
    without: Annotated[
        Path | None,
        typer.Option(
            help="An outcome table whose questions are left out, for 'dynamicrag simulate --start'; writes "
            "prior.npz alone."
        ),
    ] = None,
) -> None:
    """Learn all parts of the prior from public tables, our own retrievals and recordings."""
    if context.invoked_subcommand is not None:
        return
    with _console() as console:
        if out is None:
            raise InputError("--out: the folder to write to is missing")
        tables, model = _tables(console, data)
        if without is not None:
            left_out = {row.text for row in read_table(without).rows}
            path = learn_knowledge(tables, left_out).save(out / knowledge.FILE)
            console.print(f"{path}: without the questions of {without.name}")
            return
        made = learn_all(tables, _places(data, recordings or []), model)
        path = made.knowledge.save(out / knowledge.FILE)
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise InputError(f"{path}: {size:,} bytes; the shipped prior may have {MOST_BYTES:,}")
        made.stages.save(out / stage_parts.FILE)
        made.directions.save(out / directions.FILE)
        day = date or datetime.datetime.now(datetime.UTC).date().isoformat()
        (out / CARD).write_text(card(day, size, made.recordings), encoding="utf-8")
        console.print(f"{path}: {size:,} bytes; {out / stage_parts.FILE}; {out / CARD}")


@app.command()
def judge(
    data: DataOption = None,
    seeds: Annotated[int, typer.Option(min=1, help="Number of seeds, each with other folds.")] = 3,
    json: JsonOption = None,
) -> None:
    """Judge the prior out of fold at three budgets, with models unseen, and on strategies alone."""
    with _console() as console:
        made = judged.judged(_tables(console, data)[0], range(seeds))
        _show(console, made, judged.page(made), json)


@app.command()
def ablate(
    data: DataOption = None,
    recordings: RecordingsOption = None,
    seeds: Annotated[int, typer.Option(min=1, help="Number of seeds, each with other folds.")] = 2,
    json: JsonOption = None,
) -> None:
    """Measure what the question, the corpus and the evidence after retrieval each add."""
    with _console() as console:
        tables, model = _tables(console, data)
        food = read_food(_places(data, recordings or []), tables, model)
        made = ablation.ablated(food, tables, range(seeds))
        _show(console, made, ablation.page(made), json)


@app.command()
def stages(data: DataOption = None, json: JsonOption = None) -> None:
    """Judge the shipped prior at retrieval, context and retriever, without a language model."""
    from dynamicrag.lab.priors import stages_judged  # takes a second, for it builds a policy

    with _console() as console:
        embedder = LocalEmbedder(lambda: pulled(DEFAULT))
        made = stages_judged.stages_judged(
            _places(data, []), embedder, lambda step: console.print(f"{step} …")
        )
        _show(console, made, stages_judged.page(made), json)


def _show(console: Console, made: Result, page: Page, json: Path | None) -> None:
    print_page(console, page)
    if json is not None:
        json.write_text(as_json(made.as_json(), indent=2) + "\n", encoding="utf-8")


def _places(data: Path | None, recordings: list[Path]) -> Places:
    return Places(_within(data, "qa"), PROJECT, recordings, cache_dir() / "corpora")


def _tables(console: Console, data: Path | None) -> tuple[Tables, LocalEmbedder]:
    folder = _within(data, "outcomes")
    model = LocalEmbedder(lambda: pulled(DEFAULT))
    kept = KeptEmbeddings(model.embed, cache_dir() / "embeddings" / f"{DEFAULT}.npz", model.embed_in_bulk)
    return Tables(folder, kept, DEFAULT, lambda step: console.print(f"{step} …")), model


def _within(data: Path | None, name: str) -> Path:
    """Return a folder within the folder of all public data, or the folder itself if it has no such."""
    if data is None or not data.is_dir():
        raise InputError(f"--data: {data or 'missing'}; expected the folder of the public outcome tables")
    return data / name if (data / name).is_dir() else data


@contextmanager
def _console() -> Iterator[Console]:
    """Yield a console; an error of ours becomes one line on standard error, and exit code 1."""
    try:
        yield Console(markup=False, highlight=False, emoji=False)
    except DynamicRAGError as error:
        Console(stderr=True, markup=False, highlight=False).print(
            f"error: {error}", style="red", soft_wrap=True
        )
        raise typer.Exit(1) from None


if __name__ == "__main__":
    app()
