"""Several policies over one graph: a call names one, a turn keeps it, and they share what they can."""

import asyncio
import itertools

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph

from dynamicrag import DynamicRAG
from dynamicrag.cost.runs import Runs
from dynamicrag.errors import BudgetExceeded, InputError, ModelUnavailable, PolicyError, TotalExceeded
from dynamicrag.retrieval.bm25 import BM25
from dynamicrag.stages.adding import add_stage
from dynamicrag.stages.base import STAGES, StageBase
from dynamicrag.testing import FakeRetriever, ScriptedChat
from dynamicrag.topology import TOPOLOGY, Stage
from dynamicrag.verify.agreement import Agreement

from .conftest import TOWNS, call
from .test_books import PRICED

QUESTION = "When was the bridge of town03 opened?"


def under(policy, thread="1", **options):
    return {"configurable": {"thread_id": thread, "rag": {"policy": policy, **options}}}


def writes(model):
    return {"generator": {"options": [model]}}


def stages_of(out):
    return [decision["stage"] for decision in out["rag"]["decisions"]]


@pytest.fixture
def rag(make):
    """Return an object whose first policy writes with ``small``, and others with ``medium`` and ``large``."""
    further = {
        "mid": make.policy(stages=writes("medium")),
        "rich": make.policy(
            stages={
                **writes("large"),
                "rewrite": {"options": ["multi_query"]},
                "rerank": {"options": ["none"]},
            },
        ),
    }
    make.scripts["helper"] = lambda kind, text: "1. the crossing of town05\n2. the town07 bridge"
    return make(policies=further)


@pytest.mark.parametrize("how", ["sync", "async"])
def test_a_call_names_its_policy(rag, ask, how):
    app = rag.build_graph().compile()
    first = rag.pipeline.policy.name
    for name, model in (("mid", "medium"), ("rich", "large"), (first, "small")):
        out = call(app, how, ask(QUESTION), under(name))
        assert out["rag"]["report"]["path"]["generator"] == model
        assert out["rag"]["turn"]["policy"] == ("" if name == first else name)
        kept = None if name == first else name
        assert {decision.get("policy") for decision in out["rag"]["decisions"]} == {kept}
    assert call(app, how, ask(QUESTION))["rag"]["report"]["path"]["generator"] == "small"


def test_the_context_names_it_too_and_a_subgraph_hears_it(rag, ask):
    builder = StateGraph(MessagesState)
    builder.add_node("rag", rag.build_graph().compile())
    builder.add_edge(START, "rag")
    app = builder.compile()
    app.invoke(ask(QUESTION), context={"rag": {"policy": "mid"}})
    app.invoke(ask(QUESTION), under("rich"))
    asked = {name: len(model.calls) for name, model in rag.pipeline.models.items()}
    assert asked == {"small": 0, "medium": 1, "large": 1, "helper": 1}


def test_the_graph_has_the_stages_of_all_and_a_turn_passes_by_those_of_others(rag, make, ask):
    app = rag.build_graph().compile()

    def nodes(config):
        seen = []
        for update in app.stream(ask(QUESTION), config, stream_mode="updates"):
            seen += update
        return seen

    rich = [
        "begin_turn",
        "retrieval",
        "rewrite",
        "retriever",
        "rerank",
        "context",
        "generate",
        "verify",
        "finish",
    ]
    assert nodes(under("rich")) == rich
    assert nodes(under("mid")) == [name for name in rich if name not in ("rewrite", "rerank")]
    assert nodes(None) == nodes(under("mid"))
    out = app.invoke(ask(QUESTION), under("rich"))
    assert stages_of(out)[1] == "rewrite"
    assert out["rag"]["turn"]["queries"][1] == "the crossing of town05"
    assert not {"rewrite", "rerank"} & set(app.invoke(ask(QUESTION))["rag"]["report"]["path"])


