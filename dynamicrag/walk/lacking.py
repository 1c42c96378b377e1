"""A walk that stops for lack of budget, until the graph has asked for more."""

from collections.abc import Sequence
from dataclasses import replace

from dynamicrag.call_options import CallOptions
from dynamicrag.cost.vector import Cost
from dynamicrag.drafts.making import make
from dynamicrag.drafts.verification import Verification
from dynamicrag.offers import BudgetAnswer
from dynamicrag.records import Decision
from dynamicrag.routers.base import Choice, StageContext
from dynamicrag.stages.base import Run, query_of
from dynamicrag.stages.closed import continues
from dynamicrag.stages.decisions import moved, record
from dynamicrag.stages.requests import in_words, request_of
from dynamicrag.stages.shortage import Shortage
from dynamicrag.stages.ways import turned_back
from dynamicrag.turn import Lack, TurnState

BY = "budget"
"""Router name of the decision after more budget was refused, so that no router learns from it."""


class Lacking(Exception):
    """Nothing fits the query's limits at a stage, and more budget would help.

    Attributes:
        turn: The turn before the stage's decision.
        decisions: The decisions made at the stage.
        shortage: The lack.
    """

    def __init__(self, turn: TurnState, decisions: Sequence[Decision], shortage: Shortage) -> None:
        super().__init__(shortage.stage)
        self.turn = turn
        self.decisions = list(decisions)
        self.shortage = shortage


def ends_only(verification: Verification, call: CallOptions) -> CallOptions:
    """Return the options of the call with all moves closed that continue the answer."""
    on = tuple(move.name for move in verification.moves if continues(move))
    closed = {**call.closed, verification.name: (*call.closed.get(verification.name, ()), *on)}
    return replace(call, closed=closed, asks=False)


def lack_of(lacking: Lacking, verification: Verification, otherwise: Decision | None) -> TurnState:
    """Return the turn with the lack to ask about, and the decision on the draft that stands, if any."""
    turn, shortage = lacking.turn, lacking.shortage
    standing: float | None = 0.0
    withheld = abstention(verification, turn, "there is no draft", BY)
    accepts = otherwise is not None and (withheld is None or otherwise["chosen"] != withheld["chosen"])
    if otherwise is not None and accepts:
        standing = otherwise["quality"][otherwise["options"].index(otherwise["chosen"])]
    request = request_of(shortage, turn, standing=standing, answered=accepts)
    lack = Lack(stage=shortage.stage, request=request, otherwise=otherwise or withheld)
    return {**turn, "lack": lack}


def standing_turn(turn: TurnState, stage: str, verification: Verification) -> TurnState:
    """Return the turn with the draft that stands while a stage lacks budget."""
    return turned_back(turn) if stage != verification.name and turn.get("earlier") else turn


def granted(turn: TurnState, amounts: dict[str, float]) -> TurnState:
    """Return the turn that continues, with more budget, at the stage that lacked it."""
    lack = turn["lack"]
    assert lack is not None, "only a turn that lacks something is granted more"
    before = turn.get("granted", {})
    more = {d: before.get(d, 0.0) + amounts.get(d, 0.0) for d in {**before, **amounts}}
    asked = [*turn.get("asked", []), _answer(lack, amounts)]
    return {**turn, "lack": None, "resumes": lack["stage"], "granted": more, "asked": asked}


async def refused(turn: TurnState, verification: Verification, run: Run) -> tuple[TurnState, list[Decision]]:
    """Return the turn that ends without more budget: the draft that stands is decided on, at no cost."""
    lack = turn["lack"]
    assert lack is not None, "only a turn that lacks something is refused more"
    answer = _answer(lack, None)
    limits = ", ".join({d: None for offer in lack["request"]["offers"] for d in offer["extra"]})
    bounded = f"{limits}: refused more budget"
    turn = standing_turn(turn, lack["stage"], verification)
    ended: TurnState = {
        **turn,
        "lack": None,
        "resumes": "",
        "redo": None,
        "asked": [*turn.get("asked", []), answer],
        "bounded": bounded,
    }
    otherwise = lack["otherwise"]
    if otherwise is None:
        return {**ended, "action": "abstain"}, []
    offers = "; ".join(
        f"{offer['option']}: {in_words(offer['extra'])}" for offer in lack["request"]["offers"]
    )
    decision: Decision = {
        **otherwise,
        "attempt": turn["attempt"],
        "router": BY,
        "reason": f"refused more budget ({offers}); {otherwise['reason']}",
        "binding": bounded,
        "asked": answer,
    }
    move = verification.moves[verification.index(decision["chosen"])]
    run.emit({"type": "decision", **decision})
    ended = moved(ended, decision)
    return {**ended, **await make(move, verification, ended, run)}, [decision]


def _answer(lack: Lack, amounts: dict[str, float] | None) -> BudgetAnswer:
    return BudgetAnswer(stage=lack["stage"], offers=lack["request"]["offers"], granted=amounts)


def abstention(
    verification: Verification, turn: TurnState, why: str, router: str, *, outside: bool = False
) -> Decision | None:
    """Return the decision of a router to abstain without a draft, if the policy has this move.

    ``outside`` says that the documents do not cover the question.
    """
    moves = verification.moves
    index = next((i for i, move in enumerate(moves) if move.kind == "abstain"), None)
    if index is None:
        return None
    context = StageContext(
        stage=verification.name,
        query=query_of(turn),
        options=moves,
        allowed=[i == index for i in range(len(moves))],
        expected=[Cost()] * len(moves),
        left={},
        features=turn.get("known", {}),
        path=turn.get("path", {}),
    )
    return record(context, Choice(index, why, outside=outside), turn, router)
