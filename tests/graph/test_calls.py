"""What a caller may say for one invocation: checked, kept to, and never another's."""

import asyncio
import dataclasses
from typing import Any

import pytest
from langgraph.graph import START, MessagesState, StateGraph

from dynamicrag.errors import BudgetExceeded, InputError, ProviderError
from dynamicrag.graph.calls import given_options
from tests.cost.rows import EUR, register

from .conftest import TOWNS, call
from .test_books import PRICED

QUESTION = "When was the bridge of town03 opened?"
ESCALATE = {
    "options": ["accept", "escalate", "abstain"],
    "verifiers": ["unanswerable"],
    "router": "thresholds",
    "escalate": {"unanswerable": "generator"},
}


def given(**options: Any) -> dict[str, Any]:
    return {"configurable": {"rag": options}}


def at(stage, out):
    return next(decision for decision in out["rag"]["decisions"] if decision["stage"] == stage)


@pytest.mark.parametrize("how", ["sync", "async"])
def test_an_option_is_forced(make, ask, how):
    rag = make()
    app = rag.build_graph().compile()
    free = at("generator", call(app, how, ask(QUESTION)))
    forced = at("generator", call(app, how, ask(QUESTION), given(options={"generator": "large"})))
    assert (free["chosen"], free["router"]) == ("small", "fixed")
    assert (forced["chosen"], forced["router"], forced["propensity"]) == ("large", "forced", 1.0)
    assert forced["allowed"] == [False, False, True]
    assert forced["reason"] == "as the call asks"
    assert len(forced["expected"]) == 3
    assert make.models["large"].kinds() == ["answer"]
    assert at("generator", call(app, how, ask(QUESTION)))["chosen"] == "small"  # the next call is free again


def test_a_closed_option_is_not_taken(make, ask):
    out = make().build_graph().compile().invoke(ask(QUESTION), given(closed={"generator": ["small"]}))
    decision = at("generator", out)
    assert (decision["chosen"], decision["router"]) == ("medium", "fixed")
    assert decision["allowed"] == [False, True, True]


def test_the_rest_of_the_path_is_priced_as_the_call_leaves_it(make, ask):
    app = make(models=PRICED).build_graph().compile()

    def expected(**options):
        return at("context", app.invoke(ask(QUESTION), given(**options)))["expected"][0]["usd"]

    assert expected() == pytest.approx(0.001)
    assert expected(options={"generator": "large"}) == pytest.approx(0.1)
    assert expected(closed={"generator": ["small"]}) == pytest.approx(0.01)


def test_a_forced_model_that_fails_has_no_substitute(make, ask):
    make.scripts["medium"] = lambda kind, text: "well BREAK"
    app = make().build_graph().compile()
    with pytest.raises(ProviderError, match="medium"):
        app.invoke(ask(QUESTION), given(options={"generator": "medium"}))
    assert make.models["small"].calls == make.models["large"].calls == []


def test_a_call_weighs_cost_by_its_own_weights(make, ask):
    prior = {"generator": {"options": ["small", "medium", "large"], "router": "prior"}}
    abilities = {"small": 0.3, "medium": 0.6, "large": 0.9}
    rated = PRICED | {name: {**PRICED[name], "ability": ability} for name, ability in abilities.items()}
    rag = make(models=rated, stages=prior, objective={"weights": {"usd": 0}})
    app = rag.build_graph().compile()
    free, dear = (
        app.invoke(ask(QUESTION), given(weights=weights)) for weights in ({"usd": 0}, {"usd": 1_000})
    )
    assert at("generator", free)["chosen"] == "large"
    assert at("generator", dear)["chosen"] == "small"
    assert at("generator", dear)["weights"] == {"usd": 1_000.0}
    assert at("generator", dear)["quality"] == at("generator", free)["quality"]
    logged = rag.pipeline.log.query(dear["rag"]["report"]["query_id"]) if rag.pipeline.log else None
    assert logged is None or logged.weights["usd"] == 1_000


