"""Moves from the current path to another whole path, and records the paths tried before."""

from collections.abc import Iterator

from dynamicrag.topology import TOPOLOGY
from dynamicrag.turn import Attempt, TurnState
from dynamicrag.types import StagePath


def wanted_option(turn: TurnState, stage: str) -> str | None:
    """Return a stage's option on the path named by verification, if any."""
    return (turn.get("wanted") or {}).get(stage)


def standing(path: StagePath, wanted: StagePath) -> dict[str, str]:
    """Return the part of a path that stays valid on the way to another, including stages it does not name."""
    skipped = TOPOLOGY.passed(wanted)
    return {s: option for s, option in path.items() if wanted.get(s, option) == option and s not in skipped}


def tried(turn: TurnState) -> Iterator[StagePath]:
    """Yield the paths tried by the turn, including those without a draft."""
    yield turn.get("path", {})
    yield from (attempt["path"] for attempt in turn.get("earlier", []))
    yield from turn.get("failed", [])


def attempt_of(turn: TurnState) -> Attempt:
    """Return the turn's draft with its basis; for verification, whether it was refined."""
    draft = turn.get("draft")
    assert draft is not None, "a draft is judged after it was written"
    path = {stage: option for stage, option in turn["path"].items() if stage != "verification"}
    return Attempt(
        draft=draft,
        path={**path, "verification": "refine"} if draft["refined"] else path,
        candidates=turn.get("candidates", []),
        passages=turn.get("passages", []),
        known=turn.get("known", {}),
        signals=turn.get("signals", {}),
        unverified=turn.get("unverified", {}),
    )


def turned_back(turn: TurnState) -> TurnState:
    """Return the turn with the last earlier draft restored, after a path without a draft."""
    *before, last = turn["earlier"]
    wanted = turn.get("wanted")
    failed = [*turn.get("failed", []), *([wanted] if wanted else [])]
    return {**turn, **last, "earlier": before, "failed": failed, "wanted": None, "redo": None}


def new_turn(query_id: str, text: str) -> TurnState:
    """Return a new turn without decisions."""
    return {
        "id": query_id,
        "text": text,
        "original": text,
        "seq": 0,
        "path": {},
        "redo": None,
        "action": None,
        "candidates": [],
        "passages": [],
        "draft": None,
        "signals": {},
        "unverified": {},
        "escalations": [],
        "wanted": None,
        "earlier": [],
        "failed": [],
    }
