import pytest

from dynamicrag.evaluation.scores import contains, exact_match, token_f1


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
