"""Requests for more budget in words, with units and in percentage points."""

import pytest

from dynamicrag.stages.requests import answered_in_words, request_of
from dynamicrag.stages.shortage import Priced, Shortage, rounded_up

TURN = {"id": "q1", "text": "When?"}


def made(*options, standing, answered=True):
    shortage = Shortage("verification", options, {"joules": 20.0}, {"joules": 15.0}, {"joules": 5.0})
    return request_of(shortage, TURN, standing=standing, answered=answered)


@pytest.mark.parametrize(
    ("quality", "standing", "answered", "sentence"),
    [
        (0.82, 0.70, True, "12 % likelier right for 40 J more"),
        (0.52, 0.0, False, "an answer, 52 % likely right, for 40 J more"),
        (None, 0.7, True, "40 J more"),
        (0.82, None, True, "40 J more"),
        (0.6, 0.7, True, "10 % less likely right for 40 J more"),
    ],
)
def test_an_offer_says_what_it_buys(quality, standing, answered, sentence):
    request = made(Priced("redo", quality, {"joules": 40.0}), standing=standing, answered=answered)
    (offer,) = request["offers"]
    assert offer["sentence"] == sentence
    assert request["message"].startswith("The budget allows nothing more: 5 J left. 40 J more would ")
    assert "verification" not in request["message"]
    assert request["message"].endswith(
        "Without more, the answer so far stands." if answered else "Without more, there is no answer."
    )


def test_the_message_names_the_price_beyond_the_limit():
    request = made(Priced("redo", 0.39, {"joules": 40.0}), standing=0.0, answered=False)
    assert "5 J left. 40 J more would buy an answer (39 % likely right). Without" in request["message"]
    request = made(Priced("redo", 0.8, {"joules": 40.0}), standing=0.5)
    assert "40 J more would buy an answer that is 30 % likelier right." in request["message"]


def test_what_is_no_better_is_offered_only_if_nothing_else_is():
    worse, better = Priced("a", 0.5, {"joules": 1.0}), Priced("b", 0.9, {"joules": 2.0})
    assert [offer["option"] for offer in made(worse, better, standing=0.7)["offers"]] == ["b"]
    assert [offer["option"] for offer in made(worse, standing=0.7)["offers"]] == ["a"]


def test_amounts_have_their_units():
    extra = {"usd": 0.004, "joules": 1200.0, "gco2e": 0.002, "tokens": 1500.0}
    (offer,) = made(Priced("a", None, extra), standing=None)["offers"]
    assert offer["sentence"] == "$0.004 and 1.2 kJ and 2 mg CO₂e and 1,500 tokens more"


@pytest.mark.parametrize(
    ("amount", "up"),
    [(0.0095, 0.0095), (0.01 - 0.0005, 0.0095), (0.00951, 0.0096), (123.0, 130.0), (1e-12, 1e-12)],
)
def test_amounts_are_rounded_up_to_two_digits(amount, up):
    assert rounded_up(amount) == pytest.approx(up, rel=1e-12)


def test_an_answer_in_one_line():
    (offer,) = made(Priced("redo", None, {"joules": 40.0}), standing=None)["offers"]
    answer = {"stage": "verification", "offers": [offer], "granted": {"joules": 40.0}}
    assert answered_in_words(answer) == "asked for more budget (redo: 40 J more): granted 40 J"
    assert answered_in_words({**answer, "granted": None}).endswith(": refused")
