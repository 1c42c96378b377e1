"""The router ``prior``: decisions of a policy about which nothing was recorded."""

from collections import Counter
from dataclasses import replace

import pytest

from dynamicrag.call_options import CallOptions
from dynamicrag.cost.vector import Cost
from dynamicrag.errors import PolicyError
from dynamicrag.features.lexical import lexical
from dynamicrag.priors import shipping
from dynamicrag.priors.knowledge import shipped
from dynamicrag.priors.stages import shipped_stages
from dynamicrag.routers.base import StageContext
from dynamicrag.routers.draws import Explore
from dynamicrag.stages.adding import add_stage
from dynamicrag.stages.base import STAGES, StageBase
from dynamicrag.testing import FakeEmbedder
from dynamicrag.topology import TOPOLOGY, Stage
from dynamicrag.types import Option, Query
from tests.graph.conftest import docs, make  # noqa: F401 - fixtures

QUESTION = "When was the bridge of town03 opened?"
MODELS = {"small": {"model": "openai:gpt-4o-mini"}, "large": {"model": "openai:gpt-4o"}}
NEAR = {"similarity": 0.6, "matched": 0.8, "passages": 6.0, "documents": 6.0, "enough": 2.0}
FAR = {"similarity": 0.1, "english": 1.0, "matched": 0.1, "idf_coverage": 0.2, "passages": 6.0}
PRICES = [10**-n for n in (2, 2.5, 3, 3.5, 4)]
STEPS = {
    "retrieval": {"options": ["none", "single", "iterative"], "router": "prior"},
    "retriever": {"options": {"lexical": {"bm25": {}}}},
    "context": {
        "options": {"nothing": {"chunks": 0}, "short": {"chunks": 2}, "long": {"chunks": 6}},
        "router": "prior",
    },
    "generator": {"options": ["small", "large"], "router": "prior"},
    "verification": {
        "options": ["accept", "escalate", "ask_again", "abstain"],
        "verifiers": ["unanswerable", "groundedness", "token_margin"],
        "router": {"prior": {"withhold": {"groundedness": 0.5, "abstain": ["unanswerable", "ungrounded"]}}},
        "escalate": {"unsure": "generator"},
    },
}


@pytest.fixture
def rag(make):  # noqa: F811
    """Return a function that makes an object of a policy in which the prior decides."""

    def made(*, weights=None, stages=None, **changes):
        changes = {"models": MODELS, "helper": "small", **changes}
        return make(
            stages={**STEPS, **(stages or {})}, objective={"weights": weights or {"usd": 20}}, **changes
        )

    return made


def plain(own):
    """Return the options of an object's policy that the tests assume, by stage."""
    usual = {
        "retrieval": "single",
        "context": "short",
        "generator": own.pipeline.stages["generator"].options[0].name,
    }
    return {
        name: stage.options[stage.index(usual.get(name, stage.options[0].name))]
        for name, stage in own.pipeline.stages.items()
    }


def at(own, stage, question=QUESTION, *, usd=(), signals=None, plan=None, **more):
    """Return the context of a decision, with costs in dollars."""
    point = own.pipeline.points[stage]
    count = len(point.options)
    return StageContext(
        stage=stage,
        query=Query("q", question),
        options=point.options,
        allowed=[True] * count,
        expected=[Cost({("usd", "modelled"): amount}) for amount in usd or [0.0] * count],
        left={},
        features=lexical(question) | (signals or {}),
        path={},
        settings=point.settings,
        plan={**plain(own), **(plan or {})},
        **more,
    )


async def choice(own, context):
    found = await own.pipeline.points[context.stage].router.choose(context)
    return context.options[found.index].name, found


# retrieval


@pytest.mark.parametrize("worth", [20, 200])
@pytest.mark.parametrize(
    ("question", "taken"),
    [
        ("Hello there!", {"none"}),
        ("What is 12 * 9?", {"none"}),
        ("Thank you, bye!", {"none"}),
        ("What did I just ask?", {"none"}),
        (QUESTION, {"single", "iterative"}),
        ("Hi, when does the ferry leave?", {"single", "iterative"}),
        ("Wann wurde die Brücke eröffnet?", {"single", "iterative"}),
        ("Who wrote the novel Middlemarch?", {"single", "iterative"}),
    ],
)
async def test_documents_are_left_out_for_turns_that_need_none_and_never_for_price(
    rag, worth, question, taken
):
    own = rag(weights={"usd": worth})
    name, found = await choice(own, at(own, "retrieval", question, usd=(0.0001, 0.002, 0.02)))
    assert name in taken
    assert found.reason


