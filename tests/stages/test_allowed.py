"""Which options are open, before cost comes into it."""

from dynamicrag.drafts.asking import Resources
from dynamicrag.drafts.moves import moves
from dynamicrag.drafts.verification import Verification
from dynamicrag.routers.fixed import Fixed
from dynamicrag.routers.thresholds import Thresholds
from dynamicrag.stages.context import ContextStage
from dynamicrag.stages.retrieval import RetrievalStage
from dynamicrag.types import Move, Option

RETRIEVAL = RetrievalStage([Option("none"), Option("single")], Fixed(option="none"))
CONTEXT = ContextStage(
    [Option(name, {"chunks": k}) for k, name in enumerate("abc", 1)], Fixed(option="a"), corpora={}
)
NAMES = ["accept", "escalate", "abstain"]
VERIFICATION = Verification(
    moves(NAMES, ["context", "retrieval"]),
    Thresholds(),
    {"max_escalations": 1},
    verifiers={},
    stages={"retrieval": RETRIEVAL, "context": CONTEXT},
    resources=Resources({}, {}, lambda texts: None),
)


def opened(turn):
    return VERIFICATION.situation(turn, lambda path: None).open


def test_escalate_becomes_one_option_for_every_stage_it_may_go_to():
    names = [option.name for option in VERIFICATION.options]
    assert names == ["accept", "escalate:retrieval", "escalate:context", "abstain"]


def test_all_are_open_at_first():
    assert CONTEXT.allowed({"path": {}}) == [True] * 3


def test_a_stage_that_is_redone_opens_only_what_is_stronger():
    assert CONTEXT.allowed({"path": {"context": "b"}, "redo": "context"}) == [False, False, True]


def test_where_nothing_is_stronger_escalation_is_closed():
    turn = {"path": {"retrieval": "single", "context": "c"}, "escalations": []}
    assert opened(turn) == [True, False, False, True]


def test_a_skipped_stage_is_open_by_way_of_retrieval():
    turn = {"path": {"retrieval": "none"}, "escalations": []}
    assert opened(turn) == [True, True, True, True]
    assert VERIFICATION.target(Move("escalate:context", kind="redo", stage="context"), turn) == (
        "retrieval",
        "single",
    )


def test_the_number_of_escalations_is_bounded():
    turn = {"path": {"retrieval": "none"}, "escalations": [{"reason": "", "stage": "context", "option": "b"}]}
    assert opened(turn) == [True, False, False, True]
