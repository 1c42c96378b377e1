import numpy as np

from dynamicrag.lab.outcomes.split import known_before, near_duplicates, together
from tests.lab.routing.tables import learnable

SHOTS = "Answer with a letter.\n\nWhich skin surface produces the most heat when rubbed?\nA) dry palms\nA\n\n"


def alike(*texts):
    return len(set(near_duplicates(texts).tolist())) == 1


def test_a_question_worded_anew_is_the_same():
    one = "In which year did the old harbour of Lisbon burn down after the great earthquake?"
    two = "In which year did the old harbour of Lisbon burn down after the great fire?"
    assert alike(one, two)
    assert alike("What is a bridge?", "what is a bridge")


def test_different_questions_are_not():
    assert not alike("Who wrote Hamlet?", "Who wrote Faust?")
    assert not alike("( [ ( ) ] { } )", "{ [ ( ) ] ( ) }")


def test_what_all_questions_share_says_nothing():
    texts = [SHOTS + text for text in ("Who built the tower of Riga?", "What do river otters eat in winter?")]
    assert not alike(*texts)
    assert alike(texts[0], texts[0] + " ")


def test_a_template_says_nothing():
    texts = [f"Please tell me in one sentence what the capital of {i} {i * 7} is now" for i in range(40)]
    assert len(set(near_duplicates(texts).tolist())) == 40


def test_likeness_and_groups_chain():
    labels = together(np.array([0, 0, 1, 2, 3]), ["a", "b", "b", "", ""])
    assert labels[0] == labels[1] == labels[2]
    assert len(set(labels.tolist())) == 3


def test_what_was_known_before():
    assert known_before(["What is a bridge?"], ["What is a tower?", "what is a bridge"]).tolist() == [
        False,
        True,
    ]


def test_learnable_rows_are_all_different():
    assert len(set(near_duplicates([row.text for row in learnable().rows]).tolist())) == 120