def test_the_first_policy_may_have_more_stages_than_the_others(make, ask):
    make.scripts["helper"] = lambda kind, text: "1. the crossing of town05"
    rag = make(
        stages={"rewrite": {"options": ["multi_query"]}, "retrieval": {"options": ["none"]}},
        policies={"plain": make.policy()},
    )
    app = rag.build_graph().compile()
    assert stages_of(app.invoke(ask(QUESTION))) == ["retrieval", "prompt", "generator", "verification"]
    found = app.invoke(ask(QUESTION), under("plain"))
    assert stages_of(found)[:3] == ["retrieval", "retriever", "context"]
    assert not make.models["helper"].calls


@pytest.fixture
def noted():
    """A user's stage that no option of another passes by."""

    @add_stage(Stage("noted"), after="retrieval")
    class Noted(StageBase):
        async def act(self, option, turn, run):
            return {"system": "noted"}

    yield
    STAGES._classes.pop("noted")
    TOPOLOGY.remove("noted")


def test_a_users_stage_of_one_policy_is_not_met_under_another(make, ask, noted):
    rag = make(policies={"noting": make.policy(stages={"noted": {"options": ["on"]}})})
    app = rag.build_graph().compile()
    seen = [
        [name for update in app.stream(ask(QUESTION), config, stream_mode="updates") for name in update]
        for config in (None, under("noting"))
    ]
    assert seen[0][:3] == ["begin_turn", "retrieval", "retriever"]
    assert seen[1][:4] == ["begin_turn", "retrieval", "noted", "retriever"]


def test_options_are_checked_against_the_policy_of_the_call(rag, ask):
    app = rag.build_graph().compile()
    assert app.invoke(ask(QUESTION), under("rich", options={"rewrite": "multi_query"}))
    with pytest.raises(InputError, match=r"rag\.options: unknown stage 'rewrite'"):
        app.invoke(ask(QUESTION), under("mid", options={"rewrite": "multi_query"}))
    with pytest.raises(InputError, match=r"rag\.options\.generator: unknown option 'small'; valid: medium"):
        app.invoke(ask(QUESTION), under("mid", options={"generator": "small"}))
    out = app.invoke(ask(QUESTION), under(rag.pipeline.policy.name, closed={"generator": "small"}))
    assert out["rag"]["report"]["path"]["generator"] == "medium"


@pytest.mark.parametrize(
    ("named", "message"),
    [
        (
            "mod",
            r"configurable\.rag\.policy: unknown policy 'mod'; .* 'mid'\? valid: mid, policy-\w+, rich",
        ),
        ("", r"configurable\.rag\.policy: expected the name of a policy; got ''"),
        (["mid"], r"rag\.policy: expected the name of a policy; got \['mid'\]"),
    ],
)
def test_an_unknown_policy_is_refused_before_anything_is_spent(rag, ask, named, message):
    with pytest.raises(InputError, match=message):
        rag.build_graph().compile().invoke(ask(QUESTION), under(named))
    assert not rag.pipeline.ledger._accounts


@pytest.mark.slow
async def test_fifty_calls_under_different_policies_do_not_mix(rag, ask):
    app = rag.build_graph().compile()
    policies, models = [rag.pipeline.policy.name, "mid", "rich"], ["small", "medium", "large"]

    async def one(n):
        return await app.ainvoke(
            ask(f"When was the bridge of {TOWNS[n % 20]} opened?"), under(policies[n % 3])
        )

    outs = await asyncio.gather(*map(one, range(50)))
    for n, out in enumerate(outs):
        assert out["messages"][-1].text == f"The bridge of {TOWNS[n % 20]} opened"
        assert out["rag"]["report"]["path"]["generator"] == models[n % 3]
        assert ("rewrite" in out["rag"]["report"]["path"]) == (n % 3 == 2)
        labels = {line.label for line in rag.account(out["rag"]["report"]["query_id"]).lines}
        assert labels & set(models) == {models[n % 3]}
    assert not rag.pipeline.budget._open


