from collections import Counter

import pytest

from dynamicrag.cost.vector import Cost
from dynamicrag.drafts.moves import moves
from dynamicrag.errors import PolicyError
from dynamicrag.features.lexical import lexical
from dynamicrag.routers.base import ROUTERS, StageContext
from dynamicrag.types import Option, Query

OPTIONS = tuple(Option(name) for name in ("small", "medium", "large"))


def context(question="Who opened the bridge?", *, stage="generator", options=OPTIONS, allowed=None, **more):
    features = lexical(question) | more.pop("signals", {})
    return StageContext(
        stage=stage,
        query=Query(more.pop("id", "q"), question),
        options=options,
        allowed=allowed or [True] * len(options),
        expected=[Cost()] * len(options),
        left={},
        features=features,
        path=more.pop("path", {}),
        **more,
    )


async def chosen(spec, given):
    choice = await ROUTERS.build(spec, "router").choose(given)
    return given.options[choice.index].name


async def test_fixed_takes_its_option_and_the_nearest_stronger_one_where_that_is_closed():
    spec = {"fixed": {"option": "medium"}}
    assert await chosen(spec, context()) == "medium"
    assert await chosen(spec, context(allowed=[True, False, True])) == "large"
    assert await chosen(spec, context(allowed=[True, False, False])) == "small"


def test_fixed_refuses_an_option_that_is_not_there():
    router = ROUTERS.build({"fixed": {"option": "huge"}}, "router")
    with pytest.raises(PolicyError, match=r"stages\.generator\.router\.fixed\.option: unknown option 'huge'"):
        router.check("generator", OPTIONS, "stages.generator.router")


async def test_random_draws_by_weight_and_states_the_propensity():
    router = ROUTERS.build({"random": {"weights": {"small": 3, "large": 1}}}, "router")
    choices = [await router.choose(context(id=str(i))) for i in range(2000)]
    share = Counter(OPTIONS[choice.index].name for choice in choices)
    assert share["medium"] == 0
    assert share["small"] / 2000 == pytest.approx(0.75, abs=0.04)
    assert {choice.propensity for choice in choices} == {0.75, 0.25}


async def test_random_repeats_itself_for_the_same_query_and_seed():
    first = [await chosen("random", context(id=str(i))) for i in range(50)]
    assert first == [await chosen("random", context(id=str(i))) for i in range(50)]
    assert first != [await chosen({"random": {"seed": 1}}, context(id=str(i))) for i in range(50)]


async def test_random_never_takes_a_closed_option():
    router = ROUTERS.build("random", "router")
    for i in range(100):
        choice = await router.choose(context(id=str(i), allowed=[False, True, False]))
        assert (choice.index, choice.propensity) == (1, 1.0)


def test_a_router_that_is_not_there_is_told_with_its_neighbour():
    with pytest.raises(PolicyError, match=r"unknown router 'heuristic'; valid: .*prior"):
        ROUTERS.build("heuristic", "stages.retrieval.router")
    with pytest.raises(PolicyError, match=r"unknown router 'piror'; did you mean 'prior'"):
        ROUTERS.build("piror", "stages.retrieval.router")


VERDICTS = tuple(moves(["accept", "escalate", "abstain"], ["context", "generator"]))
TABLE = {"escalate": {"unanswerable": ["context", "generator"], "unsure": ["generator"]}}
SPEC = {"thresholds": {"groundedness": 0.5, "token_margin": 0.2}}


@pytest.mark.parametrize(
    ("signals", "allowed", "expected"),
    [
        ({"unanswerable": 0.0, "groundedness": 0.9, "token_margin": 0.9}, None, "accept"),
        ({"unanswerable": 1.0}, None, "escalate:context"),
        ({"unanswerable": 1.0}, [True, False, True, True], "escalate:generator"),
        ({"unanswerable": 1.0}, [True, False, False, True], "abstain"),
        ({"unanswerable": 0.0, "token_margin": 0.1}, None, "escalate:generator"),
        ({"unanswerable": 0.0, "token_margin": 0.1}, [True, False, False, True], "accept"),
        ({"groundedness": 0.1, "token_margin": 0.9}, None, "accept"),  # the table has no way for it
        ({}, None, "accept"),
    ],
)
async def test_thresholds_walk_the_table_in_order(signals, allowed, expected):
    given = context(stage="verification", options=VERDICTS, allowed=allowed, signals=signals, settings=TABLE)
    assert await chosen(SPEC, given) == expected


async def test_thresholds_abstain_for_what_the_policy_says():
    spec = {"thresholds": {"groundedness": 0.5, "abstain": ["ungrounded"]}}
    given = context(stage="verification", options=VERDICTS, signals={"groundedness": 0.0}, settings=TABLE)
    assert await chosen(spec, given) == "abstain"