async def test_one_round_is_taken_where_several_cost_more_than_they_gain(rag):
    own = rag(weights={"usd": 20_000})
    assert (await choice(own, at(own, "retrieval", usd=(0.0001, 0.002, 0.02))))[0] == "single"


async def test_weights_of_the_call_replace_those_of_the_policy(rag):
    own = rag(weights={"usd": 0})
    context = at(own, "retrieval", usd=(0.0001, 0.002, 0.02))
    dear = replace(context, call=CallOptions(weights={"usd": 20_000.0}))
    assert (await choice(own, dear))[0] == "single"
    assert (await choice(own, dear))[1].quality == (await choice(own, context))[1].quality


async def test_a_call_without_retrieval_is_obeyed(rag):
    own = rag()
    context = replace(at(own, "retrieval"), allowed=[True, False, False])
    assert (await choice(own, context))[0] == "none"


# generator


async def test_without_a_price_the_strongest_model_answers(rag):
    own = rag()
    name, found = await choice(own, at(own, "generator", signals=NEAR))
    assert name == "large"
    assert found.quality[1] > found.quality[0]
    assert all(0 < spread < 0.5 for spread in found.spread)


async def test_the_cheaper_model_answers_where_the_gain_is_below_its_cost(rag):
    own = rag(stages={"verification": {**STEPS["verification"], "escalate": {}}})
    free = (await choice(own, at(own, "generator", signals=NEAR)))[1]
    gain = (free.quality[1] - free.quality[0]) / 20
    dear, cheap = at(own, "generator", usd=(0.0, 1.05 * gain)), at(own, "generator", usd=(0.0, 0.95 * gain))
    assert (await choice(own, replace(dear, features=at(own, "generator", signals=NEAR).features)))[
        0
    ] == "small"
    assert (await choice(own, replace(cheap, features=at(own, "generator", signals=NEAR).features)))[
        0
    ] == "large"


async def test_greetings_go_to_the_cheapest_model(rag):
    own = rag()
    context = at(own, "generator", "Hello!", usd=(0.0001, 0.001), plan={"retrieval": Option("none")})
    assert (await choice(own, context))[0] == "small"


async def test_the_reason_names_the_rival_and_the_costs(rag):
    own = rag()
    _, found = await choice(own, at(own, "generator", signals=NEAR, usd=(0.001, 0.002)))
    assert "estimated" in found.reason
    assert "for its cost, against" in found.reason
    assert ("small" in found.reason) != ("for large" in found.reason)


def test_a_model_of_unknown_ability_is_refused_with_the_remedy(rag):
    models = {**MODELS, "odd": {"model": "openai:homegrown"}}
    generator = {"generator": {"options": ["small", "odd"], "router": "prior"}}
    with pytest.raises(
        PolicyError, match=r"stages\.generator\.router.*'odd' is unknown.*models\.odd\.ability"
    ):
        rag(models=models, stages=generator)
    models["odd"] = {"model": "openai:homegrown", "ability": 0.5}
    rag(models=models, stages=generator)


def test_a_stage_of_the_users_own_is_refused(rag):
    @add_stage(Stage("guard"), after="rerank")
    class Guard(StageBase):
        async def act(self, option, turn, run):
            return {}

    try:
        with pytest.raises(
            PolicyError, match=r"'prior' knows nothing about the stage 'guard'.*fixed or rules"
        ):
            rag(stages={"guard": {"options": {"none": None, "some": None}, "router": "prior"}})
    finally:
        STAGES._classes.pop("guard")
        TOPOLOGY.remove("guard")


# cascade


def drafts(own, ratio, usd=0.0005, **more):
    doubts = own.pipeline.verification.doubts
    return at(own, "generator", signals=NEAR, usd=(usd, ratio * usd), doubts=doubts, **more)


async def cascaded(own, ratio, usd):
    name, found = await choice(own, drafts(own, ratio, usd))
    return name == "small" and "on doubt" in found.reason


