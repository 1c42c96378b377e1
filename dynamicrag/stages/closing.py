"""Which options a call leaves open: those that it names, and what a step up may lead to."""

from collections.abc import Mapping

from dynamicrag.call_options import CallOptions
from dynamicrag.routers.paths import parting
from dynamicrag.stages.base import StageBase
from dynamicrag.stages.verification import REFINE, VerificationStage, steps_up
from dynamicrag.types import Option, TurnState


def open_options(
    stage: StageBase, turn: TurnState, call: CallOptions, stages: Mapping[str, StageBase]
) -> list[bool]:
    """Return which options of a stage are open by the turn and by the call, limits of cost aside."""
    allowed = zip(stage.allowed(turn), stage.options, strict=True)
    return [is_open and _leads_on(stage, option, turn, call, stages) for is_open, option in allowed]


def leads_through(way: Mapping[str, str], call: CallOptions) -> bool:
    """Return whether a call leaves all options of a path open."""
    return all(call.opens(stage, option) for stage, option in way.items())


def _leads_on(
    stage: StageBase, option: Option, turn: TurnState, call: CallOptions, stages: Mapping[str, StageBase]
) -> bool:
    """Return whether an option is open, and if it is a step up, what it leads to."""
    if not call.opens(stage.name, option.name):
        return False
    if not (call.options or call.closed) or not isinstance(stage, VerificationStage) or not steps_up(option):
        return True
    path = turn.get("path", {})
    if option.name == REFINE:
        editor = stage.editor(option, turn)
        return editor is None or call.opens("generator", editor)
    if stage.router.paths:
        ways = [way for way in stage.ways(turn) if leads_through(way, call)]
        return any(option.name.endswith(f":{parting(path, way)}") for way in ways)
    target = stage.target(option, path)
    if target is None:
        return False
    redone = stages[target[0]]
    stronger = redone.options[redone.index(target[1]) :]
    return any(call.opens(redone.name, other.name) for other in stronger)