@pytest.mark.parametrize("weights", [{"euros": 1}, {"usd": -1}, {"usd": float("nan")}, {"usd": True}, 3])
def test_unusable_weights_are_refused(make, ask, weights):
    app = make().build_graph().compile()
    with pytest.raises(InputError, match=r"rag\.weights"):
        app.invoke(ask(QUESTION), given(weights=weights))


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        ({"options": {"generator": "small"}}, {"small": 1}),
        ({"closed": {"generator": ["medium", "large"]}}, {"small": 1}),
        ({"closed": {"generator": ["medium"]}}, {"small": 1, "large": 1}),
        ({"closed": {"verification": ["escalate:generator"]}}, {"small": 1}),
        ({"options": {"verification": "accept"}}, {"small": 1}),
        ({}, {"small": 1, "medium": 1}),
    ],
)
def test_a_step_up_leads_only_to_what_is_open(make, ask, options, asked):
    make.scripts |= dict.fromkeys(("small", "medium", "large"), lambda kind, text: "unanswerable")
    rag = make(stages={"verification": ESCALATE})
    rag.build_graph().compile().invoke(ask(QUESTION), given(**options))
    assert {name: len(model.calls) for name, model in make.models.items() if model.calls} == asked


def test_a_closed_model_mends_no_draft(make, ask):
    verification = {**ESCALATE, "options": ["accept", "refine"], "escalate": {"unanswerable": "refine"}}
    make.scripts["small"] = lambda kind, text: "unanswerable"
    rag = make(stages={"verification": verification})
    rag.build_graph().compile().invoke(ask(QUESTION), given(closed={"generator": "medium"}))
    assert make.models["medium"].calls == []
    rag.build_graph().compile().invoke(ask(QUESTION))
    assert len(make.models["medium"].calls) == 1


def test_nothing_is_withheld_where_abstaining_is_closed(make, ask):
    verification = {**ESCALATE, "options": ["accept", "abstain"], "escalate": {}}
    rag = make(outside="abstain", stages={"verification": verification})
    app = rag.build_graph().compile()
    outside = "Who painted the ceiling of the opera in Vienna?"
    assert app.invoke(ask(outside))["rag"]["report"]["abstained"]
    assert not app.invoke(ask(outside), given(closed={"verification": "abstain"}))["rag"]["report"][
        "abstained"
    ]


def test_a_budget_tightens_and_never_loosens(make, ask):
    rag = make(models=PRICED, objective={"budget": {"per_query": {"usd": 0.02}}})
    app = rag.build_graph().compile()
    dear = given(options={"generator": "large"}, budget={"usd": 5.0})
    with pytest.raises(BudgetExceeded, match=r"objective\.budget\.per_query\.usd"):
        app.invoke(ask(QUESTION), dear)
    tight = given(options={"generator": "medium"}, budget={"usd": 0.005})
    with pytest.raises(BudgetExceeded, match=r"the call's budget\.usd: a call may use 0\.01"):
        app.invoke(ask(QUESTION), tight)
    assert make.models["large"].calls == make.models["medium"].calls == []
    assert at("generator", app.invoke(ask(QUESTION), given(options={"generator": "medium"})))["chosen"]
    assert rag.pipeline.budget.per_query == {"usd": 0.02}


def test_a_budget_of_the_call_closes_options(make, ask):
    stages = {
        "generator": {"options": ["small", "medium", "large"], "router": {"fixed": {"option": "large"}}}
    }
    app = make(models=PRICED, stages=stages).build_graph().compile()
    decision = at("generator", app.invoke(ask(QUESTION), given(budget={"usd": 0.02})))
    assert (decision["chosen"], decision["binding"]) == ("medium", "usd")
    assert at("generator", app.invoke(ask(QUESTION)))["chosen"] == "large"


@pytest.mark.parametrize("money", ["usd", "eur"])
def test_a_budget_in_money_needs_prices(make, ask, monkeypatch, money):
    register(monkeypatch, EUR)
    wrong = rf"budget\.{money}: no price is known of model 'small'.*models\.small"
    with pytest.raises(InputError, match=wrong):
        make().build_graph().compile().invoke(ask(QUESTION), given(budget={money: 1}))


@dataclasses.dataclass
class Own:
    rag: Any = None