class TestShared:
    def test_what_two_policies_describe_alike_is_one_object(self, rag):
        first, mid, rich = rag.policies.values()
        for other in (mid, rich):
            assert all(other.models[name] is first.models[name] for name in first.models)
            assert other.corpora["docs"] is first.corpora["docs"]
            assert other.embedder is first.embedder
            assert (other.ledger, other.bookkeeper) == (first.ledger, first.bookkeeper)
            assert other.budget.purse is first.budget.purse

    def test_a_model_that_is_described_otherwise_is_another(self, make):
        models = {**make.policy()["models"], "small": {"model": "fake:small", "params": {"context": 500}}}
        prices = {"profile": {"usd": {"input": 1e-6, "output": 2e-6}}}
        rag = make(
            policies={
                "short": make.policy(models=models),
                "priced": make.policy(models={**models, "large": {"model": "fake:large", **prices}}),
            }
        )
        first, short, priced = rag.policies.values()
        assert short.models["small"] is not first.models["small"]
        assert short.models["medium"] is first.models["medium"]
        assert short.models["small"] is priced.models["small"]
        assert priced.models["large"] is first.models["large"], "a price is not part of the model"
        assert priced.profiles["large"].priced
        assert not first.profiles["large"].priced

    def test_corpora_of_one_name_and_other_files_are_two(self, make, ask, tmp_path):
        (tmp_path / "one.md").write_text("# About town03\n\nThe bridge of town03 is a ferry.\n")
        rag = make(policies={"other": make.policy(corpora={"docs": {"path": str(tmp_path / "one.md")}})})
        app = rag.build_graph().compile()
        documents = [
            {
                passage["document"]
                for passage in app.invoke(ask(QUESTION), config)["rag"]["turn"]["candidates"]
            }
            for config in (None, under("other"))
        ]
        assert "town03.md" in documents[0]
        assert documents[1] == {"one.md"}

    def test_a_corpus_that_is_given_replaces_that_of_each(self, make, docs):
        policy = make.policy(corpora={"docs": {"path": "nowhere/"}})
        rag = DynamicRAG.from_policy(policy, docs, policies={"again": policy})
        first, again = rag.policies.values()
        assert first.corpora["docs"] is again.corpora["docs"]
        assert first.corpora["docs"].paths == (docs,)
        rag.close()

    def test_the_callers_objects_serve_all_and_one_policy_has_to_name_them(self, make, ask):
        chat = ScriptedChat(script=lambda kind, text: "mine")
        models = {**make.policy()["models"], "own": {}}
        stages = {**writes("own"), "retriever": {"options": ["kb"]}}
        further = {"own": make.policy(models=models, stages=stages)}
        objects = {"models": {"own": chat}, "retrievers": {"kb": FakeRetriever(["town03: a bridge of 1813"])}}
        app = make(policies=further, objects=objects).build_graph().compile()
        assert app.invoke(ask(QUESTION))["messages"][-1].text == "The bridge of town03 opened"
        assert app.invoke(ask(QUESTION), under("own"))["messages"][-1].text == "mine"
        with pytest.raises(
            PolicyError, match=r"models: unknown model of the policies 'owm'; did you mean 'own'"
        ):
            make(policies=further, objects={**objects, "models": {"own": chat, "owm": chat}})

    def test_a_retriever_of_the_callers_searches_the_corpora_of_each(self, make, ask, tmp_path):
        (tmp_path / "one.md").write_text("# About town03\n\nThe bridge of town03 is a ferry.\n")
        stages = {"retriever": {"options": ["kb"]}}
        other = make.policy(stages=stages, corpora={"docs": {"path": str(tmp_path / "one.md")}})
        rag = make(stages=stages, policies={"other": other}, objects={"retrievers": {"kb": BM25()}})
        app = rag.build_graph().compile()
        assert app.invoke(ask(QUESTION))["rag"]["turn"]["candidates"][0]["document"] == "town03.md"
        found = app.invoke(ask(QUESTION), under("other"))["rag"]["turn"]["candidates"]
        assert [passage["document"] for passage in found] == ["one.md"]

    def test_a_verifier_of_the_callers_goes_by_the_thresholds_of_each(self, make):
        def judges(threshold):
            return {
                "verification": {
                    "options": ["accept", "abstain"],
                    "verifiers": ["mine"],
                    "router": {"thresholds": {"unsure": {"agreement": threshold}}},
                }
            }

        mine = Agreement(samples=4)
        rag = make(
            stages=judges(0.2),
            policies={"strict": make.policy(stages=judges(0.9))},
            objects={"verifiers": {"mine": mine}},
        )
        first, strict = (each.verification.verifiers["mine"] for each in rag.policies.values())
        assert first is mine
        assert (first.verdict(0.5), strict.verdict(0.5)) == (True, False)

    def test_an_object_that_no_policy_names_is_refused(self, make):
        with pytest.raises(PolicyError, match=r"^verifiers\['mine'\]: the policy does not have this name"):
            make(policies={"x": make.policy()}, objects={"verifiers": {"mine": Agreement()}})


