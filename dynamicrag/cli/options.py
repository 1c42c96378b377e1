"""Options and limits that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

PolicyOption = Annotated[
    str, typer.Option("--policy", "-p", metavar="PRESET|FILE", help="Name of a preset, or a YAML file.")
]
CorpusOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--corpus", "-c", metavar="PATH",
        help="File or folder of documents, instead of those of the policy's first corpus. Repeatable.",
    ),
]  # fmt: skip
JsonOption = Annotated[
    str | None,
    typer.Option("--json", metavar="FILE", help="File for the result as JSON; - for standard output."),
]

MOST_SEED, MOST_SAMPLES, MOST_WORKERS = 2**32 - 1, 20_000, 256
"""The greatest seed of scikit-learn; samples that fit into memory; calls that one process can make."""
