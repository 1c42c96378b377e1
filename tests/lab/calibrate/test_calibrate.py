import json
from dataclasses import replace

import numpy as np
import pytest
import yaml

from dynamicrag.errors import InputError, PolicyError
from dynamicrag.lab.calibrate.forecast import held_out
from dynamicrag.lab.calibrate.options import ends
from dynamicrag.lab.calibrate.realised import realise
from dynamicrag.lab.calibrate.replay import jointly, stagewise, walk
from dynamicrag.lab.calibrate.run import calibrate
from dynamicrag.lab.calibrate.setting import shows
from dynamicrag.lab.calibrate.target import Target
from dynamicrag.lab.calibrate.view import build_page
from dynamicrag.lab.calibrate.walked import Verdicts, Walks, pipeline_of
from dynamicrag.lab.calibrate.world import World
from dynamicrag.lab.calibrate.write import calibrated, text
from dynamicrag.lab.recipe import Recipe
from dynamicrag.lab.view.html import to_html
from dynamicrag.policy.file import load_policy

from .made import POLICY, recorded, right, world

RECIPE = Recipe("linear", ["lexical", "retrieval"])


def run(target, made=None, policy=POLICY):
    return calibrate(made or world(), load_policy(policy), target, RECIPE, samples=200)


def test_a_quality_is_kept_at_less_cost_on_questions_that_were_held_out():
    report = run(Target(0.98)).report.as_json()
    own = report["policies"]["calibrated"]
    assert report["reached"]["quality"]["ok"]
    assert own["quality"] == pytest.approx(1.0, abs=0.03)
    # 5 J for greetings, 30 for look-ups, 100 for the rest
    assert own["costs"]["joules"] == pytest.approx(45, abs=8)
    assert own["intervals"]["ratio"][1] < 0.6
    assert report["baseline"]["path"] == "single/large"
    assert report["policies"]["oracle"]["costs"]["joules"] <= own["costs"]["joules"] + 1e-9
    promised = report["promised"]["calibrated"]["joules"]
    assert promised["promised"] == pytest.approx(promised["realised"], rel=0.1)
    json.dumps(report)


def test_a_limit_of_cost_is_kept_with_what_quality_can_be_had():
    report = run(Target(limits={"joules": 30.0})).report.as_json()
    own = report["policies"]["calibrated"]
    assert own["costs"]["joules"] <= 33
    assert 0.6 < own["quality"] < 1


def test_where_choosing_gains_nothing_a_single_path_is_set(tmp_path):
    made = world(quality=lambda kind, name: float(name == "single/small"))
    calibration = run(Target(1.0), made)
    assert (
        calibration.report.as_json()["setting"]["path"] == "single/small"
        or calibration.setting.lam is not None
    )
    assert calibration.report.as_json()["policies"]["calibrated"]["quality"] == 1.0


@pytest.mark.slow
def test_a_policy_that_does_better_than_what_is_learnt_stands_as_it_is(tmp_path):
    made = world(
        quality=lambda kind, name: right(kind, name) * (kind < 2),
        signals=lambda quality: {"groundedness": 1.0 if quality else 0.8},
    )
    made = replace(made, answerable=np.arange(len(made)) % 3 < 2)  # what has no answer is withheld
    policy = {**POLICY, "stages": {
        "retrieval": {"options": ["none", "single"], "router": {"fixed": {"option": "single"}}},
        "generator": {"options": ["small", "large"], "router": {"fixed": {"option": "small"}}},
        "verification": {
            "options": ["accept", "abstain"], "verifiers": ["groundedness"],
            "router": {"thresholds": {"groundedness": 0.9, "abstain": ["ungrounded"]}},
        },
    }}  # fmt: skip
    calibration = run(Target(limits={"joules": 50.0}), made, policy)
    found = calibration.report.as_json()["policies"]
    assert found[f"policy {load_policy(policy).name}"]["quality"] == 1.0
    assert found["its drafts, unverified"]["quality"] == pytest.approx(2 / 3)
    assert calibration.setting.stands
    assert found["calibrated"]["quality"] == 1.0
    data, comments = calibrated(load_policy(policy), made, calibration, tmp_path, "routers/new.npz")
    assert "joint" not in data
    assert data["stages"]["generator"]["router"] == {"fixed": {"option": "small"}}
    assert "as they were" in comments["stages"][0]


