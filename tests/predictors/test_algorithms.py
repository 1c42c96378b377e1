"""What each algorithm learns that a baseline does not, and what its paper says of it."""

import numpy as np
import pytest

from dynamicrag.errors import InputError, PolicyError
from dynamicrag.predictors.base import PREDICTORS
from dynamicrag.predictors.crossfit import contrasts, folds
from dynamicrag.predictors.ridge import GRID, fit_ridge
from tests.predictors.tables import gain, right_or_wrong, table

LEARNING = [
    "knn",
    "kmeans",
    "linear",
    "kernel",
    "logistic",
    "forest",
    "mlp",
    "matrix_factorization",
    "blend",
    "auto",
]


def fit(spec, X, quality, **more):
    return PREDICTORS.build(spec, "tests").fit(X, quality, **more)


@pytest.mark.parametrize("name", LEARNING)
@pytest.mark.parametrize("table_of", [table, right_or_wrong])
def test_it_routes_better_than_the_best_single_option(name, table_of):
    spec = {name: {"of": ["best_single", "linear", "knn"]}} if name in ("blend", "auto") else name
    assert gain(fit(spec, *table_of(n=600)), table_of) > 0.1


@pytest.mark.parametrize("name", LEARNING)
def test_it_learns_from_a_log_of_one_observation_a_query(name):
    X, quality = table(n=900)
    taken = np.random.default_rng(5).integers(3, size=len(X))
    quality[taken[:, None] != np.arange(3)] = np.nan
    spec = {name: {"of": ["best_single", "linear"]}} if name in ("blend", "auto") else name
    assert gain(fit(spec, X, quality), table) > 0.05


@pytest.mark.parametrize("name", ["knn", "kmeans", "kernel", "forest", "mlp"])
def test_it_bends_where_a_line_cannot(name):
    def ring(n, seed):
        X = np.random.default_rng(seed).uniform(-2, 2, size=(n, 2))
        inside = (np.abs(X).max(axis=1) < 1.4).astype(float)
        return X, np.stack([inside, 1 - inside], axis=1)

    assert gain(fit(name, *ring(800, 0)), ring) > 0.25
    assert abs(gain(fit("linear", *ring(800, 0)), ring)) < 0.1


@pytest.mark.parametrize("name", LEARNING[:-2])
def test_noise_alone_is_not_learnt(name):
    rng = np.random.default_rng(0)
    X, quality = rng.normal(size=(400, 20)), rng.random((400, 2)) * [0.8, 1.0]
    fresh = fit(name, X, quality).predict(rng.normal(size=(400, 20))).mean
    assert np.abs(fresh.mean(axis=0) - quality.mean(axis=0)).max() < 0.05
    assert fresh.std(axis=0).max() < 0.15


class TestBaselines:
    def test_random_is_even_and_repeats_itself(self):
        X, quality = table(n=3000)
        estimate = fit("random", X, quality).predict(X).mean
        assert np.allclose(np.bincount(estimate.argmax(axis=1)) / 3000, 1 / 3, atol=0.04)
        assert (fit({"random": {"seed": 1}}, X, quality).predict(X).mean != estimate).all()

    def test_fixed_is_the_one_that_was_asked_for(self):
        X, quality = table()
        assert fit("fixed", X, quality).predict(X[:1]).mean.tolist() == [[0, 0, 1]]
        assert fit({"fixed": {"option": 0}}, X, quality).predict(X[:1]).mean.tolist() == [[1, 0, 0]]
        with pytest.raises(InputError, match="expected -3 to 2, got 3"):
            fit({"fixed": {"option": 3}}, X, quality)
        quality[:, 0] = np.nan
        with pytest.raises(InputError, match="never observed"):
            fit({"fixed": {"option": 0}}, X, quality)

    def test_cheapest_leaves_it_to_the_price(self):
        X, quality = table()
        assert np.ptp(fit("cheapest", X, quality).predict(X).mean) == 0

    def test_best_single_is_the_mean(self):
        X, quality = table()
        quality[::2, 0] = np.nan
        assert np.allclose(fit("best_single", X, quality).predict(X[:1]).mean, np.nanmean(quality, axis=0))


