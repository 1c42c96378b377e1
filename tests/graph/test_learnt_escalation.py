"""A learnt escalation in the graph: whole paths are gone to, and the best draft is the answer."""

import asyncio
import random
from pathlib import Path

import pytest

from dynamicrag import PolicyError
from dynamicrag.text.withheld import ABSTAINED
from tests.escalation.taught import MENDED, PRICES, taught

from .asking import request, thread
from .conftest import TOWNS, call
from .test_verifiers import Flaky, failing, register  # noqa: F401 - fixtures

QUESTION = "When was the bridge of town03 opened?"
MODELS = {
    name: {"model": f"fake:{name}", "profile": {"usd": {"call": PRICES.get(name, 0.002)}}}
    for name in ("small", "large", "helper")
}
MENDING = {"accept": None, "refine": {"model": "helper"}, "escalate": None, "abstain": None}
STAGES = {
    "retrieval": {"options": ["none", "single"], "router": {"fixed": {"option": "none"}}},
    "generator": {"options": ["small", "large"], "router": {"fixed": {"option": "small"}}},
}


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Files of trained escalations: of a world where all has an answer, and of one where much has none."""
    folder: Path = tmp_path_factory.mktemp("states")
    made = {"all": taught(), "blank": taught(blank=0.4), "lists": taught("frugal")}
    made["mended"] = taught(mended=0.9)
    return {name: str(own.judgement.state().save(folder / name)) for name, own in made.items()}


def verification(state, most=3, options=("accept", "escalate", "abstain"), **more):
    return {
        "options": options if isinstance(options, dict) else list(options),
        "verifiers": ["unanswerable", "token_margin"],
        "router": {"escalation": {"state": state}}, "max_escalations": most, **more,
    }  # fmt: skip


def objective(worth=2.0, **budget):
    return {"weights": {"usd": worth}, "budget": budget} if budget else {"weights": {"usd": worth}}


@pytest.fixture
def policy(make, states):
    def made(state="all", *, worth=2.0, budget=None, start="none", helper="helper", **more):
        first = {**STAGES["retrieval"], "router": {"fixed": {"option": start}}}
        stages = {**STAGES, "retrieval": first, "verification": verification(states[state], **more)}
        return make(models=MODELS, helper=helper, stages=stages, objective=objective(worth, **(budget or {})))

    return made


def told(out, stage=None):
    return [(d["stage"], d["chosen"]) for d in out["rag"]["decisions"] if stage in (None, d["stage"])]


@pytest.mark.parametrize("how", ["sync", "async"])
def test_a_doubtful_draft_leads_to_another_whole_path(make, ask, policy, how):
    make.margins = {"small": 0.1, "large": 0.9}
    out = call(policy(worth=5.0).build_graph().compile(), how, ask(QUESTION))
    assert told(out) == [
        ("retrieval", "none"),
        ("prompt", "direct"),
        ("generator", "small"),
        ("verification", "escalate:retrieval"),
        ("retrieval", "single"),
        ("retriever", "lexical"),
        ("context", "short"),
        ("generator", "large"),
        ("verification", "accept"),
    ]
    up = out["rag"]["decisions"][3]
    assert up["path"] == {"retrieval": "single", "generator": "large"}
    assert up["router"] == "escalation"
    assert up["reason"].startswith("none/small believed 0.")
    assert "; single/large expected to add 0." in up["reason"]
    assert up["reason"].endswith("for 0.05 of cost")
    assert up["quality"][up["options"].index("escalate:retrieval")] > up["quality"][0]
    assert {d["router"] for d in out["rag"]["decisions"][4:8:3]} == {"escalation"}
    assert out["rag"]["decisions"][7]["reason"] == "on the way to single/large, as verification decided"
    assert out["rag"]["report"]["passages"]
    assert out["rag"]["report"]["drafts"] == {"written": 2, "stands": 2}
    assert out["rag"]["report"]["escalations"][0]["option"] == "single"


def test_a_draft_that_is_believed_stands(make, ask, policy):
    make.margins = {"small": 0.95}
    out = policy(worth=50.0).build_graph().compile().invoke(ask(QUESTION))
    assert told(out)[-1] == ("verification", "accept")
    assert not out["rag"]["report"]["escalations"]


def test_what_costs_more_than_it_is_believed_to_bring_is_left(make, ask, policy):
    make.margins = {"small": 0.1, "large": 0.9}
    out = policy(worth=100.0).build_graph().compile().invoke(ask(QUESTION))
    assert not make.models["large"].calls
    assert out["rag"]["report"]["path"]["retrieval"] == "single", (
        "the small model with passages is worth its price"
    )


def test_an_earlier_draft_that_was_better_is_the_answer(make, ask, policy):
    make.margins = {"small": 0.5, "large": 0.0}
    make.scripts |= {"small": lambda kind, text: "1813", "large": lambda kind, text: "1900"}
    app = policy(start="single", worth=0.5, most=1).build_graph().compile()
    events = list(app.stream(ask(QUESTION), stream_mode=["messages", "custom", "values"]))
    out = events[-1][1]
    assert told(out, "generator") == [("generator", "small"), ("generator", "large")]
    assert out["messages"][-1].text == "1813"
    assert out["rag"]["report"]["drafts"] == {"written": 2, "stands": 1}
    assert out["rag"]["report"]["path"] == {
        "retrieval": "single", "retriever": "lexical", "context": "short", "prompt": "direct",
        "generator": "small", "verification": "accept",
    }  # fmt: skip
    assert "its forerunner single/small" in out["rag"]["decisions"][-1]["reason"]
    withdrawn = [p["message_id"] for mode, p in events if mode == "custom" and p["type"] == "withdrawn"]
    shown = {p[0].id: p[0].text for mode, p in events if mode == "messages" and p[0].text}
    assert [shown[one] for one in withdrawn] == ["1813", "1900"]
    assert {i: text for i, text in shown.items() if i not in withdrawn} == {out["messages"][-1].id: "1813"}


@pytest.mark.parametrize(("start", "after"), [("single", 0), ("none", 1)])
def test_a_draft_is_mended_where_that_was_learnt_to_pay(make, ask, policy, start, after):
    """The large model does as well, but not at that price; from no passages, first the way to the draft."""
    make.margins = {"small": 0.1, "helper": 0.9}
    make.scripts |= {"small": lambda kind, text: "1900", "helper": lambda kind, text: "1813"}
    rag = policy("mended", start=start, worth=30.0, options=MENDING)
    out = rag.build_graph().compile().invoke(ask(QUESTION))
    chosen = [name for _, name in told(out, "verification")]
    assert chosen == ["escalate:retrieval"] * after + ["refine", "accept"]
    assert out["messages"][-1].text == "1813"
    assert out["rag"]["report"]["drafts"] == {"written": after + 2, "stands": after + 2}
    (decision,) = (d for d in out["rag"]["decisions"] if d["chosen"] == "refine")
    assert f"{MENDED} expected to add 0." in decision["reason"]
    assert "path" not in decision, "there is no way to go"
    assert decision["expected"][1]["usd"] == 0.002
    assert out["rag"]["decisions"][-1]["reason"].startswith(f"{MENDED} believed")


def test_a_draft_may_be_better_than_what_it_was_mended_to(make, ask, policy):
    make.margins = {"small": 0.45, "helper": 0.0}
    make.scripts |= {"small": lambda kind, text: "1813", "helper": lambda kind, text: "1850"}
    only = {name: own for name, own in MENDING.items() if name != "escalate"}
    rag = policy("mended", start="single", worth=5.0, most=1, options=only)
    out = rag.build_graph().compile().invoke(ask(QUESTION))
    assert [name for _, name in told(out, "verification")] == ["refine", "accept"]
    assert out["messages"][-1].text == "1813"
    assert out["rag"]["report"]["drafts"] == {"written": 2, "stands": 1}


def test_without_the_option_nothing_is_mended(make, ask, policy):
    make.margins = {"small": 0.1, "large": 0.9}
    out = policy("mended", start="single", worth=5.0).build_graph().compile().invoke(ask(QUESTION))
    assert [name for _, name in told(out, "verification")] == ["escalate:generator", "accept"]


def test_a_draft_that_says_that_there_is_no_answer_is_withheld_where_it_stands(make, ask, policy):
    make.margins, make.scripts["small"] = {"small": 0.95}, lambda kind, text: "unanswerable"
    out = policy(worth=50.0).build_graph().compile().invoke(ask(QUESTION))
    assert told(out)[-1] == ("verification", "abstain")
    assert out["messages"][-1].content == ABSTAINED
    assert out["rag"]["decisions"][-1]["reason"].endswith("it says itself that there is no answer")
    plain = policy(worth=50.0, options=("accept", "escalate")).build_graph().compile().invoke(ask(QUESTION))
    assert plain["messages"][-1].content == "unanswerable"


def test_what_nothing_answers_is_abstained_from(make, ask, policy):
    make.scripts |= dict.fromkeys(("small", "large"), lambda kind, text: "unanswerable")
    make.margins = {"small": 0.2, "large": 0.2}
    out = policy("blank", worth=50.0).build_graph().compile().invoke(ask(QUESTION))
    assert out["messages"][-1].text == ABSTAINED
    assert out["rag"]["report"]["abstained"]
    assert out["rag"]["report"]["drafts"]["stands"] is None
    assert "to abstain is worth" in out["rag"]["decisions"][-1]["reason"]
    # where the policy has no such option, the draft stands
    rag = policy("blank", worth=50.0, options=("accept", "escalate"))
    kept = rag.build_graph().compile().invoke(ask(QUESTION))
    assert kept["messages"][-1].text == "unanswerable"


@pytest.mark.parametrize("state", ["all", "lists"])
@pytest.mark.parametrize("most", [0, 1, 2, 100])
def test_no_path_is_taken_twice_and_no_more_than_allowed(make, ask, policy, state, most):
    make.margins = {"small": 0.0, "large": 0.0}
    out = policy(state, worth=0.01, most=most).build_graph().compile().invoke(ask(QUESTION))
    steps = len(out["rag"]["report"]["escalations"])
    assert steps <= min(most, 3), "there are four paths"
    assert out["rag"]["report"]["drafts"]["written"] == steps + 1
    been = [d["path"] for d in out["rag"]["decisions"] if d["chosen"].startswith("escalate")]
    assert len({tuple(path.values()) for path in been} | {("none", "small")}) == steps + 1
    assert sum(len(model.calls) for model in make.models.values()) == steps + 1


@pytest.mark.parametrize("exhausted", ["cheapest", "error"])
def test_what_the_budget_has_no_room_for_is_closed(make, ask, policy, exhausted):
    make.margins = {"small": 0.1, "large": 0.9}
    budget = {"per_query": {"usd": 0.005}, "exhausted": exhausted}
    rag = policy(worth=0.1, budget=budget, helper=None)
    out = rag.build_graph().compile().invoke(ask(QUESTION))
    assert not make.models["large"].calls
    assert told(out, "retrieval") == [("retrieval", "none"), ("retrieval", "single")]
    assert out["rag"]["report"]["cost"]["usd"]["value"] == pytest.approx(0.002)


@pytest.mark.parametrize("granted", [True, False])
def test_a_path_that_only_the_budget_closes_is_asked_about(make, ask, policy, granted):
    make.margins = {"small": 0.1, "large": 0.9}
    rag = policy(worth=0.1, budget={"per_query": {"usd": 0.005}, "exhausted": "ask"}, helper=None)
    chat = thread(rag)
    asked = request(chat(ask(QUESTION)))
    assert (asked["stage"], asked["answered"]) == ("verification", True)
    assert len(make.models["small"].calls) == 1
    best, other = asked["offers"]
    assert best["gain"] > other["gain"] > 0, "the better one first, at the same price"
    assert best["sentence"] == f"{100 * best['gain']:.0f} % likelier right for $0.006 more"
    out = chat.resume(granted)
    assert len(make.models["large"].calls) == granted
    if granted:  # one more draft would add a little, and does not fit either
        second = request(out)
        assert second["spent"] == {"usd": pytest.approx(0.011)}
        assert second["offers"][0]["gain"] < best["gain"]
        out = chat.resume(False)
    report = out["rag"]["report"]
    assert report["bounded"] == "usd: refused more budget"
    assert report["path"]["generator"] == ("large" if granted else "small")
    assert report["cost"]["usd"]["value"] == pytest.approx(0.011 if granted else 0.001)


@pytest.mark.parametrize(("most", "wanted"), [(0.0125, "small"), (0.0115, "large")])
def test_a_step_that_would_leave_no_room_for_the_next_is_not_taken_for_its_sake(
    make, ask, policy, most, wanted
):
    """After the first draft, 0.0115 or 0.0105 are left: for both models, or for the large one alone."""
    make.margins = {"small": 0.1, "large": 0.9}
    rag = policy(worth=10.0, budget={"per_query": {"usd": most}}, helper=None)
    out = rag.build_graph().compile().invoke(ask(QUESTION))
    assert out["rag"]["decisions"][3]["path"] == {"retrieval": "single", "generator": wanted}


def test_a_path_that_cannot_be_gone_leaves_the_draft_and_is_not_wanted_again(make, ask, policy):
    make.margins = {"small": 0.1}
    make.scripts["large"] = lambda kind, text: "BREAK"
    rag = policy(most=9)
    out = rag.build_graph().compile().invoke(ask(QUESTION))
    assert out["messages"][-1].text.startswith("The bridge of town03 opened")
    assert out["rag"]["report"]["path"]["generator"] == "small"
    assert len(out["rag"]["report"]["escalations"]) <= 3
    failed = [line.label for line in rag.account(out["rag"]["turn"]["id"]).lines if line.failed]
    assert failed == ["large"]  # it is left alone after that, so the other paths to it cost nothing
    assert (
        len({tuple(path.values()) for path in out["rag"]["turn"]["failed"]})
        == len(out["rag"]["turn"]["failed"])
        > 0
    )


def test_what_cannot_be_verified_goes_on_where_the_policy_says_so(make, ask, make_failing, states):
    make.margins = {"small": 0.9, "large": 0.9}
    section = verification(states["all"], most=2, on_failure="escalate")
    section["verifiers"].append("failing")
    rag = make(models=MODELS, stages={**STAGES, "verification": section}, objective=objective())
    out = rag.build_graph().compile().invoke(ask(QUESTION))
    assert len(out["rag"]["report"]["escalations"]) == 2
    assert out["rag"]["decisions"][-1]["chosen"] == "accept"


@pytest.fixture
def make_failing(failing):  # noqa: F811 - a fixture by its name
    return failing


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.slow
def test_twenty_at_once_with_a_verifier_that_fails_at_random(make, register, states, seed):  # noqa: F811
    register("flaky")(Flaky)
    chance = random.Random(seed)
    make.margins = {"small": chance.random(), "large": chance.random()}
    section = verification(states["all"], most=3, on_failure="escalate", timeout=2.0)
    section["verifiers"].append({"flaky": {"seed": seed}})
    rag = make(models=MODELS, stages={**STAGES, "verification": section}, objective=objective())
    app = rag.build_graph().compile()

    async def all_at_once():
        asked = [{"messages": [("user", f"When was the bridge of {town} opened?")]} for town in TOWNS]
        return await asyncio.gather(*(app.ainvoke(given) for given in asked))

    outs = asyncio.run(asyncio.wait_for(all_at_once(), 120))
    steps = [len(out["rag"]["report"]["escalations"]) for out in outs]
    assert max(steps) <= 3
    assert any("flaky" in d["features"] for out in outs for d in out["rag"]["decisions"])
    assert any("unverified" in d["features"] for out in outs for d in out["rag"]["decisions"])
    for out in outs:
        assert out["rag"]["turn"]["text"].split()[5] in out["messages"][-1].text, (
            "nothing is lost or mixed up"
        )
        lines = rag.account(out["rag"]["turn"]["id"]).lines
        calls = sum(PRICES[line.label] for line in lines if line.label in PRICES and line.usage.calls)
        assert out["rag"]["report"]["cost"]["usd"]["value"] == pytest.approx(calls), "the account sums"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"router": "escalation"}, r"router\.escalation: 'state' is missing"),
        ({"router": {"escalation": {"stat": "x"}}}, "unknown parameter 'stat'; did you mean 'state'"),
        ({"router": {"escalation": {"state": "nowhere"}}}, "no trained router is here"),
        ({"escalate": {"unsure": "generator"}}, "'escalation' itself chooses the target"),
        ({"verifiers": ["unanswerable"]}, "unknown signal of the verifiers listed 'token_margin'"),
    ],
)
def test_a_mistake_is_told(make, states, change, told):
    section = {**verification(states["all"]), **change}
    with pytest.raises(PolicyError, match=told):
        make(models=MODELS, stages={**STAGES, "verification": section})


@pytest.mark.parametrize(
    ("stages", "told"),
    [
        (
            {"generator": {"options": ["small", "helper"], "router": "random"}},
            "option of generator 'helper'",
        ),
        ({"generator": {"options": ["small"], "router": {"escalation": {}}}}, "'state' is missing"),
    ],
)
def test_a_policy_that_does_not_fit_is_told(make, states, stages, told):
    with pytest.raises(PolicyError, match=told):
        make(models=MODELS, stages={**STAGES, **stages, "verification": verification(states["all"])})


@pytest.mark.parametrize(
    ("options", "models"),
    [
        ({"closed": {"generator": "large"}}, {"small"}),
        ({"options": {"generator": "small"}}, {"small"}),
        ({"options": {"retrieval": "none"}}, {"small", "large"}),
        ({"closed": {"verification": "escalate:retrieval"}}, {"small", "large"}),
    ],
)
def test_it_goes_only_to_paths_that_a_call_leaves_open(make, ask, policy, options, models):
    make.margins = {"small": 0.0, "large": 0.9}
    app = policy(worth=0.5).build_graph().compile()
    out = app.invoke(ask(QUESTION), {"configurable": {"rag": options}})
    assert {name for name, model in make.models.items() if model.calls} <= models
    for decision in out["rag"]["decisions"]:
        assert decision["chosen"] != options.get("closed", {}).get(decision["stage"])
        assert decision["chosen"] == options.get("options", {}).get(decision["stage"], decision["chosen"])


def test_a_draft_is_mended_under_a_call_that_closes_something_else(make, ask, policy):
    make.margins = {"small": 0.1, "helper": 0.9}
    make.scripts |= {"small": lambda kind, text: "1900", "helper": lambda kind, text: "1813"}
    rag = policy("mended", start="single", worth=30.0, options=MENDING)
    closed = {"configurable": {"rag": {"closed": {"generator": "large"}}}}
    out = rag.build_graph().compile().invoke(ask(QUESTION), closed)
    assert [name for _, name in told(out, "verification")] == ["refine", "accept"]
