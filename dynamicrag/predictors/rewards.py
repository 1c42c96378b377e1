"""Scalar rewards of the papers: quality and cost in one number, fixed before learning.

The routers here learn quality and subtract weighted cost when they select, so that a new price or weight
needs no new learning. These rewards are for comparison with the papers: the choice among options whose reward
is learnt subtracts no cost.
"""

import numpy as np

from dynamicrag.predictors.checks import Floats


def energy_reward(
    quality: float | Floats, energy: float | Floats, largest: float, share: float = 0.5
) -> Floats:
    """Return GreenServ's reward, ``(1 − λ) · quality + λ · (1 − energy / largest)``, within 0 and 1.

    Ziller et al. 2026 (arXiv 2601.17551).

    Args:
        quality: Quality, from 0 to 1.
        energy: Energy of the answer, or per token of it, in any unit.
        largest: The largest energy expected, in the same unit.
        share: λ: weight of energy, from 0 to 1.

    Raises:
        ValueError: ``share`` is not from 0 to 1, or ``largest`` is not above 0.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share: expected a number from 0 to 1, got {share}")
    return np.clip((1.0 - share) * np.asarray(quality) + share * (1.0 - _part(energy, largest)), 0.0, 1.0)


def price_reward(
    quality: float | Floats, price: float | Floats, largest: float, penalty: float = 0.0
) -> Floats:
    """Return MetaLLM's reward, ``quality − p · price / largest``.

    Nguyen et al. 2024 (arXiv 2407.10834); with LinUCB it is their router.

    Args:
        quality: Quality, in the paper 1 for a correct answer and 0 for others.
        price: Price of the answer.
        largest: The largest price of all options.
        penalty: p: the quality that the largest price is worth.

    Raises:
        ValueError: ``largest`` is not above 0.
    """
    return np.asarray(np.asarray(quality) - penalty * _part(price, largest))


def _part(amount: float | Floats, largest: float) -> Floats:
    if not largest > 0:
        raise ValueError(f"largest: expected a number above 0, got {largest}")
    return np.asarray(np.asarray(amount, dtype=np.float64) / largest)
