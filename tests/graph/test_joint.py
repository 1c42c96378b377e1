"""A joint router in the graph: one router for several stages, which sees what retrieval brought."""

import numpy as np
import pytest

from dynamicrag.errors import PolicyError
from dynamicrag.features.base import FeatureSet, Seen
from dynamicrag.predictors.base import PREDICTORS
from dynamicrag.routers.paths import PathEstimator

from .conftest import call

PATHS = {
    "none/small": {"retrieval": "none", "generator": "small", "verification": "accept"},
    "single/small": {"retrieval": "single", "retriever": "lexical", "generator": "small"},
    "single/large": {"retrieval": "single", "retriever": "lexical", "generator": "large"},
}
FOUND, LOST = "Was the bridge of town07 opened?", "Was the bridge of Xanadu on Zorn opened?"
STAGES = {
    "retrieval": {"options": ["none", "single"]},
    "generator": {"options": ["small", "large"]},
}


@pytest.fixture
def joint(tmp_path):
    """The small model is right where the best passage has nearly all of the question's words."""
    queries, quality = [], []
    for i in range(80):
        matched = (i % 8) / 7
        queries.append(Seen(f"Was the bridge of place{i} opened?", {"matched": matched, "idf_coverage": 0.8}))
        quality.append([0.0, float(matched > 0.8), 0.8])
    estimator = PathEstimator.fit(
        queries, np.array(quality), PATHS,
        features=lambda: FeatureSet(["retrieval"]),
        predictor=lambda: PREDICTORS.build({"knn": {"k": 5}}, "t"),
    )  # fmt: skip
    return {"knn": {"state": str(estimator.state().save(tmp_path / "joint"))}}


@pytest.mark.parametrize("how", ["sync", "async"])
def test_it_decides_its_stages_and_changes_its_plan_after_retrieval(make, ask, joint, how):
    app = make(stages=STAGES, joint=joint).build_graph().compile()
    chosen = {}
    for question in (FOUND, LOST):
        decisions = {d["stage"]: d for d in call(app, how, ask(question))["rag"]["decisions"]}
        routers = {stage: d["router"] for stage, d in decisions.items()}
        assert routers == {
            "retrieval": "joint", "retriever": "fixed", "context": "fixed", "prompt": "fixed",
            "generator": "joint", "verification": "fixed",
        }  # fmt: skip
        assert "single/large" in decisions["retrieval"]["reason"]
        # what an earlier stage knew stays known
        assert "idf_coverage" in decisions["generator"]["features"]
        assert decisions["generator"]["quality"][0] is not None
        chosen[question] = decisions["generator"]["chosen"]
    assert chosen == {FOUND: "small", LOST: "large"}


def test_a_provider_that_fails_is_gone_round(make, ask, joint):
    maker = make
    maker.scripts["large"] = lambda kind, text: "BREAK"
    app = maker(stages=STAGES, joint=joint).build_graph().compile()
    state = call(app, "sync", ask(LOST))
    assert [d["chosen"] for d in state["rag"]["decisions"] if d["stage"] == "generator"] == ["large", "small"]


@pytest.mark.parametrize(
    ("stages", "told"),
    [
        (
            {
                **STAGES,
                "generator": {"options": ["small", "large"], "router": {"fixed": {"option": "large"}}},
            },
            r"stages\.generator\.router: 'joint' decides this stage; remove this router or 'joint'",
        ),
        ({**STAGES, "generator": {"options": ["small", "medium"]}}, "unknown option of generator 'medium'"),
        (
            {"retrieval": {"options": ["none"]}, "generator": {"options": ["large"]}},
            "none of the paths that it was trained on",
        ),
    ],
)
def test_a_policy_that_does_not_fit_is_told(make, joint, stages, told):
    with pytest.raises(PolicyError, match=told):
        make(stages=stages, joint=joint)


def test_a_call_closes_an_option_of_its_paths(make, ask, joint):
    app = make(stages=STAGES, joint=joint).build_graph().compile()
    for options, model in (
        ({"closed": {"generator": "large"}}, "small"),
        ({"options": {"generator": "large"}}, "large"),
    ):
        for question in (FOUND, LOST):
            out = app.invoke(ask(question), {"configurable": {"rag": options}})
            assert out["rag"]["turn"]["path"]["generator"] == model
