"""The start of a learner, before the first reward: nothing, a prior, or a recorded table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.special import expit

from dynamicrag.errors import InputError
from dynamicrag.features.base import Embed
from dynamicrag.lab.outcomes.file import read_table
from dynamicrag.lab.simulate.names import behind
from dynamicrag.predictors.checks import Floats
from dynamicrag.priors import knowledge
from dynamicrag.priors.generation import STRATEGIES
from dynamicrag.routers.online import NOTHING_KNOWN

NONE, PRIOR = "none", "prior"


@dataclass(frozen=True, slots=True)
class Start:
    """A start.

    Attributes:
        base: Estimated quality, (n, k); learners learn the difference of the reward from it.
        recorded: Texts and qualities, (m,) and (m, k), to fit learners on; ``None`` without a table.
        notes: Notes for the reader.
    """

    base: Floats
    recorded: tuple[Sequence[str], Floats] | None = None
    notes: tuple[str, ...] = ()


def start(
    source: str,
    table: str,
    options: Sequence[str],
    texts: Sequence[str],
    embed: Embed | None,
    *,
    embedder: str,
    abilities: Mapping[str, float],
) -> Start:
    """Return a start.

    Args:
        source: ``none``, ``prior`` for the shipped prior, the folder of a prior, or the file of a table.
        table: Name of the replayed table.
        options: Names of its options.
        texts: Its questions, n.
        embed: The embedding model; ``None`` if there is none.
        embedder: Its name.
        abilities: Accuracy on MMLU by option or model, where the user gives it.

    Raises:
        InputError: The source is none of these, or it does not fit the options.
        PolicyError: The prior is damaged.
    """
    nothing = np.zeros((len(texts), len(options)))
    if source == NONE:
        return Start(nothing + NOTHING_KNOWN)
    path = Path(source)
    if source != PRIOR and path.is_file():
        return _recorded(path, options, nothing)
    if source != PRIOR and not (path / knowledge.FILE).is_file():
        raise InputError(
            f"--start {source}: expected none, prior, the folder of a prior ({knowledge.FILE}), or an "
            "outcome table"
        )
    known = knowledge.shipped() if source == PRIOR else knowledge.Knowledge.load(path / knowledge.FILE)
    return _prior(known, options, texts, embed, embedder, abilities, _learnt_from(source, table))


def _prior(
    known: knowledge.Knowledge,
    options: Sequence[str],
    texts: Sequence[str],
    embed: Embed | None,
    embedder: str,
    abilities: Mapping[str, float],
    notes: Sequence[str],
) -> Start:
    generation = known.generation(embedder if embed is not None else "")
    vectors = [None] * len(texts) if not generation.features.embedder or embed is None else embed(texts)
    parts = behind(options, abilities)
    theta = [part.theta for part in parts]
    rows = [STRATEGIES.index(part.strategy) for part in parts]
    columns = np.arange(len(options))
    base = [
        generation.logits(generation.question(text, vector), theta).logit[rows, columns]
        for text, vector in zip(texts, vectors, strict=True)
    ]
    lacking = [option for option, part in zip(options, parts, strict=True) if not part.known]
    if lacking:
        mend = "give it with --ability NAME=ACCURACY"
        notes = [*notes, f"ability unknown, counted as average: {', '.join(lacking)}; {mend}"]
    return Start(expit(np.array(base)), notes=tuple(notes))


def _learnt_from(source: str, table: str) -> list[str]:
    """Return a note if the shipped prior was learnt from the table."""
    from dynamicrag.lab.priors.sources import STRATEGY_BY_MODEL, STRATEGY_BY_QUESTION

    if source == PRIOR and table in {STRATEGY_BY_MODEL.file, STRATEGY_BY_QUESTION.file}:
        return [
            f"the shipped prior was learnt from the questions of {table}, so the start is too good; learn "
            "one without them: python -m dynamicrag.lab.priors --without"
        ]
    return []


def _recorded(path: Path, options: Sequence[str], nothing: Floats) -> Start:
    recorded = read_table(path)
    missing = [option for option in options if option not in recorded.options]
    if missing:
        raise InputError(
            f"--start {path}: has no outcomes of {', '.join(missing)}; name fewer with --options"
        )
    recorded = recorded.only(options)
    return Start(nothing, ([row.text for row in recorded.rows], recorded.quality))
