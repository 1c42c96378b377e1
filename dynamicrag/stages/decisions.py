"""The record of a choice, and its application to a turn."""

from collections.abc import Mapping

from dynamicrag.cost.amounts import amount
from dynamicrag.features.lexical import lexical
from dynamicrag.records import Decision
from dynamicrag.routers.base import Choice, StageContext
from dynamicrag.stages.base import StageBase
from dynamicrag.turn import TurnState
from dynamicrag.types import Option

MATTERS = 0.1
"""Share of the expected joules from which a cold prompt cache is worth a word."""


def record(
    context: StageContext,
    choice: Choice,
    turn: TurnState,
    router: str,
    binding: str | None = None,
    seconds: float = 0.0,
    plan: Mapping[str, str] | None = None,
) -> Decision:
    """Return the record of a choice; ``plan`` is the plan for the stages ahead, if it was made again."""
    seq = turn.get("seq", 0)
    quality = choice.quality
    decision = Decision(
        id=f"{turn['id']}-{seq}",
        turn=turn["id"],
        attempt=turn.get("attempt", 1),
        seq=seq,
        stage=context.stage,
        options=[option.name for option in context.options],
        allowed=list(context.allowed),
        expected=[cost.amounts() for cost in choice.expected or context.expected],
        quality=[None if q is None else float(q) for q in quality or [None] * len(context.options)],
        chosen=context.options[choice.index].name,
        propensity=choice.propensity,
        router=router,
        reason=choice.reason,
        binding=binding,
        features=dict(context.features),
        cost={"seconds": seconds},
    )
    _estimated(decision, choice)
    if plan:
        decision["plan"] = dict(plan)
    if choice.path is not None:
        decision["path"] = dict(choice.path)
    if more := _colder(context, choice):
        decision["colder"] = more
        decision["reason"] += f"; its prompt cache is cold: {amount('joules', more)} more"
    if context.call.weights:
        decision["weights"] = dict(context.call.weights)
    if choice.outside:
        decision["outside"] = True
    return _of_turn(decision, turn)


def _colder(context: StageContext, choice: Choice) -> float:
    """Return the joules that a cold prompt cache of the chosen model adds; 0 if it matters little."""
    more = context.colder[choice.index] if context.colder else 0.0
    return more if more > MATTERS * context.expected[choice.index]["joules"] else 0.0


def _of_turn(decision: Decision, turn: TurnState) -> Decision:
    """Add the facts that a decision takes over from its turn."""
    if turn.get("policy"):
        decision["policy"] = turn["policy"]
    if turn.get("resumes") == decision["stage"]:
        decision["asked"] = turn["asked"][-1]
    return decision


def _estimated(decision: Decision, choice: Choice) -> None:
    """Add to a record what the router knows besides its estimates."""
    if choice.spread is not None:
        decision["spread"] = list(choice.spread)
    if choice.chances is not None:
        decision["chances"] = list(choice.chances)
    if choice.base is not None:
        decision["base"] = list(choice.base)
    if choice.state is not None:
        decision["state"] = choice.state


def rounded(features: Mapping[str, float]) -> dict[str, float]:
    """Return features rounded to six places, as stored in decisions."""
    return {name: round(value, 6) for name, value in features.items()}


def decided(turn: TurnState, decision: Decision) -> TurnState:
    """Return the turn with the decision of a stage in force."""
    words = lexical(turn["text"])
    known = {key: value for key, value in decision["features"].items() if key not in words}
    planned = {"plan": decision["plan"]} if "plan" in decision else {}
    return {**_in_force(turn, decision), **planned, "known": known}  # type: ignore[typeddict-item]


def moved(turn: TurnState, decision: Decision) -> TurnState:
    """Return the turn with a move of verification in force; a dropped draft takes its signals with it."""
    outside = turn.get("outside", False) or decision.get("outside", False)
    after: TurnState = {**_in_force(turn, decision), "wanted": decision.get("path"), "outside": outside}
    return {**after, "bounded": decision["bounded"]} if "bounded" in decision else after


def _in_force(turn: TurnState, decision: Decision) -> TurnState:
    stage = decision["stage"]
    path = {**turn.get("path", {}), stage: decision["chosen"]}
    redo = None if turn.get("redo") == stage else turn.get("redo")
    after: TurnState = {**turn, "seq": decision["seq"] + 1, "path": path, "redo": redo}
    if turn.get("resumes") == stage:
        after["resumes"] = ""
    return after


def stepped_up(turn: TurnState, stage: str) -> TurnState:
    """Return the turn whose last step up names the option chosen at a stage."""
    *before, last = turn["escalations"]
    return {**turn, "escalations": [*before, {**last, "option": turn["path"][stage]}]}


def option_of(stage: StageBase, turn: TurnState) -> Option:
    """Return the option in force at ``stage``."""
    return stage.options[stage.index(turn["path"][stage.name])]
