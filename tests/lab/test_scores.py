import math

import numpy as np
import pytest

from dynamicrag.lab.scores import (
    UNRELATED,
    agreement,
    contains,
    exact_match,
    similarity,
    token_f1,
)


def test_exact_match_normalises_case_articles_and_punctuation():
    assert exact_match("The Tidewater Baths!", ["tidewater baths"]) == 1
    assert exact_match("Baths", ["tidewater baths"]) == 0
    assert exact_match("164", []) == 0


def test_f1_is_the_best_over_the_answers():
    assert token_f1("it is 164 steps", ["164", "164 steps"]) == pytest.approx(2 * 2 / (4 + 2))
    assert token_f1("no idea", ["164"]) == 0
    assert token_f1("the", ["a"]) == 1  # both are nothing but articles


def test_f1_counts_a_repeated_token_once():
    assert token_f1("paris paris", ["paris"]) == pytest.approx(2 / 3)


def test_contains_wants_whole_tokens_in_a_row():
    assert contains("The answer is: 06:30.", ["06:30"]) == 1
    assert contains("It was 1640.", ["164"]) == 0
    assert contains("Harl met Sunniva", ["Sunniva Harl"]) == 0
    assert contains("anything", ["the"]) == 0  # an answer of articles alone is nothing to look for


def test_similarity_is_of_meaning():
    vectors = {"cat": [1.0, 0.0], "kitten": [0.9, 0.436], "rain": [0.1, 0.995], "feline": [1.0, 0.0]}

    def embed(texts):
        return np.array([vectors[text] for text in texts])

    assert similarity("feline", ["cat"], embed) == 1
    assert similarity("kitten", ["rain", "cat"], embed) == pytest.approx((0.9 - UNRELATED) / (1 - UNRELATED))
    assert similarity("rain", ["cat"], embed) == 0
    assert similarity(" ", ["cat"], embed) == similarity("cat", [], embed) == 0


def test_agreement():
    """Of Cohen's formula: observed .7, by chance .5, so kappa .4."""
    first = [1] * 5 + [0] * 5
    second = [1, 1, 1, 0, 0, 0, 0, 0, 0, 1]
    share, kappa = agreement(first, second)
    assert share == pytest.approx(0.7)
    assert kappa == pytest.approx(0.4)
    assert agreement([1, 0.5], [0.9, 0.6])[0] == 1
    assert math.isnan(agreement([1, 1], [1, 1])[1])
    with pytest.raises(ValueError, match="pairs"):
        agreement([], [])