class TestBudgets:
    def test_all_spend_from_the_total_of_the_first(self, make, ask):
        total = {"budget": {"total": {"usd": 0.021}}}
        rag = make(
            models=PRICED,
            objective=total,
            stages=writes("medium"),
            policies={"again": make.policy(models=PRICED, stages=writes("medium"))},
        )
        app = rag.build_graph().compile()
        app.invoke(ask(QUESTION))
        app.invoke(ask(QUESTION), under("again"))
        assert rag.budget()["usd"]["spent"] == pytest.approx(0.02)
        for config in (None, under("again")):
            with pytest.raises(TotalExceeded, match=r"objective\.budget\.total\.usd"):
                app.invoke(ask(QUESTION), config)
        assert rag.flush()
        assert rag.budget()["usd"]["spent"] == pytest.approx(0.02)

    async def test_the_total_holds_for_calls_at_once(self, make, ask):
        rag = make(
            models=PRICED,
            objective={"budget": {"total": {"usd": 0.1}}},
            stages=writes("medium"),
            policies={"again": make.policy(models=PRICED, stages=writes("medium"))},
        )
        app = rag.build_graph().compile()
        calls = (app.ainvoke(ask(QUESTION), under("again") if n % 2 else None) for n in range(30))
        outs = await asyncio.gather(*calls, return_exceptions=True)
        assert sum(isinstance(out, dict) for out in outs) == 10
        assert all(isinstance(out, dict | TotalExceeded) for out in outs)
        assert rag.budget()["usd"]["spent"] == pytest.approx(0.1)

    def test_limits_per_query_are_those_of_the_policy_of_the_call(self, make, ask):
        tight = {"budget": {"per_query": {"usd": 0.005}}}
        rag = make(
            models=PRICED,
            stages=writes("medium"),
            policies={"tight": make.policy(models=PRICED, objective=tight, stages=writes("medium"))},
        )
        app = rag.build_graph().compile()
        app.invoke(ask(QUESTION))
        with pytest.raises(BudgetExceeded, match=r"objective\.budget\.per_query\.usd: a call may use 0\.01"):
            app.invoke(ask(QUESTION), under("tight"))
        with pytest.raises(BudgetExceeded, match=r"the call's budget\.usd"):
            app.invoke(ask(QUESTION), under("tight", budget={"usd": 0.004}))

    def test_a_limit_of_the_first_in_money_needs_the_prices_of_all(self, make):
        with pytest.raises(PolicyError, match=r"^policies\['other'\]: .*no price is known of model 'small'"):
            make(
                models=PRICED,
                objective={"budget": {"total": {"usd": 1}}},
                policies={"other": make.policy()},
            )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"objective": {"budget": {"total": {"joules": 5}}}},
            r"^policies\['x'\]: objective\.budget\.total: all .* its first policy, 'policy-\w+'; remove",
        ),
        (
            {"objective": {"budget": {"account": "team"}}},
            r"^policies\['x'\]: objective\.budget\.account: all pol",
        ),
        (
            {"host": {"meter": "none", "country": "DEU"}},
            r"^policies\['x'\]: host: differs from .* 'policy-\w+', which",
        ),
        ({"runs": {"keep": 7}}, r"^policies\['x'\]: runs\.keep: differs from"),
        ({"runs": {"address": "sqlite:///x"}}, r"^policies\['x'\]: runs\.address: differs from"),
        ({"helper": "helpr"}, r"^policies\['x'\]: helper: unknown model 'helpr'; did you mean 'helper'"),
        (
            {"stages": {"generater": {}}},
            r"^policies\['x'\]: stages: unknown key 'generater'; did you mean 'gen",
        ),
    ],
)
def test_what_a_further_policy_cannot_say_is_refused_with_its_name(make, changes, message):
    with pytest.raises(PolicyError, match=message):
        make(policies={"x": make.policy(**changes)})