@pytest.mark.slow
def test_a_target_that_cannot_be_met_gives_the_best_that_can_and_says_why():
    report = run(Target(limits={"joules": 2.0})).report.as_json()
    assert "at least, and 2 are allowed" in report["setting"]["missed"]
    assert report["policies"]["calibrated"]["costs"]["joules"] < 8
    assert not report["reached"]["joules"]["ok"]
    above = run(Target(quality=1.5)).report.as_json()
    assert "is wanted" in above["setting"]["missed"]
    assert above["policies"]["calibrated"]["quality"] > 0.95


@pytest.mark.parametrize(
    ("target", "told"),
    [
        (Target(), "no target; give --quality"),
        (Target(0.98, {"joules": 20.0}), r"contradict each other.*takes .* joules a query at least"),
        (Target(-1.0), "expected a share of the best path's"),
        (Target(limits={"joules": 0.0}), "expected a number above 0"),
        (Target(limits={"usd": 0.01}), "no path has any usd in it"),
    ],
)
def test_targets_that_make_no_sense_are_told(target, told):
    with pytest.raises(InputError, match=told):
        run(target)


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (
            lambda: recorded(quality=lambda kind, name: 0.0),
            "no path was ever right. Are the answers in the corpus",
        ),
        (lambda: recorded(rows=12), "12 questions; at least 20"),
        (lambda: recorded().only(["none/small"]), "a single path"),
    ],
)
def test_tables_that_cannot_be_calibrated_on_are_told(table, told):
    with pytest.raises(InputError, match=told):
        World.of(table(), 20)


def test_questions_that_no_path_answers_are_told():
    made = world(quality=lambda kind, name: right(kind, name) * (kind == 0))
    assert any("answers may not be in the corpus" in note for note in made.notes)


def test_a_table_of_other_options_is_refused():
    other = {**POLICY, "models": {"small": {"model": "openai:s"}, "huge": {"model": "openai:l"}}}
    other["stages"] = {**POLICY["stages"], "generator": {"options": ["small", "huge"], "router": "random"}}
    with pytest.raises(InputError, match="generator: unknown option 'large'"):
        run(Target(0.98), policy=other)


def test_a_joint_replay_beats_stages_by_themselves_where_options_depend_on_each_other():
    # the large model is worth its price with documents alone, and the small one without
    made = world(quality=lambda kind, name: {"none/small": 0.7, "single/large": 0.9}.get(name, 0.1))
    forecast = held_out(made, RECIPE)
    price = forecast.price({"joules": 0.001})
    together, apart = jointly(made, forecast, price), stagewise(made, forecast, price)
    assert realise(made, together).quality.mean() > 0.85
    assert realise(made, apart).quality.mean() <= realise(made, together).quality.mean()
    dear = jointly(made, forecast, forecast.price({"joules": 0.004}))
    assert realise(made, dear).quality.mean() == pytest.approx(0.7)


def test_a_stage_that_was_recorded_with_another_alone_stays_as_planned():
    made = world()
    parts = {"none": ("", ""), "small": ("hybrid", "long"), "large": ("linked", "short")}
    paths = [
        p if p["retrieval"] == "none" else {**p, "retriever": r, "context": c}
        for p in made.paths
        for r, c in [parts["none" if p["retrieval"] == "none" else p["generator"]]]
    ]
    stages = ("retrieval", "retriever", "context", "generator")
    mixed = replace(made, paths=tuple(paths), stages=stages)
    forecast = held_out(mixed, RECIPE)
    assert mixed.paths[forecast.planned[0]]["context"] == "short"
    taken = stagewise(mixed, forecast, forecast.price({"joules": 0.001}))
    assert {mixed.names[k] for k in taken} <= {"none/small", "none/large", "single/large"}


def test_the_plan_stands_for_questions_whose_fold_could_not_compare_a_stage_s_options():
    made = world()
    forecast = held_out(made, RECIPE)
    early, late = (side.copy() for side in forecast.stages["generator"])
    early[:30] = late[:30] = np.nan
    part = replace(forecast, stages={**forecast.stages, "generator": (early, late)})
    taken = stagewise(made, part, part.price({"joules": 0.001}))
    assert {made.paths[k]["generator"] for k in taken[:30]} == {"large"}
    assert {made.paths[k]["generator"] for k in taken[30:]} == {"small", "large"}


def test_costs_fall_along_the_path():
    made = world()
    forecast = held_out(made, RECIPE)
    path = walk(jointly, made, forecast, forecast.price({"joules": 1.0}))
    costs = path.of(made.costs["joules"]).mean(axis=1)
    assert costs[0] > 40
    assert costs[-1] == made.costs["joules"][:, 0].mean()


