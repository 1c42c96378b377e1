import numpy as np
import pytest

from dynamicrag.errors import InputError, PolicyError
from dynamicrag.features.base import Seen
from dynamicrag.lab.outcomes.table import Outcome, OutcomeTable, Row
from dynamicrag.lab.recipe import Recipe
from dynamicrag.lab.stage_table import at_stage
from dynamicrag.lab.training import train_joint, train_router
from dynamicrag.predictors.base import Predictor
from dynamicrag.routers.estimator import Estimator

LINEAR = Recipe("linear", ["lexical"])


def easy_and_hard(count: int = 60) -> OutcomeTable:
    """Questions with numbers are right with the large model alone, others with either."""
    rows = []
    for i in range(count):
        hard = i % 2
        text = (
            f"What is {i} times {i + 3} plus {i}?"
            if hard
            else f"Who opened the bridge of town{'abc'[i % 3]}?"
        )
        outcomes = {
            "small": Outcome(1.0 - hard, facts={"joules": 10.0}),
            "large": Outcome(1.0, facts={"joules": 100.0}),
        }
        rows.append(Row(f"q{i}", text, outcomes))
    return OutcomeTable(rows, name="t.jsonl")


def paths(*taken: dict[str, str]) -> OutcomeTable:
    outcomes = {"/".join(path.values()): Outcome(0.5, path=path) for path in taken}
    return OutcomeTable([Row(f"q{i}", f"What is {i}?", outcomes) for i in range(30)], name="paths.jsonl")


def path(retrieval: str, context: str, generator: str) -> dict[str, str]:
    return {"retrieval": retrieval, "context": context, "generator": generator}


def test_a_router_learns_what_tells_the_options_apart():
    estimator = train_router(easy_and_hard(), LINEAR, stage="generator")
    seen = [Seen("Who opened the bridge of townb?"), Seen("What is 7 times 10 plus 7?")]
    mean = estimator.estimate(seen).mean
    assert mean[0, 0] > 0.8
    assert mean[1, 0] < 0.2
    assert mean[:, 1].min() > 0.8
    assert estimator.about.costs == {"joules": [10.0, 100.0]}
    assert estimator.about.quality == pytest.approx([0.5, 1.0])


@pytest.mark.parametrize(("stage", "known"), [("retrieval", False), ("context", True)])
def test_a_stage_learns_from_what_is_known_when_it_decides(stage, known):
    """What was found tells which option is right; it is known to the stages after retrieval."""
    ways = {
        "retrieval": (path("none", "short", "small"), path("single", "short", "small")),
        "context": (path("single", "short", "small"), path("single", "long", "small")),
    }
    rows = []
    for i in range(60):
        signals = {"matched": float(i % 2), "coverage": i % 3 / 2}
        outcomes = {
            "/".join(way.values()): Outcome(float(k == i % 2), signals=signals, path=way)
            for k, way in enumerate(ways[stage])
        }
        rows.append(Row(f"q{i}", f"What is {i // 2}?", outcomes))
    estimator = train_router(OutcomeTable(rows), Recipe("linear", ["retrieval"]), stage=stage)
    found = estimator.estimate([Seen("What is 3?", {"matched": 1.0, "coverage": 0.5})]).mean[0]
    assert bool(found[1] > 0.9) is known


def test_the_saved_router_estimates_the_same(tmp_path):
    trained = train_router(easy_and_hard(), Recipe({"knn": {"k": 5}}, ["lexical"]))
    loaded = Estimator.load(trained.state().save(tmp_path / "routers" / "generator"))
    seen = easy_and_hard().seen()
    np.testing.assert_array_equal(loaded.estimate(seen).mean, trained.estimate(seen).mean)
    assert loaded.neighbours(seen[3], most=1) == trained.neighbours(seen[3], most=1)
    ((_, text, distance),) = loaded.neighbours(seen[3], most=1)
    assert text.startswith("What is")
    assert distance == pytest.approx(0, abs=0.1)
    assert loaded.about == trained.about


