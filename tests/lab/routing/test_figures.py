"""Figures against values reckoned by hand."""

import numpy as np
import pytest

from dynamicrag.lab.routing.complementarity import complementarity
from dynamicrag.lab.routing.curve import Curve
from dynamicrag.lab.routing.expected import ExpectedCost
from dynamicrag.lab.routing.judge import Yardstick
from dynamicrag.lab.routing.pair import Ranking, apgr, cpt
from dynamicrag.lab.routing.path import Path, walk
from dynamicrag.lab.routing.resample import Resample, holm, interval

WEAK = np.array([1.0, 0, 0, 1, 0, 1, 0, 1, 0, 1])
STRONG = np.array([1.0, 1, 1, 1, 1, 1, 0, 1, 1, 0])


def test_apgr_by_hand():
    """Gains, ranked as predicted: 1 1 0 1 1 0 0 0 −1 0; the gap is 3 of 10."""
    gain = STRONG - WEAK
    order = [1, 2, 0, 4, 8, 3, 5, 6, 9, 7]
    predicted = np.empty(10)
    predicted[order] = np.arange(10, 0, -1)
    recovered = Ranking.of(predicted).recovered(WEAK, STRONG)
    assert gain[order].tolist() == [1, 1, 0, 1, 1, 0, 0, 0, -1, 0]
    assert recovered == pytest.approx(np.array([0, 1, 2, 2, 3, 4, 4, 4, 4, 3, 3]) / 3)
    assert apgr(recovered) == pytest.approx((30 - 3 / 2) / 3 / 10)
    assert cpt(recovered, 0.5) == pytest.approx(0.15)
    assert cpt(recovered, 0.8) == pytest.approx(0.34)


def test_a_ranking_that_knows_nothing_has_apgr_one_half():
    recovered = Ranking.of(np.zeros(10)).recovered(WEAK, STRONG)
    assert recovered == pytest.approx(np.linspace(0, 1, 11))
    assert apgr(recovered) == pytest.approx(0.5)
    rng = np.random.default_rng(0)
    drawn = [apgr(Ranking.of(rng.random(10)).recovered(WEAK, STRONG)) for _ in range(2000)]
    assert np.mean(drawn) == pytest.approx(0.5, abs=0.02)


def test_pgr_of_samples_is_that_of_the_repeated_rows():
    counts = Resample(10, 20, 0).counts
    predicted = np.array([3.0, 3, 1, 0, 5, 5, 5, 2, 1, 0])
    samples = Ranking.of(predicted).recovered(WEAK, STRONG, counts)
    for own, times in zip(samples, counts, strict=True):
        rows = np.repeat(np.arange(10), times.astype(int))
        plain = Ranking.of(predicted[rows]).recovered(WEAK[rows], STRONG[rows])
        assert own == pytest.approx(plain, nan_ok=True)


def test_no_gap_no_apgr():
    recovered = Ranking.of(STRONG).recovered(STRONG, WEAK)
    assert np.isnan(apgr(recovered))
    assert np.isnan(cpt(recovered, 0.5))


def test_a_curve():
    curve = Curve.of(np.array([4.0, 1, 2, 3]), np.array([0.8, 0.2, 0.6, 0.5]))
    assert curve.cost.tolist() == [1, 2, 4]
    assert curve.quality_at(3) == pytest.approx(0.7)
    assert curve.quality_at(9) == pytest.approx(0.8)
    assert np.isnan(curve.quality_at(0.5))
    assert curve.cost_at(0.4) == pytest.approx(1.5)
    assert curve.cost_at(0.1) == 1
    assert np.isnan(curve.cost_at(0.9))
    assert curve.area(1, 4) == pytest.approx((0.4 + 2 * 0.7) / 3)
    assert curve.area(2, 2) == pytest.approx(0.6)


def test_the_path_goes_from_quality_alone_to_cost_alone():
    mean, cost = np.array([[0.2, 0.9], [0.5, 0.6], [0.7, 0.1]]), np.array([[1.0, 3.0]] * 3)
    path = walk(mean, cost)
    assert path.index[0].tolist() == [1, 1, 0]
    assert path.index[-1].tolist() == [0, 0, 0]
    assert path.index[1].tolist() == [1, 0, 0]  # 0.1 more quality is the first to be too dear
    assert len(path.lam) == 3
    assert (np.diff(path.of(cost).mean(axis=1)) <= 0).all()