def walks(made, policy=POLICY):
    return Walks(pipeline_of(load_policy(policy), made.stages), made, held_out(made, RECIPE))


def test_a_policys_own_rules_are_walked():
    made = world()
    own = walks(made)
    index = own.policy().first
    assert {made.names[k] for k in index[::3]} == {"none/small"}  # greetings
    assert set(own.alone("generator", made.whole[3])) == {"large"}  # with passages to read
    without = own.alone("generator", made.whole[0])
    assert (set(without[::3]), set(without[1::3])) == ({"small"}, {"large"})  # greetings, and what is not one
    assert ends(made, load_policy(POLICY)) == (3, 2)


def test_a_router_that_asks_a_model_cannot_be_replayed():
    generator = {"options": ["small", "large"], "router": {"llm": {"model": "large"}}}
    policy = load_policy({**POLICY, "stages": {**POLICY["stages"], "generator": generator}})
    with pytest.raises(PolicyError, match=r"generator\.router: 'llm' asks a model \(large\), and a recorded"):
        pipeline_of(policy, world().stages)


@pytest.mark.slow
def test_a_stage_at_which_the_policy_chooses_and_the_table_does_not_vary_is_told():
    routed = {**POLICY["stages"], "prompt": {"options": ["direct", "compare"], "router": "prior"}}
    for stages, told in ((POLICY["stages"], False), (routed, True)):
        notes = run(Target(0.98), policy={**POLICY, "stages": stages}).report.as_json()["notes"]
        assert any("prompt: not varied in the table" in note for note in notes) == told


def test_the_baseline_reads_the_longest_context_in_whatever_order_paths_were_recorded():
    made = world()
    retrieving = [{**made.paths[3], "retriever": r, "context": c} for r, c in (("b", "long"), ("c", "short"))]
    more = {
        "retriever": {"options": {"a": "bm25", "b": "bm25", "c": "bm25"}, "router": "prior"},
        "context": {"options": {"short": {"chunks": 2}, "long": {"chunks": 8}}, "router": "prior"},
    }
    policy = load_policy({**POLICY, "stages": {**POLICY["stages"], **more}})
    for paths in (retrieving, retrieving[::-1]):
        mixed = replace(made, paths=(*made.paths[:2], *paths))
        large, _ = ends(mixed, policy)
        assert mixed.paths[large]["context"] == "long"


def with_verification(*, models=("small", "large"), **section):
    stages = {
        "retrieval": {"options": ["none", "single"], "router": {"fixed": {"option": "single"}}},
        "generator": {"options": list(models), "router": {"fixed": {"option": "small"}}},
        "verification": {"verifiers": ["token_margin"], **section},
    }
    every = {**POLICY["models"], "medium": {"model": "openai:m"}}
    return {**POLICY, "models": every, "stages": stages}


@pytest.mark.slow
def test_verification_is_walked_on_the_signals_of_drafts():
    made = world(signals=lambda quality: {"token_margin": 0.9 if quality else 0.05, "unanswerable": 0.0})
    small = np.full(len(made), made.names.index("single/small"))

    def verdicts(policy):
        own = walks(made, policy)
        return Verdicts(own, own.pipeline.verification), own.policy()

    unsure = {"thresholds": {"token_margin": 0.1}}
    up = {"options": ["accept", "escalate"], "escalate": {"unsure": ["generator"]}, "router": unsure}
    found, own = verdicts(with_verification(**up))
    judged = found.apply(small)
    assert judged.quality.mean() == 1.0  # what the small model gets wrong goes to the large one
    assert judged.costs["joules"].mean() == pytest.approx(30 + 100 / 3, rel=0.1)
    assert own.realised(made).quality.tolist() == judged.quality.tolist()
    assert own.realised(made).costs["joules"].tolist() == judged.costs["joules"].tolist()
    many = found.apply(np.stack([small, small - 1]))
    assert many.quality[0].tolist() == judged.quality.tolist()
    strict = {"thresholds": {"token_margin": 0.1, "abstain": ["unsure"]}}
    withheld = walks(
        replace(
            made, answerable=np.arange(len(made)) % 3 < 2
        ),  # what the small model gets wrong has no answer
        with_verification(options=["accept", "abstain"], router=strict),
    )
    assert Verdicts(withheld, withheld.pipeline.verification).apply(small).quality.mean() == 1.0
    # which is stronger is for the policy to say, not for the order in which paths were recorded
    found, _ = verdicts(with_verification(models=["large", "small"], **up))
    assert found.apply(small).quality.mean() == pytest.approx(2 / 3)
    _, own = verdicts(with_verification(models=["small", "medium", "large"], **up))
    assert own.unrecorded.sum() == len(made) / 3
    mending = {"options": ["accept", "refine"], "escalate": {"unsure": "refine"}, "router": unsure}
    assert verdicts(with_verification(**mending))[1].unrecorded.sum() == len(made) / 3
    policy = {**POLICY, "stages": {**POLICY["stages"], "verification": {
        "options": ["accept", "escalate"], "verifiers": ["token_margin"], "escalate": {"unsure": "generator"},
        "router": {"thresholds": {"token_margin": 0.5, "abstain": []}},
    }}}  # fmt: skip
    assert run(Target(0.98), made, policy).report.as_json()["setting"]["thresholds"]["token_margin"] == 0.0


