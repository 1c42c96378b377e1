"""How much of a retrieval a context needs, and literal parts of questions."""

import time

import pytest

from dynamicrag.features.literals import literals
from dynamicrag.features.worth import enough, looked_at, worth


def passage(name, title, text, score):
    return {"id": f"{name}#0", "document": name, "title": title, "text": text, "score": score}


def values(question, *passages):
    return worth(question, looked_at(passages))


def test_new_words_of_the_question_titles_and_scores_raise_the_worth():
    plain = passage("a", "Hills", "Green hills.", 5.0)
    words, none, named = values(
        "Who owned the mill of Ada Quill?",
        passage("b", "", "She owned the mill.", 5.0),
        plain,
        passage("c", "Ada Quill", "A person.", 1.0),
    )
    assert words > 2 * none
    assert named > 2 * none


def test_a_passage_that_a_better_one_names_is_worth_more():
    first = passage("a", "Mill", "Its owner came from Norrby.", 5.0)
    far = passage("c", "Norrby", "A parish in the west.", 1.0)
    other = passage("d", "Lund", "A parish in the west.", 1.0)
    _, linked = values("Where did the mill's owner live?", first, far)
    _, unlinked = values("Where did the mill's owner live?", first, other)
    assert linked > 2 * unlinked


def test_a_title_counts_once_per_document():
    one, two = (passage("a", "Ada Quill", "Born in 1813.", 1.0) for _ in range(2))
    first, second = values("Who was Ada Quill?", one, {**two, "id": "a#1"})
    assert first > 2 * second


def test_passages_are_kept_by_worth_in_the_order_of_rank():
    assert enough([0.9, 0.01, 0.01, 0.8]) == [0, 3]
    assert enough([0.2] * 8) == list(range(8))
    assert enough([]) == []


@pytest.mark.parametrize("score", [0.0, -3.0, 1e9])
def test_odd_scores_do_no_harm(score):
    assert all(
        0 < value < 1 for value in values("Who?", passage("a", "", "", score), passage("b", "", "", 1.0))
    )


@pytest.mark.parametrize(
    ("question", "number"),
    [
        ("What does error E1234 mean?", 1),
        ("Was kostet die XR-7?", 1),
        ("Set max_tokens in json.loads()?", 2),
        ("Who wrote “The Sea”?", 1),
        ("Where is /etc/hosts?", 1),
        ("Who was born in the 1980s or the 19th century?", 0),
        ("What's new, and who's there?", 0),
        ("", 0),
    ],
)
def test_literals_are_quotes_identifiers_and_code(question, number):
    assert literals(question) == number


def test_hostile_questions_are_counted_in_linear_time():
    start = time.process_time()
    for text in ("a_" * 20_000, "-" * 40_000, '"' * 40_001, "a.b" * 20_000, "/a" * 20_000, "a-" * 20_000):
        literals(text)
    assert time.process_time() - start < 2
