"""What each level of evidence adds: levels nest, evidence that tells is used, and prices count."""

from dataclasses import replace

import numpy as np
import pytest

from dynamicrag.lab.outcomes.table import Outcome, OutcomeTable, Row
from dynamicrag.lab.priors.ablation import Ablated, Expected, page, shares_closed
from dynamicrag.lab.priors.evidence import LEVELS, Choices, recorded_choices, signals, strategy_choices
from dynamicrag.lab.priors.searched import OPTIONS, Searched
from dynamicrag.lab.priors.tables import Tables
from dynamicrag.priors.knowledge import shipped
from dynamicrag.priors.stages import shipped_stages

QUERY, CORPUS, EVIDENCE = LEVELS
TEXT = "Whose brother is older, that of Ada or that of Bo?"


@pytest.fixture
def choices() -> Choices:
    """Return two options of which each is right on half of the questions; the evidence tells which."""
    rows = np.arange(80)
    first = (rows // 2 % 2).astype(float)
    quality = np.stack([first, 1 - first], axis=1)
    blind, seen = (rows % 2.0)[:, None], np.stack([rows % 2.0, first], axis=1)
    even = np.full_like(quality, 0.5)
    prior = {QUERY: even, CORPUS: even, EVIDENCE: 0.2 + 0.6 * quality}
    features = {QUERY: blind, CORPUS: blind, EVIDENCE: seen}
    cost = np.tile([0.0, 0.9], (80, 1))
    return Choices("made", quality, cost, prior, features, [0] * 80, ["a", "b"])


def searched(name: str = "q0") -> Searched:
    ranked = [
        {"id": f"p{n}#0", "document": f"p{n}", "title": "", "text": "Ada and Bo.", "score": 1.0 / (n + 1)}
        for n in range(12)
    ]
    passages = dict.fromkeys(OPTIONS, ranked)
    return Searched(name, TEXT, (), frozenset({"p1", "p9"}), "made", {"idf_coverage": 0.7}, passages)


def test_levels_nest():
    levels = signals(searched(), "linked")
    assert list(levels) == list(LEVELS)
    assert levels[QUERY].items() < levels[CORPUS].items() < levels[EVIDENCE].items()
    assert {"idf_coverage", "literals"} <= levels[CORPUS].keys() - levels[QUERY].keys()
    assert {"enough", "links"} <= levels[EVIDENCE].keys() - levels[CORPUS].keys()


@pytest.mark.slow
def test_evidence_that_tells_the_options_apart_closes_the_gap(choices):
    made, _ = shares_closed(choices, 0.0, [0])
    closed = {(each.router, each.level): each for each in made}
    for router in ("prior", "linear", "forest"):
        assert closed[router, EVIDENCE].closed[0] == pytest.approx(1.0)
        assert closed[router, QUERY].closed[0] < 0.5
        low, high = closed[router, EVIDENCE].gained[1:]
        assert 0.3 < low < high


@pytest.mark.slow
def test_an_option_that_costs_more_than_it_gains_is_not_chosen(choices):
    for each in shares_closed(choices, 1.0, [0])[0]:
        if each.router == "prior":
            assert each.mean == pytest.approx(choices.quality[:, 0].mean())


def test_recorded_paths_are_estimated_by_what_is_known():
    path = {"retrieval": "single", "retriever": "hybrid", "prompt": "direct", "generator": "large"}
    outcomes = {
        "none": Outcome(0.0, facts={"joules": 2.0}, path={**path, "retrieval": "none"}),
        "short": Outcome(1.0, facts={"joules": 40.0}, path={**path, "context": "short"}),
        "long": Outcome(1.0, facts={"joules": 100.0}, path={**path, "context": "long"}),
    }
    lost = {**outcomes, "short": Outcome(float("nan"), path=outcomes["short"].path)}
    table = OutcomeTable([Row("q0", TEXT, outcomes), Row("q1", TEXT, lost), Row("other", TEXT, outcomes)])
    tables = Tables(None, lambda texts: np.zeros((len(texts), 384), np.float32), "", lambda step: None)
    stages = shipped_stages()
    made = recorded_choices([table], [searched("q0"), searched("q1")], tables, shipped(), [stages])
    assert made.quality.tolist() == [[0.0, 1.0, 1.0]]
    assert made.cost[0] == pytest.approx([0.001, 0.02, 0.05])
    for level in LEVELS:
        none, short, long = made.prior[level][0]
        assert none < short < long
    assert made.prior[QUERY][0, 1] != made.prior[EVIDENCE][0, 1]


def test_several_rounds_gain_less_where_one_retrieval_misses_little():
    table = OutcomeTable([Row("q0", TEXT, dict.fromkeys(("none", "single", "iterative"), Outcome(1.0)))])
    estimated = {TEXT: np.array([0.2, 0.4, 0.7])}
    stages = shipped_stages()
    made = strategy_choices(table, [searched()], estimated, stages)
    assert made.prior[QUERY][0] == pytest.approx([0.2, 0.4, 0.7])
    sure = replace(stages.shifts["context"], several=30.0, single=30.0)
    found = strategy_choices(table, [searched()], estimated, replace(stages, shifts={"context": sure}))
    assert found.prior[EVIDENCE][0, 2] == pytest.approx(0.4, abs=1e-3)


@pytest.mark.slow
def test_the_page_shows_every_pool_and_what_was_expected(choices):
    made, best = shares_closed(choices, 0.0, [0])
    shown = page(Ablated(made, [Expected(0, 12, 0.35, 0.41)], [best]))
    assert [table.title for section in shown.sections for table in section.blocks if table.title] == [
        "made, 80 questions, quality alone"
    ]
    assert "best fixed a 0.500, oracle 1.000" in shown.sections[0].title