def test_what_is_given_up_before_a_draft_is_written_is_charged_as_if_it_had_been():
    made = world(signals=lambda quality: {"token_margin": 0.9})
    nothing = [[replace(d, signals={**d.signals, "passages": 0.0}) for d in row] for row in made.drafts]
    made = replace(made, drafts=nothing, answerable=np.arange(len(made)) % 3 < 2)
    policy = with_verification(options=["accept", "abstain"], router="thresholds")
    small = made.names.index("single/small")
    for outside, accepted in (("answer", small), ("abstain", -1)):
        own = walks(made, {**policy, "outside": outside}).policy()
        assert (own.first == small).all()
        assert (own.accepted == accepted).all()
        came = own.realised(made)
        assert came.costs["joules"].tolist() == made.costs["joules"][:, small].tolist()
        right = made.quality[:, small] if accepted >= 0 else ~made.answerable
        assert came.quality.tolist() == right.astype(float).tolist()


def test_any_verifier_that_was_recorded_is_walked_and_one_that_was_not_is_told():
    made = world(signals=lambda quality: {"judge": 0.9 if quality else 0.05})
    own = {"options": ["accept", "escalate"], "verifiers": [{"judge": {"model": "large"}}, "p_true"],
           "escalate": {"unsure": "generator"}, "max_escalations": 1}  # fmt: skip
    for limits, told in (({"judge": 0.5}, False), ({"judge": 0.5, "p_true": 0.5}, True)):
        policy = with_verification(**{**own, "router": {"thresholds": {"unsure": limits}}})
        notes: list[str] = []
        assert shows(load_policy(policy), made, notes)
        assert walks(made, policy).policy().realised(made).quality.mean() == 1.0
        assert any("p_true: not recorded" in note or "p_true, " in note for note in notes) == told


@pytest.mark.slow
def test_the_written_policy_says_where_its_numbers_come_from(tmp_path):
    made = world()
    calibration = run(Target(0.98, {"joules": 60.0}))
    policy = load_policy({**POLICY, "corpora": {"docs": {"path": "docs/"}}})
    data, comments = calibrated(policy, made, calibration, tmp_path, "routers/new.npz")
    written = text(data, ["Calibrated."], comments)
    assert written.startswith("# Calibrated.\n")
    assert "# λ = " in written
    again = yaml.safe_load(written)
    assert again["joint"]["linear"]["state"] == "routers/new.npz"
    assert "router" not in again["stages"]["generator"]
    assert again["objective"]["weights"]["joules"] == pytest.approx(0.001 * calibration.setting.lam, rel=1e-3)
    assert again["objective"]["budget"]["per_query"]["joules"] > 100
    band = load_policy(again).calibrated
    assert band is not None
    assert band.rows == len(made)
    came = calibration.report.as_json()["policies"]["calibrated"]
    assert band.joules.mean == pytest.approx(came["costs"]["joules"], rel=1e-3)
    assert band.joules.low < band.joules.mean < band.joules.high
    assert sum(band.shares["generator"].values()) == pytest.approx(1.0, abs=1e-3)
    data, comments = calibrated(load_policy(again), made, calibration, tmp_path, "routers/new.npz")
    assert text(data, [], comments).count("calibrated:") == 1  # calibrated anew, the old band goes


@pytest.mark.slow
def test_the_page_shows_every_path_and_runs_nothing():
    page = to_html(build_page(run(Target(0.98))))
    assert page.count("<script") == 0
    for name in ("always-large", "calibrated", "oracle", "single/small", "per-stage"):
        assert name in page