@pytest.mark.parametrize(
    ("policies", "message"),
    [
        ({"x": "frugl"}, r"^policies\['x'\]: policy: unknown preset 'frugl'; did you mean 'frugal'"),
        ({"x": "gone.yaml"}, r"^policies\['x'\]: gone\.yaml: no such policy file"),
        ({"": "frugal"}, r"^policies: expected policies by name"),
        (["frugal"], r"^policies: expected policies by name, .*got"),
    ],
)
def test_a_policy_that_cannot_be_read_says_which(make, policies, message):
    with pytest.raises(PolicyError, match=message):
        make(policies=policies)


def test_a_further_policy_needs_another_name_than_the_first(make):
    first = make().pipeline.policy.name
    with pytest.raises(PolicyError, match=rf"^policies\['{first}'\]: the first policy has this name already"):
        make(policies={first: "frugal"})


def test_a_model_that_is_not_there_says_which_policy_has_it(docs, tmp_path, monkeypatch):
    monkeypatch.setenv("DYNAMICRAG_CACHE", str(tmp_path))
    given = {"version": 1, "corpora": {"docs": {"path": str(docs)}}}
    bad = {**given, "models": {"m": {"model": "nothing"}}}
    good = {**given, "host": {"meter": "none"}, "models": {"m": {"model": "openai:gpt-4o-mini"}}}
    with pytest.raises(ModelUnavailable, match=r"^policies\['bad'\]: model m: expected 'provider:model'"):
        DynamicRAG.from_policy(good, policies={"bad": bad})