def test_a_long_path_is_thinned_evenly():
    rng = np.random.default_rng(1)
    path = walk(rng.random((500, 4)), np.tile([1.0, 2, 3, 9], (500, 1)))
    assert 90 <= len(path.lam) <= 102
    changed = (np.diff(path.index, axis=0) != 0).sum(axis=1)
    assert changed.max() < 30


def test_figures_of_choices():
    quality = np.array([[1.0, 1, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]])
    cost = np.tile([1.0, 2, 4], (4, 1))
    judge = Yardstick("abc", ["g", "g", "h", "h"], quality, cost, np.array([1, 1, 1, 1]), Resample(4, 50, 0))
    own = judge.judge(Path(np.zeros(1), np.array([[0, 1, 2, 0]])))
    assert (own.quality, own.cost) == (0.75, 2.0)
    assert own.gain == 0.25
    assert own.gap_closed == 1.0
    assert own.routing_accuracy == 1.0
    assert own.calls == {"a": 0.5, "b": 0.25, "c": 0.25}
    assert own.confusion["a"] == {"a": 2, "b": 0, "c": 0}
    assert own.groups["g"].quality == 1.0
    assert own.groups["g"].interval == [1.0, 1.0]
    assert own.groups["h"].interval == [0.0, 1.0]
    wrong = judge.judge(Path(np.zeros(1), np.array([[2, 2, 2, 2]])))
    assert wrong.confusion["c"] == {"a": 1, "b": 1, "c": 2}
    assert np.isnan(wrong.saving)
    assert np.isnan(wrong.saving_within_point)
    free = judge.judge(Path(np.zeros(3), np.array([[1, 1, 1, 1], [0, 1, 0, 0], [0, 0, 0, 0]])))
    assert free.saving == pytest.approx(1 - 1.25 / 2)
    assert free.saving_within_point == pytest.approx(1 - 1.24 / 2)


def test_complementarity():
    quality = np.array([[1.0, 1, 0], [0, 1, 0], [1, 0, 1], [0, 0, 0]])
    mean = np.tile([0.4, 0.6, 0.1], (4, 1))
    found = complementarity("abc", quality, np.ones((4, 3)), mean, np.ones((4, 3)), Resample(4, 200, 0))
    assert found.options["b"].only_right == 0.25
    assert found.options["a"].only_right == 0
    assert found.options["b"].loss.oracle_loss == 0.25
    assert found.options["b"].loss.routed_loss == 0
    assert found.overlap == {"a": {"b": 1 / 3, "c": 0.5}, "b": {"c": 0.0}}
    assert found.none_right == 0.25
    assert [one.oracle for one in found.subsets] == [0.5, 0.75, 0.75]
    assert found.could_go.options == ["c"]
    assert found.could_go.curve_loss == 0


def test_what_makes_the_cheap_end_stays():
    quality = np.tile([0.0, 1.0, 1.0], (50, 1))
    cost = np.tile([1.0, 2, 9], (50, 1))
    found = complementarity("abc", quality, cost, quality, cost, Resample(50, 50, 0))
    assert found.could_go.options == ["c"]


def test_expected_cost_is_learnt_from_length():
    texts = ["word " * size for size in range(1, 101)]
    cost = np.array([[7.0, 0.01 * size + 0.001, np.nan if size % 2 else 3.0] for size in range(1, 101)])
    found = ExpectedCost().fit(texts, cost).predict(["word " * 40, "word " * 80])
    assert found[:, 0].tolist() == [7, 7]
    assert found[:, 1] == pytest.approx([0.401, 0.801], rel=0.1)
    assert found[:, 2].tolist() == [3, 3]


def test_intervals_and_tests():
    resample = Resample(400, 1000, 0)
    values = np.random.default_rng(0).random(400)
    low, high = interval(resample.means(values))
    assert high - low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.15)
    assert interval(np.array([0.1] * 10 + [np.nan])) is None
    assert resample.flipped(np.zeros(400)) == 1
    assert resample.flipped(np.where(values > 0.2, 1.0, 0.0)) < 0.01
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06})
