import numpy as np
import pytest

from dynamicrag.errors import InputError
from dynamicrag.predictors.greenserv import GreenServ
from dynamicrag.predictors.moving import MovingClusters


def test_a_row_is_a_constant_and_three_codes():
    own = GreenServ(clusters=2, tasks=[0, 1, 2], flesch=3).start(6, 2)
    own.learn([0.1, 0.7, 0.2, 75.0, 1.0, 0.0], 0, 1.0)
    own.learn([0.1, 0.7, 0.2, 75.0, 0.0, 1.0], 0, 1.0)
    rows = own._rows(
        np.array(
            [
                [0.1, 0.7, 0.2, 75.0, 0.9, 0.1],
                [0.9, 0.0, 0.1, 80.0, 0.1, 0.9],
                [0.0, 0.0, 0.4, 120.0, 5.0, 0.0],
                [0.0, 0.0, 0.4, -40.0, 5.0, 0.0],
            ]
        )
    )
    # 1, two clusters, three tasks, and the difficulties below 20, below 30, and above
    assert rows.tolist() == [
        [1, 1, 0, 0, 1, 0, 0, 1, 0],
        [1, 0, 1, 1, 0, 0, 0, 1, 0],
        [1, 1, 0, 0, 0, 1, 1, 0, 0],
        [1, 1, 0, 0, 0, 1, 0, 0, 1],
    ]


def test_a_centre_moves_by_a_share_of_the_distance():
    moving = MovingClusters.empty(2, 2)
    assert (moving.codes(np.ones((1, 2))) == 0).all()
    for point in ([1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 0.2]):
        moving.join(np.array(point))
        moving.move(np.array(point), 1.0)
    assert moving.sizes.tolist() == [3.0, 1.0]
    assert np.allclose(moving.centres, [[1.0, 0.2 / 3], [0.0, 1.0]])
    moving.move(np.array([0.0, 4.0]), 0.5)
    assert np.allclose(moving.centres[1], [0.0, 2.0])
    assert moving.codes(np.array([[0.0, 9.0], [0.1, 0.0]])).tolist() == [[0, 1], [1, 0]]


def test_predicting_moves_no_centre():
    own = GreenServ().start(3, 2)
    own.learn([1.0, 0.0, 0.0], 0, 1.0)
    before = own.state().to_bytes()
    own.predict([[0.0, 1.0, 0.0]])
    assert own.state().to_bytes() == before


def test_what_differs_by_cluster_is_learnt():
    rng = np.random.default_rng(0)
    own = GreenServ(clusters=4).start(3, 2)
    for _ in range(200):
        kind = int(rng.integers(2))
        x = np.eye(3)[kind] + 0.1 * rng.normal(size=3)
        option = int(rng.integers(2))
        own.learn(x, option, float(option == kind))
    assert (own.predict(np.eye(3)[:2]).mean.argmax(axis=1) == [0, 1]).all()


def test_without_any_feature_to_cluster_the_other_codes_remain():
    own = GreenServ(tasks=[0, 1]).start(2, 2)
    own.learn([1.0, 0.0], 0, 1.0)
    assert own.predict([[1.0, 0.0]]).mean[0, 0] > own.predict([[0.0, 1.0]]).mean[0, 0]


def test_impossible_parameters_are_refused():
    for params, message in [
        ({"clusters": 0}, "clusters: expected 1 or more"),
        ({"bins": [30, 20]}, "bins: expected rising"),
        ({"tasks": [0, 0]}, "different positions"),
        ({"tasks": [1], "flesch": 1}, "different positions"),
        ({"flesch": -1}, "different positions"),
    ]:
        with pytest.raises(ValueError, match=message):
            GreenServ(**params)
    with pytest.raises(InputError, match="there is no feature 7; there are 3"):
        GreenServ(flesch=7).start(3, 2)
    with pytest.raises(InputError, match="there is no feature 7; there are 3"):
        GreenServ(flesch=7).fit(np.ones((4, 3)), np.ones((4, 2)))
