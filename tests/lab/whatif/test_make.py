"""Estimates and refusals on a log whose truth is known."""

import re
from dataclasses import replace

import numpy as np
import pytest

from dynamicrag.errors import InputError, PolicyError
from dynamicrag.lab.whatif.evidence import read
from dynamicrag.lab.whatif.make import compare_policies, same_stages
from dynamicrag.lab.whatif.requirement import requirement
from dynamicrag.lab.whatif.results import PATH
from dynamicrag.policy.file import load_policy
from dynamicrag.predictors.state import State
from tests.cli.conftest import FakeEmbedder, FakeModel
from tests.lab.whatif.logs import LONG, decision, memory_log, policy, right

BY_LENGTH = f"{{rules: {{when: [{{if: {{words: {{above: {LONG}}}}}, take: large}}], otherwise: small}}}}"
ABLE = {'"fake:oracle"': '"fake:oracle", ability: 0.8', '"fake:parrot"': '"fake:parrot", ability: 0.4'}
WORDS = np.arange(2, 2 * LONG + 1)


def truth(option_of):
    return float(np.mean([right(option_of(words), words) for words in WORDS]))


@pytest.fixture(autouse=True)
def stand_ins(monkeypatch):
    monkeypatch.setattr("dynamicrag.policy.build_models.chat_model", FakeModel)
    monkeypatch.setattr("dynamicrag.policy.build_embedders.LocalEmbedder", FakeEmbedder)


@pytest.fixture
def whatif(tmp_path):
    def go(text, log, *, requirements=("utility>=-0.01",), logged=None, since=0.0, name=None, **more):
        loaded = load(tmp_path, text)
        evidence = read(log, loaded.learning.weight, name, since)
        wanted = [requirement(each) for each in requirements]
        given = None if logged is None else load(tmp_path, logged, "logged")
        return compare_policies(loaded, log, evidence, wanted, logged=given, **more)

    return go


def load(folder, text, name="candidate"):
    path = folder / f"{name}.yaml"
    path.write_text(text)
    return load_policy(path)


def part(report, name):
    return next(each for each in report.parts if each.name == name)


def test_the_truth_lies_in_the_intervals_at_the_stage_and_along_the_path(whatif, tmp_path):
    report = whatif(policy(BY_LENGTH), memory_log(tmp_path, 1500))
    wanted = truth(lambda words: "large" if words > LONG else "small")
    before = 0.5 * sum(truth(lambda words, name=name: name) for name in ("small", "large"))
    for name in ("generator", PATH):
        found = part(report, name).outcomes["quality"]
        for own in (found.ips, found.snips, found.dr):
            assert own.low < wanted < own.high
        assert found.difference.low < wanted - before < found.difference.high
        assert found.difference.low > 0, "the candidate is better, and the log is large enough to show it"
    assert report.shown
    assert set(report.unchanged) >= {"retrieval", "retriever", "context", "prompt", "verification"}


@pytest.mark.slow
def test_cost_and_utility_follow_the_candidates_weights(whatif, tmp_path):
    log = memory_log(tmp_path, 1500)
    report = whatif(policy("{fixed: {option: large}}"), log)
    found = part(report, PATH).outcomes
    assert found["usd"].dr.value == pytest.approx(0.01, abs=0.0005)
    assert found["utility"].dr.value == pytest.approx(found["quality"].dr.value - 10 * 0.01, abs=0.01)
    dear = whatif(policy("{fixed: {option: large}}").replace("usd: 10", "usd: 100"), log)
    assert part(dear, PATH).outcomes["utility"].difference.high < 0
    assert dear.shown is False


def test_queries_without_feedback_are_missing_and_counted(whatif, tmp_path):
    report = whatif(policy(BY_LENGTH), memory_log(tmp_path, 1500, rated=0.5))
    found = part(report, PATH).outcomes
    assert found["quality"].queries == report.with_feedback < 900
    assert found["usd"].queries == 1500, "costs are known without feedback"
    assert found["quality"].logged.value > 0.5
    assert any("have no feedback" in note for note in report.notes)