class TestKnn:
    def test_one_neighbour_is_copied(self):
        X, quality = table(n=300)
        assert np.allclose(fit({"knn": {"k": 1}}, X, quality).predict(X).mean, quality)

    def test_uniform_weights_are_the_share_of_successes(self):
        X, quality = right_or_wrong()
        predictor = fit({"knn": {"k": 5, "weights": "uniform"}}, X, quality)
        shares = predictor.predict(X).mean * 5
        assert np.allclose(shares, shares.round(), atol=1e-6)

    @pytest.mark.parametrize("metric", ["euclidean", "cosine"])
    def test_the_neighbours_are_the_nearest(self, metric):
        X, quality = table(n=500)
        predictor = fit({"knn": {"k": 7, "metric": metric}}, X, quality)
        asked = np.random.default_rng(7).normal(size=(300, X.shape[1]))
        positions, squared = predictor.neighbours(asked)
        if metric == "euclidean":
            a, b = (X - X.mean(axis=0)) / X.std(axis=0), (asked - X.mean(axis=0)) / X.std(axis=0)
        else:
            a, b = (Z / np.linalg.norm(Z, axis=1, keepdims=True) for Z in (X, asked))
        exact = ((b[:, None] - a[None]) ** 2).sum(axis=2)
        assert np.allclose(np.sort(squared, axis=1), np.sort(exact, axis=1)[:, :7], atol=1e-4)
        assert np.allclose(np.take_along_axis(exact, positions, axis=1), squared, atol=1e-4)

    def test_nearer_neighbours_have_more_of_a_say(self):
        X, quality = np.array([[0.0], [1.0], [10.0]]), np.array([[1.0], [0.0], [0.0]])
        asked = [[0.1]]
        uniform = fit({"knn": {"k": 3, "weights": "uniform"}}, X, quality).predict(asked).mean[0, 0]
        similar = fit({"knn": {"k": 3}}, X, quality).predict(asked).mean[0, 0]
        assert uniform == pytest.approx(1 / 3)
        assert similar > uniform

    def test_an_option_is_added_as_if_it_had_been_trained_with(self):
        X, quality = table(n=100)
        whole = fit({"knn": {"k": 10}}, X, quality)
        predictor = fit({"knn": {"k": 10}}, X, quality[:, :2])
        known = predictor.at_anchors(X[50:][::-1], quality[50:, 2][::-1])
        assert np.isnan(known[:50]).all(), "not asked of it"
        assert np.array_equal(known[50:], quality[50:, 2])
        assert np.isnan(predictor.at_anchors(X + 1.0, quality[:, 2])).all(), "other questions"
        predictor.add_option(predictor.at_anchors(X, quality[:, 2]))
        assert np.allclose(predictor.predict(X).mean, whole.predict(X).mean)


class TestKMeans:
    def test_any_questions_speak_for_their_clusters(self):
        X, quality = table(n=400)
        predictor = fit({"kmeans": {"clusters": 4, "prior": 0.01}}, X, quality)
        fresh, wanted = table(n=400, seed=5)
        predictor.add_option(predictor.at_anchors(fresh, wanted[:, 0]))
        mean = predictor.predict(fresh).mean
        assert np.corrcoef(mean[:, 0], mean[:, 3])[0, 1] > 0.9
        alone = predictor.at_anchors(fresh[:1], wanted[:1, 0])
        assert np.isnan(alone).sum() == 3
        assert np.nanmax(alone) == wanted[0, 0]

    def test_a_new_option_needs_only_its_number_per_cluster(self):
        X, quality = table(n=400)
        predictor = fit({"kmeans": {"clusters": 8, "prior": 0.01}}, X, quality)
        assert predictor.anchors == 8
        per_cluster = np.linspace(0.1, 0.8, 8)
        predictor.add_option(per_cluster)
        assert np.allclose(np.unique(predictor.predict(X).mean[:, 3]), per_cluster, atol=0.01)

    def test_it_needs_no_more_clusters_than_queries(self):
        assert fit("kmeans", *table(n=5)).anchors == 5


