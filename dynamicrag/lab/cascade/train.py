"""From an outcome table with signals to a router of verification that can be used online."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.errors import InputError
from dynamicrag.escalation.base import ABSTAIN, POLICIES
from dynamicrag.escalation.replay import Played, play
from dynamicrag.escalation.training_data import TrainingData
from dynamicrag.features.base import Embed
from dynamicrag.lab.cascade.learn import Prior, learn
from dynamicrag.lab.cascade.price import choose, lambdas
from dynamicrag.lab.cascade.recorded import from_tables
from dynamicrag.lab.outcomes.split import near_duplicates
from dynamicrag.lab.outcomes.table import OutcomeTable
from dynamicrag.lab.outcomes.whole_paths import LEAST_ROWS
from dynamicrag.lab.training import train_joint
from dynamicrag.routers.judgement import OF_TEXT, Judgement


@dataclass(frozen=True, slots=True)
class Taught:
    """A trained escalation, and what it comes to on what it was taught.

    Attributes:
        judgement: The router's state.
        figures: ``replayed`` and ``best_single``, each ``{quality, cost}``, and of the first ``escalated``,
            ``abstained``. Priors and scores are out of fold; policy and λ are not.
        notes: What a reader must know.
    """

    judgement: Judgement
    figures: dict[str, Any]
    notes: Sequence[str]


def train_escalation(
    table: OutcomeTable,
    *,
    policy: object,
    router: object,
    features: Sequence[object],
    embed: Embed | None = None,
    keep_questions: bool = True,
) -> Taught:
    """Train what decides on drafts.

    Args:
        table: What whole paths gave, with the signals of their drafts.
        policy: Spec of the escalation policy.
        router: Spec of the predictor that says what to expect before any draft.
        features: Specs of its families of features.
        embed: The embedding model.
        keep_questions: Whether to keep the beginning of every question, to explain decisions with.

    Raises:
        InputError: The table is too small, not of several whole paths, or has no signals or costs.
        PolicyError: Unknown policy, predictor, features or parameters.
    """
    built = POLICIES.build(policy, "--escalation")
    prior = train_joint(table, router=router, features=features, embed=embed, keep_questions=keep_questions)
    (trials,) = from_tables([table])
    if trials.unit not in DIMENSIONS:
        raise InputError(
            f"{table.name}: its cost is in {trials.unit}, and a running query's is reckoned in "
            f"{', '.join(DIMENSIONS)}; record a table with one of these"
        )
    if len(trials) < LEAST_ROWS:
        raise InputError(
            f"{table.name}: {len(trials)} questions with every path; at least {LEAST_ROWS} are needed to "
            "learn from"
        )
    learnt = learn(
        trials, np.arange(len(trials)), near_duplicates(trials.texts), Prior(router, features, embed, seed=0)
    )
    built.fit(learnt.own)
    grid = lambdas(trials.cost)
    lam = float(grid[choose(built, learnt.model, learnt.own, grid)])
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
    played = play(built, learnt.model, learnt.own, lam)
    return Taught(judgement, _figures(played, learnt.own), trials.notes)


def _figures(played: Played, own: TrainingData) -> dict[str, Any]:
    quality, cost = own.quality.mean(axis=0), own.cost.mean(axis=0)
    best = int(quality.argmax())
    return {
        "replayed": {
            "quality": float(played.quality.mean()),
            "cost": float(played.cost.mean()),
            "escalated": float((played.tried.sum(axis=1) > 1).mean()),
            "abstained": float((played.accepted == ABSTAIN).mean()),
        },
        "best_single": {
            "quality": float(quality[best]),
            "cost": float(cost[best]),
        },
    }
