"""Checks user-defined stages: their errors name them, their results are validated and in plain types."""

from collections.abc import Mapping
from operator import index as as_index
from typing import TYPE_CHECKING, Any

from dynamicrag.borders import answered, called, is_ours, method_of, number, plain
from dynamicrag.cost.expect import Plan
from dynamicrag.errors import ObjectError
from dynamicrag.plain_values import shown
from dynamicrag.retrieval.checked import passages_of
from dynamicrag.turn import Draft, TurnState
from dynamicrag.types import Option

if TYPE_CHECKING:
    from dynamicrag.stages.base import Run, StageBase

__all__ = ["acted", "applied", "depth_of", "evidence_of"]

CHANGED = ("queries", "candidates", "passages", "draft", "text", "system", "history", "action")
"""Keys of a turn that stages may change; the other keys are bookkeeping of the turn."""
_OURS = frozenset(TurnState.__annotations__) - set(CHANGED)


async def acted(stage: "StageBase", option: Option, turn: TurnState, run: "Run") -> TurnState:
    """Execute an option of a stage and return the changes of the turn.

    Raises:
        DynamicRAGError: The execution failed.
        ObjectError: A user-defined stage failed, or returned an invalid change.
    """
    if is_ours(stage):
        return await stage.act(option, turn, run)
    what = method_of(f"stages.{stage.name}", stage, "act()")
    found: Any = await answered(lambda: stage.act(option, turn, run), what)
    if not isinstance(found, Mapping):
        raise ObjectError(f"{what} returned {shown(found)}; valid: the changes of the turn, {{}} for none")
    for key in found:
        if not isinstance(key, str) or key in _OURS:
            raise ObjectError(
                f"{what} returned the key {shown(key)}, which a stage cannot set; valid: "
                f"{', '.join(CHANGED)}, or keys of your own"
            )
    try:
        changes: TurnState = {key: _value(key, value) for key, value in found.items()}  # type: ignore[assignment]
    except TypeError as error:
        raise ObjectError(f"{what} returned {error}") from None
    return changes


async def evidence_of(stage: "StageBase", turn: TurnState) -> Mapping[str, float]:
    """Return the signals known after a stage has acted.

    Raises:
        ObjectError: A user-defined stage failed, or did not return numbers by name.
    """
    if is_ours(stage):
        return await stage.evidence(turn)
    what = method_of(f"stages.{stage.name}", stage, "evidence()")
    found = await answered(lambda: stage.evidence(turn), what)
    try:
        if not isinstance(found, Mapping) or not all(isinstance(name, str) for name in found):
            raise TypeError(shown(found))
        return {name: number(value) for name, value in found.items()}
    except TypeError as error:
        raise ObjectError(f"{what} returned {error}; valid: finite numbers by name, {{}} for none") from None


def applied(stage: "StageBase", option: Option, plan: Plan) -> Plan:
    """Return a plan as changed by an option of a stage.

    Raises:
        ObjectError: A user-defined stage failed, or did not return a plan.
    """
    if is_ours(stage):
        return stage.apply(option, plan)
    what = method_of(f"stages.{stage.name}", stage, "apply()")
    found = called(lambda: stage.apply(option, plan), what)
    if not isinstance(found, Plan):
        raise ObjectError(f"{what} returned {shown(found)}; valid: the plan, or plan._replace(…)")
    return found


def depth_of(stage: "StageBase") -> int:
    """Return the number of passages that a stage needs from the retriever.

    Raises:
        ObjectError: A user-defined stage failed, or did not return a number.
    """
    if is_ours(stage):
        return stage.depth()
    what = method_of(f"stages.{stage.name}", stage, "depth()")
    found: Any = called(stage.depth, what)
    try:
        return max(0, as_index(found))
    except TypeError:
        raise ObjectError(f"{what} returned {shown(found)}; valid: a whole number of passages") from None


def _value(key: str, value: Any) -> Any:
    """Return the new value of a key in plain types."""
    if key in ("candidates", "passages"):
        return passages_of(value, key)
    try:
        made = plain(value)
    except TypeError as error:
        raise TypeError(f"{key}, in which {error}") from None
    valid = _fault(key, made)
    if valid:
        raise TypeError(f"{key}={shown(value)}; valid: {valid}")
    return made


def _fault(key: str, made: Any) -> str:
    """Return the description of valid values for a key with an invalid one."""
    if key in ("text", "system") and not isinstance(made, str):
        return "a text"
    if key == "queries" and not (isinstance(made, list) and all(isinstance(each, str) for each in made)):
        return "a list of texts to search for; [] for the question itself"
    if key == "history" and not (isinstance(made, list) and all(map(_said, made))):
        return "a list of [role, text]"
    if key == "action" and made not in (None, "abstain"):
        return "'abstain', to end the turn without an answer"
    if key == "draft" and not (
        made is None or (isinstance(made, dict) and Draft.__required_keys__ <= set(made))
    ):
        return f"a draft with {', '.join(sorted(Draft.__required_keys__))}"
    return ""


def _said(pair: Any) -> bool:
    return isinstance(pair, list) and len(pair) == 2 and all(isinstance(part, str) for part in pair)