class TestRidge:
    def test_leave_one_out_is_what_leaving_one_out_gives(self):
        rng = np.random.default_rng(0)
        Z = rng.normal(size=(30, 4))
        y = Z[:, :1] + rng.normal(size=(30, 1))
        ridge = fit_ridge(Z, y)
        squares = np.linalg.svd(Z - Z.mean(axis=0), compute_uv=False) ** 2
        errors = []
        for penalty in GRID * squares.mean():
            error = 0.0
            for out in range(30):
                kept = np.arange(30) != out
                # centred as all rows are: the identity holds for the intercept being refitted
                table_ = np.column_stack([np.ones(29), Z[kept] - Z.mean(axis=0)])
                scatter = table_.T @ table_ + np.diag([0.0, *[penalty] * 4])
                solution = np.linalg.solve(scatter, table_.T @ y[kept, 0])
                error += (y[out, 0] - np.array([1.0, *(Z[out] - Z.mean(axis=0))]) @ solution) ** 2
            errors.append(error)
        assert ridge.alpha[0] == pytest.approx(GRID[np.argmin(errors)] * squares.mean())
        assert ridge.noise[0] == pytest.approx((min(errors) + 0.25) / 31)

    def test_options_seen_on_other_queries_are_fitted_on_theirs(self):
        X, quality = table(n=200)
        quality[:80, 0] = np.nan
        both, alone = fit_ridge(X, quality), fit_ridge(X[80:], quality[80:, :1])
        assert np.allclose(both.weights[:, 0], alone.weights[:, 0])
        assert np.allclose(both.intercept[0], alone.intercept[0])

    def test_the_spread_covers(self):
        rng = np.random.default_rng(0)
        hits = []
        for seed in range(40):
            X = rng.normal(size=(60, 3))
            truth = 0.5 + 0.1 * X[:, :1]
            predictor = fit("linear", X, truth + 0.2 * np.random.default_rng(seed).normal(size=truth.shape))
            estimate = predictor.predict(X)
            hits.append((np.abs(estimate.mean - truth) < 2 * estimate.spread).mean())
        assert 0.85 < np.mean(hits) <= 1

    def test_what_is_hard_for_all_is_learnt_apart(self):
        rng = np.random.default_rng(0)
        X, hard = rng.normal(size=(300, 40)), rng.normal(size=40) / 20
        quality = 0.5 + (X @ hard)[:, None] + 0.3 * rng.normal(size=(300, 2))
        apart = fit("linear", X, quality).predict(X).mean
        together = fit("matrix_factorization", X, quality).predict(X).mean
        assert np.ptp(apart, axis=1).mean() < 0.5 * np.ptp(together, axis=1).mean()
        assert np.corrcoef(apart.mean(axis=1), X @ hard)[0, 1] > 0.9

    def test_from_a_log_the_difficulty_is_learnt_from_all_options_together(self):
        rng = np.random.default_rng(0)
        X = rng.normal(size=(150, 10))
        truth = 0.5 + 0.2 * X[:, :1] + np.array([-0.2, -0.1, 0.0, 0.1, 0.2, 0.3])
        logged = truth + 0.1 * rng.normal(size=truth.shape)
        logged[rng.integers(6, size=150)[:, None] != np.arange(6)] = np.nan
        scaled = (X - X.mean(axis=0)) / X.std(axis=0)
        together = ((fit("linear", X, logged).predict(X).mean - truth) ** 2).mean()
        assert together < 0.7 * ((fit_ridge(scaled, logged).mean(scaled) - truth) ** 2).mean()

    def test_logistic_is_a_probability(self):
        X, quality = right_or_wrong()
        mean = fit("logistic", X, quality).predict(50 * X).mean
        assert ((mean > 0) & (mean < 1)).all()
        with pytest.raises(InputError, match="use 'linear'"):
            fit("logistic", X, quality * 3)


class TestKernel:
    @pytest.mark.slow
    def test_a_family_that_tells_nothing_does_not_drown_one_that_does(self):
        rng = np.random.default_rng(0)
        X, quality = right_or_wrong(n=400)
        noise = rng.normal(size=(1400, 200))
        fresh = right_or_wrong(n=1000, seed=9)

        def quality_of(name, blocks):
            predictor = fit(name, np.hstack([X, noise[:400]]), quality, blocks=blocks)
            mean = predictor.predict(np.hstack([fresh[0], noise[400:]])).mean
            return fresh[1][np.arange(1000), mean.argmax(axis=1)].mean()

        known = quality_of("kernel", [5, 200])
        assert known > quality_of("kernel", None) + 0.02
        assert known > quality_of("linear", None) + 0.02

    def test_it_needs_no_more_landmarks_than_queries(self):
        assert len(fit("kernel", *table(n=5)).points) == 5


class TestForest:
    def test_its_arrays_say_what_scikit_learn_says(self):
        from sklearn.ensemble import ExtraTreesRegressor

        X, quality = table(n=300)
        predictor = fit({"forest": {"trees": 7, "leaf": 5}}, X, quality)
        order = np.argsort(predictor._columns)
        theirs = ExtraTreesRegressor(
            7, min_samples_leaf=5, max_depth=16, max_features=1 / 3, random_state=0
        ).fit(X, quality[:, order])
        offsets = predictor.roots
        assert (predictor._leaves(X.astype(np.float32)) - offsets == theirs.apply(X)).all()


