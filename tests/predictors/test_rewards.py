import numpy as np
import pytest

from dynamicrag.predictors.rewards import energy_reward, price_reward


def test_accuracy_and_energy_share_the_reward():
    assert energy_reward(1.0, 0.0, 10.0) == 1.0
    assert energy_reward(0.0, 10.0, 10.0) == 0.0
    assert energy_reward(0.5, 5.0, 10.0, share=0.2) == pytest.approx(0.8 * 0.5 + 0.2 * 0.5)
    assert energy_reward(0.0, 30.0, 10.0) == 0.0, (
        "more than the largest expected energy counts as the largest"
    )
    assert np.allclose(energy_reward(np.array([1.0, 0.0]), np.array([10.0, 0.0]), 10.0), 0.5)


def test_a_price_is_a_part_of_the_largest():
    assert price_reward(1.0, 3.0, 6.0) == 1.0
    assert price_reward(1.0, 3.0, 6.0, penalty=0.4) == pytest.approx(0.8)


def test_impossible_numbers_are_refused():
    with pytest.raises(ValueError, match="share"):
        energy_reward(1.0, 1.0, 1.0, share=1.5)
    with pytest.raises(ValueError, match="largest"):
        energy_reward(1.0, 1.0, 0.0)
    with pytest.raises(ValueError, match="largest"):
        price_reward(1.0, 1.0, 0.0)