def test_the_same_policy_has_a_difference_of_exactly_zero(whatif, tmp_path):
    report = whatif(policy(), memory_log(tmp_path, 200))
    own = part(report, PATH).outcomes["quality"].difference
    assert (own.low, own.high) == (0, 0)
    assert report.shown


@pytest.mark.parametrize(
    ("router", "changes", "log", "words"),
    [
        ("{fixed: {option: large}}", {}, {"epsilon": 0.0, "n": 200}, r"100.%.* deterministic there.*explore"),
        ("{fixed: {option: large}}", {}, {"epsilon": 0.1, "n": 300}, r"effective sample size is \d+ of 300"),
        (BY_LENGTH, {}, {"n": 400, "rated": 0.05}, r"\d+ queries have feedback.*at least 50"),
        ("{llm: {model: small}}", {}, {"n": 100}, "the replies of a model"),
        ("prior", ABLE, {"n": 100}, r"reads the questions.*runs: \{text: true\}"),
        ("{rules: {when: [{if: {user: bob}, take: large}], otherwise: small}}", {}, {"n": 100}, "'user'"),
        ("{utterances: {examples: {large: [why], small: [hello]}}}", {}, {"n": 100}, "needs embeddings of"),
    ],
)  # fmt: skip
def test_what_the_log_cannot_show_is_refused_by_name(whatif, tmp_path, router, changes, log, words):
    report = whatif(policy(router, **changes), memory_log(tmp_path, **log))
    assert report.shown is None
    own = part(report, "generator")
    assert re.search(words, own.refused), own.refused
    assert part(report, PATH).refused
    assert not own.outcomes


def test_an_option_that_was_never_played_is_named(whatif, tmp_path):
    text = policy("{fixed: {option: small}}").replace(
        'large: {model: "fake:oracle"}', 'large: {model: "fake:oracle"}, huge: {model: "fake:huge"}'
    )
    report = whatif(text.replace("[small, large]", "[small, large, huge]"), memory_log(tmp_path, 100))
    assert "no decision with the option 'huge'" in part(report, "generator").refused


def test_an_unknown_cost_with_a_weight_is_the_reason_for_no_utility(whatif, tmp_path):
    text = policy("{fixed: {option: small}}", **{"{usd: 10}": "{usd: 10, water: 1}"})
    report = whatif(text, memory_log(tmp_path, 100))
    assert any("100 of 100 queries have no known water" in note for note in report.notes)
    assert not any("known usd" in note for note in report.notes)


def test_a_stage_that_the_log_lacks_is_refused(whatif, tmp_path):
    text = (
        policy("{fixed: {option: small}}")
        + "  rerank: {options: [none, mmr], router: {fixed: {option: mmr}}}\n"
    )
    assert "no such stage" in part(whatif(text, memory_log(tmp_path, 100)), "rerank").refused


@pytest.mark.slow
def test_refused_stages_do_not_hide_the_others(whatif, tmp_path):
    text = policy(BY_LENGTH) + "  rerank: {options: [none, mmr], router: {fixed: {option: mmr}}}\n"
    log = memory_log(tmp_path, 400)
    report = whatif(text, log)
    assert part(report, "generator").outcomes
    assert "rerank" in part(report, PATH).refused
    alone = whatif(text, log, stage="generator")
    assert alone.shown is not None
    with pytest.raises(InputError, match="unknown stage"):
        whatif(text, log, stage="generatr")


def test_forced_and_fallback_decisions_stay_as_logged(whatif, tmp_path):
    log = memory_log(tmp_path, 200)
    log.items = [
        replace(own, decisions=[replace(each, router="forced") for each in own.decisions])
        for own in log.items
    ]
    assert "generator" in whatif(policy("{fixed: {option: large}}"), log).unchanged


def test_a_redo_is_a_step_of_its_own(whatif, tmp_path):
    """Small was drawn, then a redo to large: the candidate that always takes large never gets there."""
    log = memory_log(tmp_path, 300)
    again = decision(
        "generator", 6, "large", options=("small", "large"), allowed=(False, True), chances=(0.0, 1.0)
    )
    log.items = [
        replace(own, decisions=[*own.decisions, again]) if own.path["generator"] == "small" else own
        for own in log.items
    ]
    found = part(whatif(policy("{fixed: {option: large}}"), log), "generator")
    assert found.decisions > 400
    assert found.changed == 300
    large = sum(own.path["generator"] == "large" for own in log.items)
    assert found.effective == pytest.approx(large)