def test_questions_can_be_left_out_of_the_file(tmp_path):
    trained = train_router(easy_and_hard(), Recipe("knn", ["lexical"]), keep_questions=False)
    assert b"bridge" not in trained.state().save(tmp_path / "r").read_bytes()
    assert trained.neighbours(easy_and_hard().seen()[0]) == []


def test_effects_name_the_feature_that_decides():
    estimator = train_router(easy_and_hard(), LINEAR)
    effects = estimator.effects(easy_and_hard().seen()[1], "large", "small")
    assert effects
    assert effects == sorted(effects, key=lambda e: -abs(e[1]))
    assert sum(effect for _, effect in effects) > 0


def test_near_duplicates_stay_together_in_what_a_joint_router_learns(monkeypatch):
    rows = []
    for i in range(40):
        signals = {"matched": float(i % 3)} if i < 30 else {}
        outcomes = {
            name: Outcome(float(i % 2), signals=signals, path={"generator": name})
            for name in ("small", "large")
        }
        rows.append(Row(f"q{i}", f"What is the square of number {i // 2}, please?", outcomes))
    heard, fit = [], Predictor.fit

    def listening(self, X, quality, cost=None, groups=None, blocks=None):
        heard.append(list(groups))
        return fit(self, X, quality, cost, groups, blocks)

    monkeypatch.setattr(Predictor, "fit", listening)
    train_joint(OutcomeTable(rows, name="t"), Recipe("best_single", ["lexical", "retrieval"]))
    before, after = heard
    assert len(before) == 40
    assert after == before[:30], "what was retrieved for"
    assert all(before[i] == before[i + 1] for i in range(0, 40, 2))
    assert len(set(before)) > 1


@pytest.mark.parametrize("family", ["tfidf", "embedding"])
def test_families_whose_numbers_mean_nothing_to_people_are_told_as_a_whole(family):
    def embed(texts):
        return np.array([[float("times" in text), float(len(text) % 3), 1.0] for text in texts])

    estimator = train_router(easy_and_hard(), Recipe("linear", ["lexical", family], embed))
    told = [name for name, _ in estimator.effects(easy_and_hard().seen()[1], "large", "small")]
    assert family in told
    assert not any(name.startswith(f"{family}:") for name in told)
    assert any(name.startswith("lexical:") for name in told)


def test_a_table_of_paths_is_cut_to_the_stage_at_its_best_covered_setting():
    table = paths(
        path("single", "short", "small"), path("single", "short", "large"),
        path("single", "long", "small"), path("none", "short", "small"),
    )  # fmt: skip
    assert at_stage(table, "generator").options == ("small", "large")
    assert at_stage(table, "context").options == ("short", "long")
    # what is not retrieved for has no context: 'none' compares with any
    assert at_stage(table, "retrieval").options == ("single", "none")
    with pytest.raises(InputError, match="fewer than two options of 'generator'"):
        at_stage(table, "generator", {"context": "long"})


@pytest.mark.parametrize(
    ("table", "recipe", "stage", "error", "told"),
    [
        (easy_and_hard(10), LINEAR, "", InputError, "10 questions; at least 20"),
        (easy_and_hard().only(["small"]), LINEAR, "", InputError, "a single option, 'small'"),
        (paths(path("none", "short", "small")), LINEAR, "", InputError, "say which --stage"),
        (paths(path("none", "short", "small")), LINEAR, "generatr", InputError, "did you mean 'generator'"),
        (easy_and_hard(), Recipe("knm", ["lexical"]), "", PolicyError, "did you mean 'knn'"),
        (easy_and_hard(), Recipe("linear", ["lexicle"]), "", PolicyError, "did you mean 'lexical'"),
        (easy_and_hard(), Recipe("linear", ["response"]), "", PolicyError, "known after generation alone"),
        (easy_and_hard(), Recipe("linear", ["embedding"]), "", PolicyError, "needs an embedding model"),
    ],
)
def test_what_cannot_be_learnt_from_is_told(table, recipe, stage, error, told):
    with pytest.raises(error, match=told):
        train_router(table, recipe, stage=stage)
