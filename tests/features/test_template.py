import numpy as np
import pytest

from dynamicrag.features.base import FeatureSet, Seen
from dynamicrag.features.opening import NAMES, opening
from dynamicrag.features.template import Template
from dynamicrag.predictors.state import State

EXAMPLES = ["Answer with a letter.", "Which is a metal?\nA) iron\nB) wood\nAnswer: A"]
QUESTIONS = [f"Which of {n} stones is the heaviest?\nAnswer:" for n in range(40)]
PROMPTS = ["\n\n".join([*EXAMPLES, question]) for question in QUESTIONS]


def test_what_many_queries_hold_before_the_question_is_left_out():
    template = Template.of(PROMPTS)
    assert [template.own(prompt) for prompt in PROMPTS] == QUESTIONS
    assert template.own("Another question") == "Another question"
    assert template.own("\n\n".join([EXAMPLES[0], "My own words.", "A question?"])) == (
        "My own words.\n\nA question?"
    )


def test_the_last_paragraph_stays_whatever_it_is():
    template = Template.of(PROMPTS)
    assert template.own("\n\n".join(EXAMPLES)) == EXAMPLES[1]
    assert template.own("\n\n\n") in ("", "\n\n\n")


def test_what_a_few_share_is_theirs():
    own = [f"A passage on bridge {n // 2}.\n\nWhat is said of number {n}?" for n in range(40)]
    assert Template.of(own).shared == frozenset()


def test_no_family_sees_the_template(tmp_path):
    asked = []

    def embed(texts):
        asked.extend(texts)
        return np.ones((len(texts), 2), dtype=np.float32)

    features = FeatureSet(["lexical", "embedding"], embed)
    X = features.fit_transform([Seen(prompt) for prompt in PROMPTS])
    assert set(asked) <= set(QUESTIONS)
    path = features.state().save(tmp_path / "features")
    again = FeatureSet.from_state(State.load(path), embed)
    assert (again.transform([Seen(prompt) for prompt in PROMPTS]) == X).all()
    assert b"metal" not in path.read_bytes()


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("How can I sleep better?", "how_to"),
        ("How many stones are there?", "how_much"),
        ("Could you please write a poem on rain?", "write"),
        ("Imagine that you are a pilot.", "persona"),
        ("hi, what are the best books?", "what_are"),
        ("Translate this into French: cheese", "change"),
        ("Can you explain tides?", "explain"),
        ("Is it raining?", "yes_no"),
        ("I have lost my keys. What now?", "tale"),
        ("Cheese", None),
        ("", None),
    ],
)
def test_the_form_of_a_request(text, form):
    flags = dict(zip(NAMES, opening(text), strict=True))
    assert [name for name, flag in flags.items() if flag] == ([f"opens_{form}"] if form else [])
