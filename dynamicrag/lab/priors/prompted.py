"""Judges the adaptive context: the share of prompts with all needed passages, at equal mean tokens."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from dynamicrag.lab.priors.figures import mean_gain
from dynamicrag.lab.priors.searched import DEPTH, Searched
from dynamicrag.predictors.checks import Floats
from dynamicrag.records import Passage
from dynamicrag.stages.base import Run, StageBase
from dynamicrag.stages.ways import new_turn

RETRIEVERS = ("linked", "hybrid", "lexical", "dense")
Count = Callable[[str], int]
"""Function from a text to its number of tokens."""


@dataclass(frozen=True, slots=True)
class Prompted:
    """The adaptive context against a constant one, on one set by one retriever.

    Attributes:
        set: Name of the set.
        retriever: Option of the retriever.
        questions: Number of questions.
        tokens: Mean tokens of the passages in the prompt, of either context.
        adaptive: Share of prompts with all needed passages, by the adaptive context.
        constant: The same by a constant number of passages.
        chunks: The constant number; its fraction is the share of prompts that have one passage more.
        gain: The difference, with a paired 95 % interval over questions.
    """

    set: str
    retriever: str
    questions: int
    tokens: float
    adaptive: float
    constant: float
    chunks: float
    gain: Sequence[float]


def prompted(
    name: str, searched: Sequence[Searched], stage: StageBase, run: Run, count: Count
) -> list[Prompted]:
    """Return the figures of one set by every retriever.

    Args:
        name: Name of the set.
        searched: Its questions with retrievals.
        stage: The stage ``context``, whose first option is the adaptive one.
        run: Resources of the stage.
        count: Counts tokens.
    """

    async def shown(each: Searched, option: str) -> Sequence[Passage]:
        turn = new_turn(each.id, each.text)
        turn["candidates"] = list(each.passages[option])
        return (await stage.act(stage.options[0], turn, run))["passages"]

    async def all_shown(option: str) -> list[Sequence[Passage]]:
        return [await shown(each, option) for each in searched]

    def tokens(passages: Sequence[Passage]) -> list[int]:
        return [count(passage["text"]) for passage in passages]

    made = []
    for option in RETRIEVERS:
        adaptive = asyncio.run(all_shown(option))
        own = np.array([each.held(best) for each, best in zip(searched, adaptive, strict=True)], dtype=float)
        spent = float(np.mean([sum(tokens(best)) for best in adaptive]))
        first = [tokens(each.passages[option]) for each in searched]
        by_number = np.array([[sum(each[:k]) for k in range(DEPTH + 1)] for each in first]).mean(axis=0)
        chunks = float(np.interp(spent, by_number, np.arange(DEPTH + 1)))
        usual = _constant(searched, option, chunks)
        made.append(
            Prompted(
                name, option, len(own), spent, float(own.mean()), float(usual.mean()), chunks,
                mean_gain(own - usual),
            )
        )  # fmt: skip
    return made


def _constant(searched: Sequence[Searched], option: str, chunks: float) -> Floats:
    """Return the share of each question's prompts with all needed passages, (n,)."""
    low = int(chunks)
    few, more = (
        np.array([each.held(each.passages[option][:k]) for each in searched], dtype=float)
        for k in (low, low + 1)
    )
    return np.asarray(few + (chunks - low) * (more - few))