@pytest.mark.parametrize("how", ["sync", "async"])
@pytest.mark.parametrize(
    ("context", "chosen"),
    [
        ({"rag": {"options": {"generator": "large"}}}, "large"),
        (Own({"options": {"generator": "large"}}), "large"),
        (Own(), "small"),
        ({"user_id": 7}, "small"),
        (object(), "small"),
        (None, "small"),
    ],
)
def test_a_context_says_the_same(make, ask, how, context, chosen):
    app = make().build_graph().compile()
    if how == "sync":
        out = app.invoke(ask(QUESTION), context=context)
    else:
        out = asyncio.run(app.ainvoke(ask(QUESTION), context=context))
    assert at("generator", out)["chosen"] == chosen


@dataclasses.dataclass
class Call:
    filter: Any


@pytest.mark.parametrize("rag", [Call({"tenant": "acme"}), "", 0, [], False])
def test_what_a_context_says_in_another_form_is_refused(make, ask, rag):
    """It may be a filter: to pass over it would show what it was to hide."""
    app = make().build_graph().compile()
    for context in (Own(rag), {"rag": rag}):
        with pytest.raises(InputError, match=r"^context\.rag: expected a mapping of policy, .*filter; got"):
            app.invoke(ask(QUESTION), context=context)


def test_the_context_decides_where_the_config_differs(make, ask):
    app = make().build_graph().compile()
    config, context = given(options={"generator": "small"}), {"options": {"generator": "large"}}
    assert at("generator", app.invoke(ask(QUESTION), config, context={"rag": context}))["chosen"] == "large"


def test_a_filter_in_the_config_holds_whatever_the_context_says(make):
    config = given(filter={"tenant": "acme"})
    for context in ({}, {"user": "anna"}, {"filter": {}}, {"filter": {"tenant": "acme"}}):
        assert given_options(config, {"rag": context}).options["filter"] == {"tenant": "acme"}
    both = given_options(config, {"rag": {"filter": {"year": 2026}}})
    assert both.options["filter"] == {"tenant": "acme", "year": 2026}
    with pytest.raises(InputError, match=r"context\.rag\.filter\.tenant: 'other' contradicts"):
        given_options(config, {"rag": {"filter": {"tenant": "other"}}})


def test_a_subgraph_hears_it_too(make, ask):
    builder = StateGraph(MessagesState)
    rag = make()
    builder.add_node("rag", rag.build_graph().compile())
    builder.add_edge(START, "rag")
    builder.compile().invoke(ask(QUESTION), given(options={"generator": "large"}))
    assert len(make.models["large"].calls) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], r"configurable\.rag: expected a mapping of policy, options, closed, .*; got \[\]"),
        ({"optins": {}}, r"rag: unknown key 'optins'; did you mean 'options'"),
        ({"options": ["small"]}, r"rag\.options: expected a mapping of a stage to the option"),
        ({"options": {"generater": "small"}}, r"rag\.options: unknown stage 'generater'; did you mean 'gen"),
        ({"options": {"generator": "smal"}}, r"rag\.options\.generator: unknown option 'smal'; did you"),
        ({"options": {"generator": ["small"]}}, r"rag\.options\.generator: unknown option"),
        ({"closed": {"generator": ["small", "x"]}}, r"rag\.closed\.generator: unknown option 'x'"),
        ({"closed": {"generator": 5}}, r"rag\.closed\.generator: expected a list of names of options; got 5"),
        (
            {"closed": {"generator": ["small", "medium", "large"]}},
            r"rag\.closed\.generator: no option is left; allow one of small, medium, large",
        ),
        (
            {"options": {"generator": "small"}, "closed": {"generator": "small"}},
            r"rag\.closed\.generator: 'small' is forced by .*rag\.options",
        ),
        ({"closed": {"verification": ["accept"]}}, r"closed\.verification: no option is left"),
        ({"budget": {"euro": 1}}, r"rag\.budget: unknown dimension 'euro'; .*usd"),
        ({"budget": {"joules": 0}}, r"rag\.budget\.joules: expected a number, more than 0; got 0"),
        ({"budget": {"joules": float("nan")}}, r"budget\.joules: expected a number, more than 0; got nan"),
        ({"budget": {"joules": 10**400}}, r"budget\.joules: expected a number, more than 0; got 1000"),
        ({"budget": {"joules": True}}, r"budget\.joules: expected a number"),
        ({"budget": {"usd": -1}}, r"budget\.usd: expected a number, 0 and more; got -1"),
        ({"tags": 5}, r"rag\.tags: expected a list of tags; got 5"),
        ({"tags": [""]}, r"rag\.tags: an empty tag"),
        ({"tags": [7]}, r"rag\.tags: expected a text"),
        ({"tags": list("abc") * 20}, r"rag\.tags: 60 tags; valid: at most 50"),
        ({"user": 7}, r"rag\.user: expected a text of at most 200 characters; got 7"),
        ({"filter": "acme"}, r"rag\.filter: expected a mapping of a metadata field"),
        *[({"filter": odd}, r"rag\.filter: expected a mapping") for odd in ("", [], 0, False, ())],
        ({"options": []}, r"rag\.options: expected a mapping"),
        ({"closed": ""}, r"rag\.closed: expected a mapping"),
        ({"budget": 0}, r"rag\.budget: expected a mapping"),
        ({"user": 0}, r"rag\.user: expected a text"),
        ({"filter": {"tenant": []}}, r"rag\.filter\.tenant: an empty list matches no document"),
        ({"filter": {"tenant": None}}, r"rag\.filter\.tenant: expected text, a number, true or false; got N"),
        ({"filter": {"tenant": {"$ne": "acme"}}}, r"rag\.filter\.tenant: expected text"),
        ({"filter": {7: "acme"}}, r"rag\.filter: expected names of metadata fields, got 7"),
    ],
)
def test_mistakes_are_refused_before_anything_is_spent(make, ask, options, message):
    rag = make()
    with pytest.raises(InputError, match=message):
        rag.build_graph().compile().invoke(ask(QUESTION), {"configurable": {"rag": options}})
    assert all(not model.calls for model in make.models.values())
    assert not rag.pipeline.ledger._accounts


