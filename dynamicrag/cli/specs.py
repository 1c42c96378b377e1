"""The arguments of ``eval`` and ``train``: specs, numbers, families of features, tables."""

from collections.abc import Iterable, Sequence
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dynamicrag.errors import InputError, unknown
from dynamicrag.registry import parse_spec

if TYPE_CHECKING:
    from dynamicrag.cli.progress import Report
    from dynamicrag.lab.outcomes.table import OutcomeTable

FAMILIES = ("lexical", "tfidf", "embedding")
"""Features of routers by default."""
EMBEDDER = "all-minilm-l6-v2"


def parts_of(text: str | None) -> list[str]:
    """Return the parts of a text with commas between them."""
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def pair_of(labels: str) -> list[str]:
    """Return the names of label 0 and label 1.

    Raises:
        InputError: There are not two different names.
    """
    names = parts_of(labels)
    if len(names) != 2 or names[0] == names[1]:
        raise InputError(f"--labels {labels}: expected two different names joined by a comma")
    return names


def number_of(text: str, where: str) -> float:
    """Return a number of 0 or more.

    Raises:
        InputError: The text is no such number.
    """
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not isfinite(value) or value < 0:
        raise InputError(f"{where}: expected a number of 0 or more, got {text!r}")
    return value


def texts(values: Iterable[str] | None, flag: str, form: str) -> dict[str, str]:
    """Return the texts by name of an option that is given as ``NAME=TEXT``.

    Args:
        values: Its values.
        flag: The option.
        form: The form of a value, for messages.

    Raises:
        InputError: A value has another form.
    """
    found = {}
    for given in values or ():
        name, _, text = (part.strip() for part in given.rpartition("="))
        if not name or not text:
            raise InputError(f"{flag} {given[:80]}: expected {form}")
        found[name] = text
    return found


def numbers(values: Iterable[str] | None, flag: str, form: str) -> dict[str, float]:
    """Return numbers of 0 or more by name; see :func:`texts`."""
    given = texts(values, flag, form)
    return {name: number_of(text, f"{flag} {name[:80]}") for name, text in given.items()}


def costs_of(values: Iterable[str] | None) -> dict[str, float]:
    """Return the costs by option of ``--option-cost``."""
    return numbers(values, "--option-cost", "OPTION=NUMBER, such as iterative=3.4")


def read_specs(values: Sequence[str], where: str) -> list[object]:
    """Return the specs in values that are names with commas between them, or YAML."""
    from dynamicrag.plain_yaml import parse_yaml

    found: list[object] = []
    for value in values:
        if not value.lstrip().startswith(("{", "[")):
            found += parts_of(value)
            continue
        try:
            spec = parse_yaml(value)
        except ValueError as error:
            wrong = f"{where} {value[:80]}: is no YAML ({error})"
            raise InputError(f"{wrong}; write it as in '{{knn: {{k: 20}}}}'") from None
        found += spec if isinstance(spec, list) else [spec]
    return found


def choose_families(
    values: Sequence[str] | None, learn: "OutcomeTable", judge: "OutcomeTable | None"
) -> tuple[list[object], list[str]]:
    """Return the specs of families that the tables can give, and notes for the user."""
    from dynamicrag.features.base import FEATURES
    from dynamicrag.llm.pull import path_of

    if not values:
        if path_of(EMBEDDER) is not None:
            return list(FAMILIES), []
        without = [name for name in FAMILIES if not FEATURES[name].embeds]
        mend = f"dynamicrag models pull {EMBEDDER}"
        return list(without), [f"no embeddings: their model is not on this machine; mend with: {mend}"]
    specs = read_specs(values, "--features")
    for spec in specs:
        name, _ = parse_spec(spec, "--features")
        if name not in FEATURES:
            raise InputError(unknown("--features", "features", name, FEATURES))
        if name == "response":
            raise InputError(
                "--features response: signals of an answer are known only after an option has run, and a "
                "router chooses before; leave it out"
            )
        for table in filter(None, (learn, judge)):
            if name == "retrieval" and not any(query.signals for query in table.seen()):
                raise InputError(f"--features retrieval: {table.name} has no retrieval signals; leave it out")
    return specs, []


def embedding(families: Sequence[object], progress: "Report") -> Any:
    """Return the function that embeds texts and reports progress, or ``None`` if no family needs it."""
    from dynamicrag.features.base import FEATURES
    from dynamicrag.lab.routing.embeddings import KeptEmbeddings
    from dynamicrag.llm.pull import cache_dir, pulled
    from dynamicrag.retrieval.local_embedder import LocalEmbedder

    if not any(FEATURES[parse_spec(spec, "--features")[0]].embeds for spec in families):
        return None
    model = LocalEmbedder(lambda: pulled(EMBEDDER))
    path = cache_dir() / "embeddings" / f"{EMBEDDER}.npz"
    return KeptEmbeddings(model.embed, path, in_bulk=model.embed_in_bulk, progress=progress)


def outcomes_in(
    files: list[Path], stages: list[str], labels: list[str], *, mended: bool
) -> "tuple[OutcomeTable, list[str]]":
    """Return tables to learn from as one, and notes for the user.

    Args:
        files: The tables.
        stages: The stages of the parts of an option's name, for tables without paths.
        labels: Names of the two options of a file of labels.
        mended: Whether to keep paths that refine their drafts.

    Raises:
        InputError: A table cannot be read, or joined with the others.
    """
    from dynamicrag.lab.outcomes.caveats import usable
    from dynamicrag.lab.outcomes.file import read_table
    from dynamicrag.lab.outcomes.whole_paths import read_tables, unmended

    alone = len(files) == 1 and not stages
    table, notes = usable(read_table(files[0], labels) if alone else read_tables(files, stages, labels))
    if mended:
        return table, notes
    table, left_out = unmended(table)
    return table, notes + left_out
