"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

PolicyOption = Annotated[str, typer.Option("--policy", "-p", help="A preset or a YAML file.")]
CorpusOption = Annotated[
    list[Path] | None, typer.Option("--corpus", "-c", help="Files or folders of documents; repeatable.")
]
JsonOption = Annotated[
    str | None, typer.Option("--json", help="Write JSON to this file; - for standard output.")
]

MOST_SEED, MOST_SAMPLES, MOST_WORKERS = 2**32 - 1, 20_000, 256
"""What scikit-learn takes for a seed; samples that fit into memory; calls that one process can make."""