class TestMatrixFactorization:
    def test_at_full_rank_it_is_ridge_regression(self):
        X, quality = table(k=2)
        predictor = fit("matrix_factorization", X, quality)
        assert np.allclose(predictor.predict(X).mean, fit_ridge(Z := predictor.scaling(X), quality).mean(Z))

    def test_many_options_share_few_coordinates(self):
        rng = np.random.default_rng(0)
        X, strength = rng.normal(size=(150, 30)), rng.normal(size=12)
        truth = 0.5 + 0.1 * np.outer(X[:, 0], strength)
        quality = truth + 0.3 * rng.normal(size=truth.shape)
        fresh = rng.normal(size=(400, 30))
        wanted = 0.5 + 0.1 * np.outer(fresh[:, 0], strength)

        def error(spec):
            return ((fit(spec, X, quality).predict(fresh).mean - wanted) ** 2).mean()

        assert error({"matrix_factorization": {"rank": 1}}) < 0.7 * error("linear")

    def test_a_new_option_finds_its_place(self):
        X, quality = table(n=400, k=3)
        predictor = fit("matrix_factorization", X, quality[:, :2])
        predictor.add_option(quality[:, 1])
        mean = predictor.predict(X).mean
        assert np.corrcoef(mean[:, 1], mean[:, 2])[0, 1] > 0.99


class TestMixtures:
    def test_a_blend_is_the_average(self):
        X, quality = table(n=400)
        predictor = fit({"blend": {"of": ["linear", "knn"]}}, X, quality)
        parts = [fit(name, X, quality).predict(X) for name in ("linear", "knn")]
        assert np.allclose(predictor.predict(X).mean, (parts[0].mean + parts[1].mean) / 2)
        assert predictor.picked == {"linear": 0.5, "knn": 0.5}
        # what its parts disagree about is uncertain
        apart = np.abs(parts[0].mean - parts[1].mean) / 2
        assert (predictor.predict(X).spread >= apart - 1e-12).all()

    def test_neighbours_are_those_of_the_part_that_has_any(self):
        X, quality = table(n=200)
        of = ["linear", {"knn": {"k": 5}}]
        nearest = fit(of[1], X, quality).neighbours(X[:3])
        for spec in ({"blend": {"of": of}}, {"auto": {"of": of[1:]}}):
            found = fit(spec, X, quality).neighbours(X[:3])
            assert (np.sort(found[0]) == np.sort(nearest[0])).all()
        assert fit({"blend": {"of": of[:1]}}, X, quality).neighbours(X[:3]) is None

    def test_families_reach_the_parts(self):
        X, quality = table()
        predictor = fit({"blend": {"of": ["linear"]}}, X, quality, blocks=[2, 3])
        assert predictor.members[0].blocks == [2, 3]
        assert fit({"auto": {"of": ["linear"]}}, X, quality, blocks=[2, 3]).chosen.blocks == [2, 3]

    def test_auto_takes_what_helps_and_else_the_simplest(self):
        X, quality = table(n=400)
        of = ["best_single", "linear", "knn"]
        assert fit({"auto": {"of": of}}, X, quality).chosen.registered != "best_single"
        noise = np.random.default_rng(0).random(quality.shape)
        assert fit({"auto": {"of": of}}, X, noise).chosen.registered == "best_single"

    def test_members_take_the_seed_unless_they_have_their_own(self):
        X, quality = table()
        of = ["random", {"random": {"seed": 9}}]
        members = fit({"auto": {"of": of[:1], "seed": 4}}, X, quality).chosen.seed, 9
        assert members == (4, fit({"auto": {"of": of[1:], "seed": 4}}, X, quality).chosen.seed)

    def test_a_wrong_member_is_named(self):
        with pytest.raises(PolicyError, match=r"auto\.of: unknown predictor 'lineal'; did you mean 'linear'"):
            fit({"auto": {"of": ["lineal"]}}, *table())

    def test_groups_are_never_split(self):
        groups = np.random.default_rng(0).integers(20, size=300)
        fold = folds(300, 5, groups, seed=0)
        assert all(len(set(fold[groups == group])) == 1 for group in range(20))
        assert set(fold) == set(range(5))
        assert np.bincount(fold).min() > 40
        assert set(folds(3, 5, None, seed=0)) == {0, 1, 2}
        assert set(folds(9, 5, np.zeros(9), seed=0)) == {0}

    def test_only_differences_between_options_count(self):
        quality = np.array([[0.2, 0.6], [0.5, np.nan]])
        errors = contrasts(quality[None] + 0.3, quality)
        assert np.allclose(errors[0, 0], 0)
        assert np.isnan(errors[0, 1]).all()
