"""Replays a recorded question through a policy's stages, as the live graph would."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dynamicrag.drafts.verification import Verification
from dynamicrag.records import Decision
from dynamicrag.stages.base import Run, StageBase
from dynamicrag.stages.ways import new_turn
from dynamicrag.turn import TurnState
from dynamicrag.walk.recorded import Recorded
from dynamicrag.walk.recording import Recording
from dynamicrag.walk.walk import Walk


@dataclass(frozen=True, slots=True)
class Replayed:
    """The result of replaying a question.

    Attributes:
        drafts: Numbers of the written drafts, in order.
        accepted: Number of the accepted draft, or ``None``.
        unrecorded: Choices that lead to no recorded draft, as ``stage:option``; each was made again without
            that option.
        turn: The turn at its end.
        decisions: All decisions.
    """

    drafts: tuple[int, ...]
    accepted: int | None
    unrecorded: tuple[str, ...]
    turn: TurnState
    decisions: Sequence[Decision]


async def replay(
    stages: Mapping[str, StageBase],
    verification: Verification,
    recording: Recording,
    run: Run,
    path: Mapping[str, str] | None = None,
) -> Replayed:
    """Replay a question through a policy's stages and its loop over drafts; nothing is booked on the run.

    The options in ``path``, by stage, are decided already.
    """
    executor = Recorded(stages, verification, recording)
    walk = Walk(stages, verification, executor)
    turn, decisions = await walk.along(list(stages), asked(recording.text, path or {}), run)
    turn, more = await walk.verify(turn, run)
    draft = turn["draft"]
    accepted = None if turn["action"] == "abstain" or draft is None else int(draft["message_id"])
    return Replayed(tuple(executor.drafts), accepted, tuple(executor.unrecorded), turn, [*decisions, *more])


def asked(text: str, path: Mapping[str, str]) -> TurnState:
    """Return a new turn with some stages already decided."""
    return {**new_turn(text, text), "path": dict(path)}
