"""Training of a router of verification, for use online, from an outcome table with signals."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.errors import InputError
from dynamicrag.escalation.base import ABSTAIN, POLICIES
from dynamicrag.escalation.replay import play
from dynamicrag.lab.cascade.learn import learn
from dynamicrag.lab.cascade.recorded import from_tables
from dynamicrag.lab.cascade.replays import choose_lambda, lambdas
from dynamicrag.lab.outcomes.split import near_duplicates
from dynamicrag.lab.outcomes.table import OutcomeTable
from dynamicrag.lab.outcomes.whole_paths import LEAST_ROWS
from dynamicrag.lab.recipe import Recipe
from dynamicrag.lab.results import plain_data
from dynamicrag.lab.training import train_joint
from dynamicrag.routers.judgement import OF_TEXT, Judgement


@dataclass(frozen=True, slots=True)
class PathFigures:
    """Mean quality and cost of a single path."""

    quality: float
    cost: float


@dataclass(frozen=True, slots=True)
class ReplayFigures(PathFigures):
    """A policy replayed on its training data; priors and scores are out of fold, policy and λ are not."""

    escalated: float
    abstained: float


@dataclass(frozen=True, slots=True)
class TrainedEscalation:
    """A trained escalation.

    Attributes:
        judgement: The router's state.
        replayed: The policy on its training data.
        best_single: The best single path on the same data.
        notes: Notes for the reader.
    """

    judgement: Judgement
    replayed: ReplayFigures
    best_single: PathFigures
    notes: Sequence[str]

    @property
    def figures(self) -> dict[str, Any]:
        """The figures as plain data."""
        return {"replayed": plain_data(self.replayed), "best_single": plain_data(self.best_single)}


def train_escalation(
    table: OutcomeTable, policy: object, recipe: Recipe, *, keep_questions: bool = True
) -> TrainedEscalation:
    """Train an escalation policy with its prior and its scorer.

    Args:
        table: Outcomes of whole paths, with the signals of their drafts.
        policy: Spec of the escalation policy.
        recipe: The method that predicts quality before any draft.
        keep_questions: Whether to keep the beginning of every question, to explain decisions with.

    Raises:
        InputError: The table is too small, not of several whole paths, or has no signals or costs.
        PolicyError: Unknown policy, predictor, features or parameters.
    """
    built = POLICIES.build(policy, "--escalation")
    prior = train_joint(
        table, router=recipe.router, features=recipe.families, embed=recipe.embed,
        keep_questions=keep_questions,
    )  # fmt: skip
    (trials,) = from_tables([table])
    if trials.unit not in DIMENSIONS:
        raise InputError(
            f"{table.name}: its cost is in {trials.unit}, and the cost of a running query is in "
            f"{', '.join(DIMENSIONS)}; record a table with one of these"
        )
    if len(trials) < LEAST_ROWS:
        raise InputError(
            f"{table.name}: {len(trials)} questions with every path; at least {LEAST_ROWS} are needed to "
            "learn from"
        )
    learnt = learn(trials, np.arange(len(trials)), near_duplicates(trials.texts), recipe)
    own = learnt.own
    built.fit(own)
    grid = lambdas(trials.cost)
    lam = float(grid[choose_lambda(built, learnt.model, own, grid)])
    judgement = Judgement(
        prior=prior,
        signals=tuple(name for name in trials.names if name not in OF_TEXT),
        scorer=learnt.scorer,
        hopeless=learnt.hopeless,
        beliefs=learnt.model,
        policy=built,
        dimension=trials.unit,
        lam=lam,
    )
    played = play(built, learnt.model, own, lam)
    quality, cost = own.quality.mean(axis=0), own.cost.mean(axis=0)
    best = int(quality.argmax())
    replayed = ReplayFigures(
        quality=float(played.quality.mean()),
        cost=float(played.cost.mean()),
        escalated=float((played.tried.sum(axis=1) > 1).mean()),
        abstained=float((played.accepted == ABSTAIN).mean()),
    )
    return TrainedEscalation(judgement, replayed, PathFigures(quality[best], cost[best]), trials.notes)
