"""``python -m dynamicrag.lab.priors``: learn the shipped prior, or judge it out of fold."""

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dynamicrag.errors import DynamicRAGError

if TYPE_CHECKING:
    from rich.console import Console

    from dynamicrag.lab.priors.food import Places
    from dynamicrag.lab.priors.tables import Tables
    from dynamicrag.retrieval.embedder import Embedder

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
    if without is not None:
        table = without
        _guarded(lambda console: _learn_without(console, data, out, table))
    else:
        _guarded(lambda console: _learn(console, data, out, recordings or [], date))


@app.command()
def judge(
    data: DataOption = None,
    seeds: Annotated[int, typer.Option(min=1, help="Number of seeds, each with other folds.")] = 3,
    json: Annotated[Path | None, typer.Option(help="Write the figures here.")] = None,
) -> None:
    """Judge the prior out of fold at three budgets, with models unseen, and on strategies alone."""
    _guarded(lambda console: _judge(console, data, seeds, json))


@app.command()
def ablate(
    data: DataOption = None,
    recordings: RecordingsOption = None,
    seeds: Annotated[int, typer.Option(min=1, help="Number of seeds, each with other folds.")] = 2,
    json: Annotated[Path | None, typer.Option(help="Write the figures here.")] = None,
) -> None:
    """Measure what the question, the corpus and the evidence after retrieval each add."""
    _guarded(lambda console: _ablate(console, data, recordings or [], seeds, json))


@app.command()
def stages(
    data: DataOption = None,
    json: Annotated[Path | None, typer.Option(help="Write the figures here.")] = None,
) -> None:
    """Judge the shipped prior at retrieval, context and retriever, without a language model."""
    _guarded(lambda console: _stages(console, data, json))


def _learn(
    console: "Console", data: Path | None, out: Path | None, recordings: list[Path], date: str
) -> None:
    from dynamicrag.errors import InputError
    from dynamicrag.lab.priors.card import card
    from dynamicrag.lab.priors.learn import learn as learn_all
    from dynamicrag.priors import directions, knowledge, stages

    if out is None:
        raise InputError("--out: the folder to write to is missing")
    day = date or datetime.datetime.now(datetime.UTC).date().isoformat()
    tables, model = _tables(console, data)
    made = learn_all(tables, _places(data, recordings), model)
    out.mkdir(parents=True, exist_ok=True)
    path = made.knowledge.save(out / knowledge.FILE)
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise InputError(f"{path}: {size:,} bytes; the shipped prior may have {MOST_BYTES:,}")
    made.stages.save(out / stages.FILE)
    made.directions.save(out / directions.FILE)
    (out / CARD).write_text(card(day, size, made.recordings), encoding="utf-8")
    console.print(f"{path}: {size:,} bytes; {out / stages.FILE}; {out / CARD}")


def _learn_without(console: "Console", data: Path | None, out: Path | None, table: Path) -> None:
    """Learn generator and retrieval without the questions of a table."""
    from dynamicrag.errors import InputError
    from dynamicrag.lab.outcomes.file import read_table
    from dynamicrag.lab.priors.learn import learn_knowledge
    from dynamicrag.priors import knowledge

    if out is None:
        raise InputError("--out: the folder to write to is missing")
    left_out = {row.text for row in read_table(table).rows}
    tables, _ = _tables(console, data)
    made = learn_knowledge(tables, left_out)
    out.mkdir(parents=True, exist_ok=True)
    console.print(f"{made.save(out / knowledge.FILE)}: without the questions of {table.name}")


def _judge(console: "Console", data: Path | None, seeds: int, json: Path | None) -> None:
    from dynamicrag.lab.json_lines import as_json
    from dynamicrag.lab.priors.judged import judged, page
    from dynamicrag.lab.view.terminal import print_page

    tables, _ = _tables(console, data)
    made = judged(tables, range(seeds))
    print_page(console, page(made))
    if json is not None:
        json.write_text(as_json(made.as_record(), indent=2) + "\n", encoding="utf-8")


def _ablate(
    console: "Console", data: Path | None, recordings: list[Path], seeds: int, json: Path | None
) -> None:
    from dynamicrag.lab.json_lines import as_json
    from dynamicrag.lab.priors.ablation import ablated, page
    from dynamicrag.lab.priors.food import read_food
    from dynamicrag.lab.view.terminal import print_page

    tables, model = _tables(console, data)
    made = ablated(read_food(_places(data, recordings), tables, model), tables, range(seeds))
    print_page(console, page(made))
    if json is not None:
        json.write_text(as_json(made.as_record(), indent=2) + "\n", encoding="utf-8")


def _stages(console: "Console", data: Path | None, json: Path | None) -> None:
    from dynamicrag.lab.json_lines import as_json
    from dynamicrag.lab.priors.stages_judged import page, stages_judged
    from dynamicrag.lab.view.terminal import print_page
    from dynamicrag.llm.pull import pulled
    from dynamicrag.retrieval.local_embedder import DEFAULT, LocalEmbedder

    model = LocalEmbedder(lambda: pulled(DEFAULT))
    made = stages_judged(_places(data, []), model, lambda step: console.print(f"{step} …"))
    print_page(console, page(made))
    if json is not None:
        json.write_text(as_json(made.as_record(), indent=2) + "\n", encoding="utf-8")


def _places(data: Path | None, recordings: list[Path]) -> "Places":
    from dynamicrag.lab.priors.food import PROJECT, Places
    from dynamicrag.llm.pull import cache_dir

    return Places(_within(data, "qa"), PROJECT, recordings, cache_dir() / "corpora")


def _tables(console: "Console", data: Path | None) -> "tuple[Tables, Embedder]":
    from dynamicrag.lab.priors.tables import Tables
    from dynamicrag.lab.routing.embeddings import KeptEmbeddings
    from dynamicrag.llm.pull import cache_dir, pulled
    from dynamicrag.retrieval.local_embedder import DEFAULT, LocalEmbedder

    folder = _within(data, "outcomes")
    model = LocalEmbedder(lambda: pulled(DEFAULT))
    kept = KeptEmbeddings(model.embed, cache_dir() / "embeddings" / f"{DEFAULT}.npz", model.embed_in_bulk)
    return Tables(folder, kept, DEFAULT, lambda step: console.print(f"{step} …")), model


def _within(data: Path | None, name: str) -> Path:
    """Return a folder within the folder of all public data, or the folder itself if it has no such."""
    from dynamicrag.errors import InputError

    if data is None or not data.is_dir():
        raise InputError(f"--data: {data or 'missing'}; expected the folder of the public outcome tables")
    return data / name if (data / name).is_dir() else data


def _guarded(command: "Callable[[Console], None]") -> None:
    """Run a command; an error of ours is one line on standard error, and exit code 1."""
    from rich.console import Console

    try:
        command(Console(markup=False, highlight=False, emoji=False))
    except DynamicRAGError as error:
        Console(stderr=True, markup=False, highlight=False).print(
            f"error: {error}", style="red", soft_wrap=True
        )
        raise typer.Exit(1) from None


if __name__ == "__main__":
    app()
