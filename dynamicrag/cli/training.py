"""The options that all ``dynamicrag train`` commands share, and what reads them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dynamicrag.cli.result import Output
from dynamicrag.cli.specs import outcomes_in, pair_of, parts_of
from dynamicrag.errors import PolicyError

if TYPE_CHECKING:
    from dynamicrag.features.base import Embed
    from dynamicrag.lab.outcomes.table import OutcomeTable

STAGE_FEATURES = "lexical,tfidf,embedding"
PATH_FEATURES = "lexical,retrieval"
"""Features that hold for corpora that were not learnt from; topics do not."""
DEFAULT_ROUTER = "blend"

TableOption = Annotated[list[Path], typer.Option("--table", "-t", help="Outcome table; repeatable.")]
OutOption = Annotated[Path, typer.Option("--out", "-o", help="File of the trained router.")]
RouterOption = Annotated[str, typer.Option(help="Predictor: a name, or {name: {parameter: value}}.")]
StageFeaturesOption = Annotated[
    str | None, typer.Option(help=f"Families of features, with commas; {STAGE_FEATURES} by default.")
]
PathFeaturesOption = Annotated[str, typer.Option(help="Families of features, with commas.")]
StagesOption = Annotated[
    str, typer.Option(help="What the parts of options' names are: retrieval,generator of none/small.")
]
LabelsOption = Annotated[str, typer.Option(help="Names of the two options of a file of labels: NAME0,NAME1.")]
AnonymousOption = Annotated[
    bool, typer.Option("--anonymous", help="Keep no questions in the file; explain names none then.")
]
LABELS = "label 0,label 1"


def begin(
    files: list[Path], stages: str, labels: str, json: str | None, *, mended: bool = False
) -> "tuple[Output, OutcomeTable]":
    """Return the console of messages, and the tables as one; notes on them are printed.

    Args:
        files: The tables.
        stages: Value of ``--stages``.
        labels: Value of ``--labels``.
        json: Value of ``--json``; with standard output, notes are left out.
        mended: Whether paths that refine their drafts are kept.
    """
    out = Output(json)
    outcomes, notes = outcomes_in(files, parts_of(stages), pair_of(labels), mended=mended)
    for note in notes if out.in_words else ():
        out.print(f"note: {note}", style="yellow")
    return out, outcomes


def options_of(
    names: Sequence[str], quality: Sequence[float], costs: Mapping[str, Sequence[float]]
) -> dict[str, dict[str, float]]:
    """Return the mean quality and costs of every option, by name."""
    return {
        name: {"quality": own, **{cost: values[k] for cost, values in costs.items()}}
        for k, (name, own) in enumerate(zip(names, quality, strict=True))
    }


def spec(text: str, option: str = "--router") -> object:
    """Read ``name`` or ``{name: {parameter: value}}`` off the command line.

    Raises:
        PolicyError: It is no YAML.
    """
    from dynamicrag.plain_yaml import parse_yaml

    try:
        return parse_yaml(text)
    except ValueError as error:
        raise PolicyError(
            f"{option} {text[:80]}: not a name, nor {{name: {{parameter: value}}}}: {error}"
        ) from None


def embedder(families: list[str]) -> "Embed | None":
    """Return the embedding model, if a family needs one."""
    from dynamicrag.features.base import FEATURES

    if not any(name in FEATURES and FEATURES[name].embeds for name in families):
        return None
    from dynamicrag.policy.build_embedders import default_embedder

    return default_embedder()


def file_size(count: float) -> str:
    """Return bytes as kB or MB."""
    return f"{count / 1e6:,.1f} MB" if count >= 1e6 else f"{count / 1e3:,.0f} kB"
