"""The rounds of an evaluation: one per fold, or a single one with a test table."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dynamicrag.errors import InputError
from dynamicrag.lab.outcomes.split import known_before, near_duplicates, together
from dynamicrag.lab.routing.problem import Problem, Side, judgeable
from dynamicrag.predictors.crossfit import folds as folds_of

Split = Literal["random", "group"]


@dataclass(frozen=True, slots=True)
class Round:
    """The training rows and the test rows of one round.

    Attributes:
        learn: All options of the training table.
        labels: Rows that share a label are not split by the predictors' own cross-validation, (n,).
        judge: The options that are routed among.
        rows: Positions of the judged rows among all judged rows, (m,).
    """

    learn: Side
    labels: NDArray[np.intp]
    judge: Side
    rows: NDArray[np.intp]


def make_rounds(
    problem: Problem, *, count: int, split: Split, seed: int, notes: list[str]
) -> tuple[list[Round], Side]:
    """Return the rounds, and all that they judge by together.

    Args:
        problem: The tables.
        count: Number of folds; not looked at where there is a table to judge by.
        split: Whether rows or whole groups are left out.
        seed: Seed of the folds.
        notes: The list that receives notes for the reader.

    Raises:
        InputError: There is too little to be split.
    """
    labels = near_duplicates(problem.learn.texts)
    if split == "group":
        if len({group for group in problem.learn.groups if group}) < 2:
            raise InputError("--split group: the table's rows have no two groups; use --split random")
        labels = together(labels, problem.learn.groups)
    if problem.judge is not None:
        if split != "group" and _other_groups(problem.learn, problem.judge):
            labels = together(labels, problem.learn.groups)
            notes.append(
                "no group of the test was learnt from, so what a router cross-validates, it does by group"
            )
        return _once(problem, problem.judge, labels, notes)
    return _in_turns(problem, labels, count, split, seed, notes)


def _other_groups(learn: Side, judge: Side) -> bool:
    """Return whether the test data are of groups that the training data lack."""
    known, asked = ({group for group in side.groups if group} for side in (learn, judge))
    return len(known) > 1 and bool(asked) and not known & asked


def _once(
    problem: Problem, judge: Side, labels: NDArray[np.intp], notes: list[str]
) -> tuple[list[Round], Side]:
    judge = judgeable(judge, problem.options, "--test", notes)
    leaked = int(known_before(problem.learn.texts, judge.texts).sum())
    if leaked:
        notes.append(
            f"{leaked:,} of {len(judge):,} questions of the test are near-duplicates of training "
            "questions; they are judged all the same"
        )
    return [Round(problem.learn, labels, judge, np.arange(len(judge)))], judge


def _in_turns(
    problem: Problem, labels: NDArray[np.intp], count: int, split: Split, seed: int, notes: list[str]
) -> tuple[list[Round], Side]:
    learn = problem.learn
    own = learn.columns(problem.columns)
    judge = judgeable(own, problem.options, "--train", notes)
    distinct = len(np.unique(labels))
    if distinct < 2:
        raise InputError(
            f"cross-validation needs 2 different questions or more; the table has {len(learn):,}, all alike: "
            "give more, or a table to judge by with --test"
        )
    if distinct < count:
        notes.append(f"only {distinct} folds instead of {count}: there are no more questions that differ")
    if split == "random" and distinct < len(learn):
        notes.append(f"{len(learn) - distinct:,} near-duplicate questions are kept in the fold of their like")
    fold = folds_of(len(learn), count, labels, seed)
    position = np.full(len(learn), -1, dtype=np.intp)
    position[own.complete] = np.arange(len(judge))
    rounds = []
    for number in range(fold.max() + 1):
        left_out = np.flatnonzero((fold == number) & own.complete)
        kept = np.flatnonzero(fold != number)
        if len(left_out):
            rounds.append(Round(learn.take(kept), labels[kept], own.take(left_out), position[left_out]))
    return rounds, judge