async def price_of_a_cascade(own):
    """Return the lowest price of a model at which a cascade with one ten times as dear pays."""
    return min([usd for usd in PRICES if await cascaded(own, 10.0, usd)])


async def test_a_cascade_is_weighed_only_from_a_ratio_of_costs_and_with_a_way_back(rag):
    own = rag()
    assert any([await cascaded(own, 10.0, usd) for usd in PRICES])
    assert not any([await cascaded(own, 3.9, usd) for usd in PRICES])
    for verification in ({"escalate": {}}, {"max_escalations": 0}, {"router": "thresholds"}):
        other = rag(stages={"verification": {**STEPS["verification"], **verification}})
        assert not any([await cascaded(other, 10.0, usd) for usd in PRICES])


async def test_a_cascade_says_what_it_does_and_is_charged_for_the_escalated_share(rag):
    own = rag()
    usd = await price_of_a_cascade(own)
    context = drafts(own, 10.0, usd)
    _, found = await choice(own, context)
    share = float(found.reason.partition("on doubt (")[2].partition("%")[0]) / 100
    assert "draft with it, and escalate to large on doubt" in found.reason
    assert 0 < share < 1
    assert found.expected[0]["usd"] == pytest.approx(usd + share * 10 * usd, abs=0.051 * usd)
    assert found.expected[1] == context.expected[1]
    bare = (await choice(own, replace(context, doubts=frozenset())))[1]
    assert bare.quality[0] < found.quality[0] <= found.quality[1]


async def test_a_cascade_that_the_limits_do_not_allow_is_not_weighed(rag):
    own = rag()
    usd = await price_of_a_cascade(own)
    _, found = await choice(own, drafts(own, 10.0, usd, fits=lambda path, *before: False))
    assert "on doubt" not in found.reason


async def test_a_cascade_is_not_weighed_where_drafts_have_no_token_probabilities(rag):
    own = rag()
    usd = await price_of_a_cascade(own)
    silent = {**MODELS, "small": {"model": "anthropic:claude-3-haiku"}}
    assert not await cascaded(rag(models=silent), 10.0, usd)
    own.pipeline.models["small"]._manners.sent.leave_out("logprobs")  # as after a server's refusal
    assert not await cascaded(own, 10.0, usd)


# verification


def judged(own, signals, usd, question=QUESTION, allowed=None):
    moves = own.pipeline.verification.moves
    expected = [usd if move.kind == "redo" else 0.0 for move in moves]
    steps = {"generator": ("generator", own.pipeline.stages["generator"].options[1])}
    given = at(own, "verification", question, usd=expected, signals=NEAR | signals, steps=steps)
    return replace(given, allowed=allowed or [True] * len(moves))


LOW = {"unanswerable": 0.0, "groundedness": 0.55, "token_margin": 0.02, "min_margin": 0.0, "mean_margin": 0.1}
HIGH = {
    "unanswerable": 0.0,
    "groundedness": 1.0,
    "token_margin": 0.99,
    "min_margin": 0.95,
    "mean_margin": 0.98,
}


async def test_a_doubtful_draft_is_redone_if_that_is_cheap_and_a_sure_one_accepted(rag):
    own = rag()
    name, found = await choice(own, judged(own, LOW, 1e-4))
    assert name == "escalate:generator"
    assert "the draft is believed" in found.reason
    assert "less 0.02 for its cost" in found.reason
    assert (await choice(own, judged(own, LOW, 0.1)))[0] == "accept"
    assert (await choice(own, judged(own, HIGH, 0.005)))[0] == "accept"


async def test_the_belief_rises_with_the_signals(rag):
    own = rag()
    accept = [move.name for move in own.pipeline.verification.moves].index("accept")
    low, high = [(await choice(own, judged(own, each, 0.1)))[1].quality[accept] for each in (LOW, HIGH)]
    assert 0 < low < high < 1


async def test_what_is_withheld_goes_by_the_thresholds(rag):
    own = rag()
    invented, declined = {**HIGH, "groundedness": 0.1}, {**HIGH, "unanswerable": 1.0}
    for signals in (invented, declined):
        assert (await choice(own, judged(own, signals, 1e-4)))[0] == "ask_again"
        closed = [move.name != "ask_again" for move in own.pipeline.verification.moves]
        assert (await choice(own, judged(own, signals, 1e-4, allowed=closed)))[0] == "abstain"
    verification = {**STEPS["verification"], "router": "prior", "options": ["accept", "escalate", "abstain"]}
    lenient = rag(stages={"verification": verification})
    assert (await choice(lenient, judged(lenient, invented, 0.1)))[0] == "accept"
    assert (await choice(lenient, judged(lenient, declined, 0.1)))[0] == "abstain"