def test_a_step_up_cannot_be_forced(make, ask):
    app = make(stages={"verification": ESCALATE}).build_graph().compile()
    with pytest.raises(InputError, match=r"options\.verification: 'escalate:generator' cannot be forced"):
        app.invoke(ask(QUESTION), given(options={"verification": "escalate:generator"}))
    with pytest.raises(InputError, match=r"closed\.verification: no option is left.* accept, abstain"):
        app.invoke(ask(QUESTION), given(closed={"verification": ["accept", "abstain"]}))


@pytest.mark.slow
async def test_fifty_calls_at_once_do_not_mix(make, ask):
    rag = make(models=PRICED)
    app = rag.build_graph().compile()
    names = ["small", "medium", "large"]

    async def one(n):
        wanted = {"options": {"generator": names[n % 3]}, "budget": {"usd": 0.5 if n % 5 else 0.0005}}
        question = ask(f"When was the bridge of {TOWNS[n % 20]} opened?")
        try:
            return await app.ainvoke(question, given(**wanted))
        except BudgetExceeded as error:
            return error

    outs = await asyncio.gather(*map(one, range(50)))
    for n, out in enumerate(outs):
        if n % 5 == 0:
            assert isinstance(out, BudgetExceeded)
        else:
            assert at("generator", out)["chosen"] == names[n % 3]
            labels = [line.label for line in rag.account(out["rag"]["report"]["query_id"]).lines]
            assert labels[-1 if labels[-1] in names else -2] in names
    assert not rag.pipeline.budget._open


RULES = {
    "when": [
        {"if": {"metadata": {"plan": "gold"}}, "take": "large"},
        {"if": {"user": "anna", "metadata": {"town": "x"}}, "take": "medium"},
    ],
    "otherwise": "small",
}


@pytest.mark.parametrize("how", ["sync", "async"])
def test_rules_see_the_runs_metadata_its_user_and_its_filter(make, ask, how):
    stages = {"generator": {"options": ["small", "medium", "large"], "router": {"rules": RULES}}}
    app = make(stages=stages).build_graph().compile()

    def chosen(config):
        return at("generator", call(app, how, ask(QUESTION), config))["chosen"]

    assert chosen({}) == "small"
    assert chosen({"metadata": {"plan": "gold", "more": [1, {"a": 2}]}}) == "large"
    assert chosen({"metadata": {"plan": "free"}}) == "small"
    assert chosen(given(user="anna") | {"metadata": {"town": "x"}}) == "medium"
    assert chosen(given(user="ben") | {"metadata": {"town": "x"}}) == "small"