class TestTurns:
    def paused(self, rag, ask, policy, saver, thread="1"):
        app = rag.build_graph().compile(checkpointer=saver, interrupt_before=["generate"])
        app.invoke(ask(QUESTION), under(policy, thread))
        return app

    def test_a_turn_that_is_resumed_keeps_its_policy(self, rag, ask):
        app = self.paused(rag, ask, "rich", InMemorySaver())
        thread = {"configurable": {"thread_id": "1"}}
        assert app.invoke(None, thread)["rag"]["report"]["path"]["generator"] == "large"
        app.invoke(ask("And the bridge of town04?"), thread)
        out = app.invoke(None, thread)
        assert out["rag"]["report"]["path"]["generator"] == "small", "another question is another turn"

    def test_so_it_does_with_another_object(self, rag, make, ask):
        saver = InMemorySaver()
        self.paused(rag, ask, "mid", saver)
        other = make(policies={"mid": make.policy(stages=writes("medium"))})
        out = (
            other.build_graph().compile(checkpointer=saver).invoke(None, {"configurable": {"thread_id": "1"}})
        )
        assert out["rag"]["report"]["path"]["generator"] == "medium"

    def test_an_object_without_the_policy_cannot_go_on(self, rag, make, ask):
        saver = InMemorySaver()
        self.paused(rag, ask, "mid", saver)
        app = make().build_graph().compile(checkpointer=saver)
        with pytest.raises(
            InputError, match=r"^the question under way: unknown policy 'mid'; .*policies={'mid'"
        ):
            app.invoke(None, {"configurable": {"thread_id": "1"}})

    @pytest.mark.parametrize(("began", "other"), [("mid", "rich"), ("mid", "first"), ("first", "mid")])
    def test_a_call_cannot_change_it_in_mid_turn(self, rag, ask, began, other):
        began, other = (rag.pipeline.policy.name if name == "first" else name for name in (began, other))
        app = self.paused(rag, ask, began, InMemorySaver())
        with pytest.raises(
            InputError, match=rf"rag\.policy: '{other}' for a question .* with '{began}', and"
        ):
            app.invoke(None, under(other))
        assert app.invoke(None, under(began))["rag"]["report"]["cost"]

    @pytest.mark.parametrize("how", ["sync", "async"])
    def test_single_nodes_go_by_it_too(self, rag, ask, how):
        builder = StateGraph(MessagesState)
        line = ["rewrite", "retriever", "rerank", "context", "generator", "verification", "finish"]
        for stage in line:
            rag.add_node(builder, f"a_{stage}", stage=stage)
        builder.add_edge(START, f"a_{line[0]}")
        for one, next_ in itertools.pairwise(line):
            builder.add_edge(f"a_{one}", f"a_{next_}")
        app = builder.compile()
        for name, model in (("rich", "large"), ("mid", "medium")):
            asked = len(rag.pipeline.models[model].calls)
            call(app, how, ask(QUESTION), under(name))
            assert len(rag.pipeline.models[model].calls) == asked + 1
        assert len(rag.pipeline.models["helper"].calls) == 1, "to rewrite, under one of them"


class TestBooks:
    def test_rows_carry_the_policy_of_the_call_and_its_options(self, rag, ask, tmp_path, monkeypatch):
        monkeypatch.setenv("DYNAMICRAG_DATA", str(tmp_path / "data"))
        rag.pipeline.bookkeeper._runs = Runs()
        app = rag.build_graph().compile()
        for config in (None, under("rich")):
            app.invoke(ask(QUESTION), config)
        assert rag.flush()
        first, rich = Runs().turns()
        assert (first["policy"], rich["policy"]) == (rag.pipeline.policy.name, "rich")
        assert first["options"]["generator"] == ["small", "medium", "large"]
        assert rich["options"]["generator"] == ["large"]
        assert rich["options"]["rewrite"] == ["multi_query"]
        assert "rewrite" not in first["options"]

    def test_a_query_is_explained_by_its_own_policy(self, rag, ask):
        out = rag.build_graph().compile().invoke(ask(QUESTION), under("rich"))
        found = rag.explain(out["rag"]["report"]["query_id"], QUESTION)
        assert found.path == out["rag"]["report"]["path"]
        assert found.stages["rewrite"]["seconds"]["value"] > 0

    def test_all_are_warmed_each_model_once_and_all_are_closed(self, make, monkeypatch, tmp_path, docs):
        (tmp_path / "one.md").write_text("# About town03\n\nThe bridge of town03 is a ferry.\n")
        models = {**make.policy()["models"], "extra": {"model": "fake:extra"}}
        corpora = {"docs": {"path": str(docs)}, "more": {"path": str(tmp_path / "one.md")}}
        rag = make(policies={"more": make.policy(models=models, corpora=corpora, stages=writes("extra"))})
        loaded, closed = [], []
        for model in make.models.values():
            monkeypatch.setattr(model, "load", lambda model=model: loaded.append(model.name))
            monkeypatch.setattr(model, "runs", "remote")
        rag.warm()
        assert loaded == ["small", "medium", "large", "helper", "extra"]
        more = rag.policies["more"].corpora["more"]
        assert (more.folder / "store.sqlite").exists()
        monkeypatch.setattr(more, "close", lambda: closed.append("more"))
        rag.close()
        assert closed == ["more"]