def test_the_logged_policys_file_spares_the_replay_of_shared_stages(whatif, tmp_path):
    logged = policy("{llm: {model: small, temperature: 1}}")
    log = memory_log(tmp_path, 200)
    described = logged.replace("fake:parrot\"", "fake:parrot\", description: short").replace(
        "fake:oracle\"", "fake:oracle\", description: long"
    )  # fmt: skip
    assert part(whatif(described, log), "generator").refused
    assert "generator" in whatif(described, log, logged=described).unchanged


def test_another_model_under_a_logged_name_is_refused(tmp_path):
    one, two = (
        load(tmp_path, policy().replace("fake:oracle", name)) for name in ("fake:oracle", "fake:sage")
    )
    with pytest.raises(
        PolicyError, match=r"models\.large: is fake:oracle, and in the logged policy fake:sage"
    ):
        same_stages(one, two)


def test_other_weights_change_every_stage(tmp_path):
    one = load(tmp_path, policy())
    assert same_stages(one, load(tmp_path, policy().replace("usd: 10", "usd: 11"))) == []
    assert "generator" in same_stages(one, load(tmp_path, policy()))


def test_an_unknown_policy_has_no_queries(whatif, tmp_path):
    with pytest.raises(InputError, match=r"no query of this policy.*in the log: logged; change --policy"):
        whatif(policy(), memory_log(tmp_path, 60), name="nobody")


ONLINE = "{epsilon_greedy: {start: none}}"


@pytest.mark.slow
def test_a_learner_is_judged_by_later_queries_than_it_learns_from(whatif, tmp_path):
    log = memory_log(tmp_path, 900)
    refused = part(whatif(policy(ONLINE), log), "generator").refused
    assert "--since" in refused
    report = whatif(policy(ONLINE), log, since=1000.0 + 500)
    assert any("learnt from 500 earlier rewards" in note for note in report.notes)
    found = part(report, "generator").outcomes["quality"]
    assert found.dr.low < right("large", 3) < found.dr.high, "by then it has learnt that large is better"


def test_texts_are_served_to_routers_that_read_them(whatif, tmp_path):
    log = memory_log(tmp_path, 100, text="How many steps has it?")
    own = part(whatif(policy("prior", **ABLE), log), "generator")
    assert "reads the questions" not in own.refused


def test_logged_vectors_are_served_without_the_words(whatif, tmp_path):
    """A router on embeddings decides by the stored vector, and its embedder is never asked."""
    from dynamicrag.features.base import FeatureSet, Seen
    from dynamicrag.predictors.base import PREDICTORS
    from dynamicrag.routers.estimator import Estimator
    from dynamicrag.testing import FakeEmbedder as Words

    embed = Words(size=8)
    embed.name = FakeEmbedder(lambda: tmp_path, name="all-minilm-l6-v2").name
    quality = np.array([[1.0, 0.0], [0.0, 1.0]] * 20)
    seen = [Seen("cheese and wine"), Seen("stones in rivers")] * 20
    estimator = Estimator.fit(
        seen, quality, ["small", "large"], features=FeatureSet(["embedding"], embed),
        predictor=PREDICTORS.build({"knn": {"k": 1}}, "tests"),
    )  # fmt: skip
    state: State = estimator.state()
    (tmp_path / "routers").mkdir()
    state.save(tmp_path / "routers" / "generator")
    vector = embed(["cheese and wine"])[0].astype(np.float16)
    text = policy("{knn: {k: 1, state: routers/generator}}").replace("usd: 10", "usd: 0.001")
    log = memory_log(tmp_path, 300, vector=vector, embedder="all-minilm-l6-v2")
    found = part(whatif(text, log), "generator")
    small = sum(own.path["generator"] == "small" for own in log.items)
    assert found.effective == pytest.approx(small)
    other = memory_log(tmp_path, 300, vector=vector, embedder="another")
    assert "the log has of 'another'" in part(whatif(text, other), "generator").refused
