import pytest

from dynamicrag.lab.synthesize.form import REASONS, Refused, alike, checked

ABOUT = "Mill Arden: Mill Arden was built by Vera Holt in 1834. Its wheel turns 12 times a minute."


@pytest.mark.parametrize(
    ("written", "question"),
    [
        ("Who built Mill Arden?", "Who built Mill Arden?"),
        ("Question: Who built Mill Arden?\nAnswer: Vera", "Who built Mill Arden?"),
        ('\n  "Who built the mill that she sold to Arden?" ', "Who built the mill that she sold to Arden?"),
        ("How much does it cost to build Mill Arden?", "How much does it cost to build Mill Arden?"),
    ],
)
def test_what_can_be_used(written, question):
    assert checked(written, ABOUT, "1834") == question


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("", "no question"),
        ("Mill Arden was built by Vera Holt.", "no question"),
        ("Who built it? And when was Mill Arden sold?", "no question"),
        ("Who built <b>Mill Arden</b>?", "no question"),
        ("Who built {Mill Arden}?", "no question"),
        ("Arden?", "no question"),
        ("word " * 40 + "Arden?", "no question"),
        ("Was Mill Arden built by Vera Holt?", "yes or no"),
        ("According to the passage, who built Mill Arden?", "leaks"),
        ("Who is mentioned in connection with Mill Arden?", "leaks"),
        ("What does the text say of Mill Arden?", "leaks"),
        ("What happened to Mill Arden in 1834?", "quotes its answer"),
        ("When was it built?", "not alone"),
        ("When did she build the mill?", "not alone"),
        ("Who wrote the famous opera Carmen?", "not alone"),
    ],
)
def test_what_cannot(written, reason):
    with pytest.raises(Refused) as refused:
        checked(written, ABOUT, "1834")
    assert refused.value.reason == reason
    assert reason in REASONS


def test_near_duplicates():
    assert alike("How long is the Hallorin Bridge?", "How long is Hallorin Bridge?")
    assert not alike("What is 7 times 8?", "What is 7 times 9?")
    assert not alike("When was Mill Arden built?", "Who built Mill Arden?")
