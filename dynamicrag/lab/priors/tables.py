"""Reads the public tables as responses of models to questions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from dynamicrag.errors import InputError
from dynamicrag.features.base import Embed
from dynamicrag.lab.outcomes.file import read_table
from dynamicrag.lab.outcomes.table import OutcomeTable
from dynamicrag.lab.priors.sources import STRATEGY_BY_MODEL, SUBJECTS, Source
from dynamicrag.predictors.checks import Floats
from dynamicrag.priors.generation import STRATEGIES

Progress = Callable[[str], None]
"""Reports the step that begins."""


@dataclass(frozen=True, slots=True)
class Tables:
    """The folder of public tables.

    Attributes:
        folder: The folder.
        embed: The embedding model.
        embedder: Its name.
        progress: Reports the step that begins.
    """

    folder: Path
    embed: Embed
    embedder: str
    progress: Progress

    def read(self, source: Source) -> OutcomeTable:
        """Return a table.

        Raises:
            InputError: It is missing or cannot be read.
        """
        path = self.folder / source.file
        if not path.is_file():
            raise InputError(
                f"{path}: this table is missing; --data is the folder of the public tables, and "
                f"{source.file} is made from {source.origin} ({source.licence})"
            )
        self.progress(f"read {source.file}")
        return read_table(path)

    def vectors(self, questions: Sequence[str]) -> NDArray[np.float32]:
        """Return the unit vectors of questions, (n, e)."""
        self.progress(f"embed {len(questions):,} questions")
        return self.embed(questions)


@dataclass(frozen=True, slots=True)
class Grid:
    """A table whose options are all strategies with several models.

    Attributes:
        questions: The questions, n.
        quality: Quality, (n, s, m); NaN where unobserved.
        input_tokens: Tokens read, (n, s, m).
        output_tokens: Tokens written, (n, s, m).
        subjects: Names of the models in the table, m.
    """

    questions: Sequence[str]
    quality: Floats
    input_tokens: Floats
    output_tokens: Floats
    subjects: Sequence[str]

    def take(self, rows: Sequence[int]) -> Self:
        """Return the outcomes on some questions."""
        own = {name: getattr(self, name)[rows] for name in ("quality", "input_tokens", "output_tokens")}
        return replace(self, questions=[self.questions[row] for row in rows], **own)

    @property
    def read(self) -> Floats:
        """Mean tokens of the passages that each model reads after a single retrieval, (m,)."""
        none, single = STRATEGIES.index("none"), STRATEGIES.index("single")
        extra = self.input_tokens[:, single] - self.input_tokens[:, none]
        return np.asarray(np.nanmean(extra, axis=0))


def grid(tables: Tables) -> Grid:
    """Return the table of strategies by models.

    Raises:
        InputError: It is missing, or lacks an option or a fact.
    """
    table = tables.read(STRATEGY_BY_MODEL)
    subjects = [name for name in SUBJECTS if f"none/{name}" in table.options]
    wanted = [f"{strategy}/{name}" for strategy in STRATEGIES for name in subjects]
    missing = [option for option in wanted if option not in table.options]
    if missing or not subjects:
        raise InputError(
            f"{table.name}: expected options STRATEGY/MODEL with {', '.join(STRATEGIES)} and "
            f"{', '.join(SUBJECTS)}; missing: {', '.join(missing) or 'all'}"
        )
    table = table.only(wanted)
    shape = (len(table), len(STRATEGIES), len(subjects))
    facts = [table.fact(name).reshape(shape) for name in ("input_tokens", "output_tokens")]
    questions = [row.text for row in table.rows]
    return Grid(questions, table.quality.reshape(shape), facts[0], facts[1], subjects)