# context


async def test_a_context_without_passages_is_taken_only_where_the_documents_do_not_cover_the_question(rag):
    own = rag(weights={"usd": 20})
    usd = (0.0001, 0.0003, 0.0009)
    assert (await choice(own, at(own, "context", usd=usd, signals=FAR)))[0] == "nothing"
    for signals in (NEAR, {}, {"similarity": 0.3, "matched": 0.2, "passages": 6.0}):
        assert (await choice(own, at(own, "context", usd=usd, signals=signals)))[0] != "nothing"


# embedder, exploration, files


class Named(FakeEmbedder):
    """Counts what it embeds."""

    def __init__(self, name: str = "all-minilm-l6-v2") -> None:
        super().__init__(size=384, name=name)
        self.questions = 0

    def encode(self, texts, *, query):
        self.questions += len(texts)
        return super().encode(texts, query=query)


DENSE = {"retriever": {"options": {"dense": {"chroma": {}}}}}


async def test_the_question_is_embedded_only_where_a_retriever_needs_it_anyway(rag):
    own = rag()
    assert own.pipeline.stages["generator"].router.embeds is False
    embedder = Named()
    dense = rag(stages=DENSE, objects={"embedder": embedder})
    assert dense.pipeline.stages["generator"].router.embeds is True
    lexical_, vector = [await choice(each, at(each, "generator", signals=NEAR)) for each in (own, dense)]
    assert embedder.questions == 1
    assert lexical_[1].quality != vector[1].quality
    await choice(dense, at(dense, "retrieval", "Hello!"))
    assert embedder.questions == 1


async def test_the_vectors_of_another_embedder_are_not_read(rag):
    own, embedder = rag(), Named("another")
    other = rag(stages=DENSE, objects={"embedder": embedder})
    assert other.pipeline.stages["generator"].router.embeds is False
    first, second = [(await choice(each, at(each, "generator", signals=NEAR)))[1] for each in (own, other)]
    assert first.quality == pytest.approx(second.quality, abs=0.05)
    assert embedder.questions == 0


async def test_the_propensity_of_an_exploring_prior_is_exact(rag):
    router = {"router": {"prior": {"explore": {"epsilon": 0.2}}}}
    own = rag(stages={"generator": {"options": ["small", "large"], **router}})
    context = at(own, "generator", signals=NEAR)
    taken, propensity = Counter(), {}
    for n in range(2000):
        name, found = await choice(own, replace(context, query=Query(str(n), QUESTION)))
        taken[name] += 1
        propensity.setdefault(name, set()).add(round(found.propensity, 9))
    assert propensity == {"large": {0.9}, "small": {0.1}}
    assert taken["small"] / 2000 == pytest.approx(0.1, abs=0.03)
    again = [(await choice(own, context))[1].index for _ in range(3)]
    assert len(set(again)) == 1
    assert isinstance(own.pipeline.stages["generator"].router.explore, Explore)


@pytest.mark.parametrize("part", ["prior.npz", "stages.json"])
@pytest.mark.parametrize("content", [b"", b"{}", b'{"version": 99}'])
def test_a_damaged_prior_is_refused_with_the_remedy(rag, monkeypatch, tmp_path, part, content):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / part).write_bytes(content)
    monkeypatch.setattr(shipped if part == "prior.npz" else shipped_stages, "_read", [])
    monkeypatch.setattr(shipping, "files", lambda package: tmp_path)
    with pytest.raises(PolicyError, match=r"install dynamicrag again.*python -m dynamicrag\.lab\.priors"):
        rag()


# in the graph


def test_a_policy_of_the_prior_answers_and_plans(rag):
    own = rag()
    out = own.build_graph().compile().invoke({"messages": [("user", QUESTION)]})
    first = out["rag"]["decisions"][0]
    assert first["plan"]["generator"] in ("small", "large")
    assert {each["router"] for each in out["rag"]["decisions"] if len(each["options"]) > 1} >= {"prior"}
    assert out["messages"][-1].text
