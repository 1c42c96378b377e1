"""The entry of a finished query in the decision log, and decisions read back from it."""

import time
from collections.abc import Sequence

import numpy as np

from dynamicrag.policy.assembly import Pipeline
from dynamicrag.records import Decision
from dynamicrag.stages.base import Run
from dynamicrag.store.logged import LoggedDecision, LoggedQuery
from dynamicrag.turn import TurnState


def entry_of(turn: TurnState, decisions: Sequence[Decision], run: Run, pipeline: Pipeline) -> LoggedQuery:
    """Return the log entry of a finished turn.

    It has the embedding of the question if a stage has computed it, and the text if the policy stores texts.
    """
    policy, embedder = pipeline.policy, pipeline.embedder
    vector = embedder.recent(turn["text"])
    return LoggedQuery(
        id=turn["id"],
        at=time.time(),
        policy=policy.name,
        path=turn["path"],
        decisions=[_logged(each) for each in decisions],
        thread=run.thread,
        tags=run.call.tags,
        weights={**policy.objective.weights, **run.call.weights},
        signals=turn["signals"],
        embedder="" if vector is None else embedder.name,
        vector=np.empty(0, np.float16) if vector is None else vector.astype(np.float16),
        text=turn["text"] if policy.runs.text else "",
    )


def decisions_of(query: LoggedQuery, policy: str) -> list[Decision]:
    """Return the decisions of a logged query, without what the log lacks: reasons and the cost of choosing.

    The name of the policy is ``""`` for the object's first one.
    """
    return [_decision(each, query, policy) for each in query.decisions]


def _logged(decision: Decision) -> LoggedDecision:
    quality = tuple(decision["quality"])
    return LoggedDecision(
        stage=decision["stage"],
        seq=decision["seq"],
        router=decision["router"],
        state=decision.get("state", 0),
        options=tuple(decision["options"]),
        allowed=tuple(decision["allowed"]),
        chosen=decision["chosen"],
        chances=tuple(decision.get("chances") or _chances(decision)),
        expected=tuple(decision["expected"]),
        quality=quality,
        base=tuple(decision["base"]) if "base" in decision else quality,
        features=decision["features"],
    )


def _chances(decision: Decision) -> list[float]:
    """Return the chances of a decision that has only the propensity of the chosen option.

    The other open options share the rest: nothing else is known of them.
    """
    chosen = decision["options"].index(decision["chosen"])
    others = [each for each, is_open in enumerate(decision["allowed"]) if is_open and each != chosen]
    own = decision["propensity"] if others else 1.0
    chances = [0.0] * len(decision["options"])
    chances[chosen] = own
    for each in others:
        chances[each] = (1 - own) / len(others)
    return chances


def _decision(logged: LoggedDecision, query: LoggedQuery, policy: str) -> Decision:
    decision = Decision(
        id=f"{query.id}-{logged.seq}",
        turn=query.id,
        seq=logged.seq,
        stage=logged.stage,
        options=list(logged.options),
        allowed=list(logged.allowed),
        expected=[dict(each) for each in logged.expected],
        quality=list(logged.quality),
        chosen=logged.chosen,
        propensity=logged.propensity,
        chances=list(logged.chances),
        base=list(logged.base),
        state=logged.state,
        router=logged.router,
        reason="",
        binding=None,
        features=dict(logged.features),
        cost={"seconds": 0.0},
    )
    if policy:
        decision["policy"] = policy
    return decision
