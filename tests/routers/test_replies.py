"""Which option a reply names, and how probable each was."""

import math

import pytest

from dynamicrag.llm.completion import Completion, TokenProb
from dynamicrag.routers.replies import picked
from dynamicrag.routers.reply_chances import chances_of
from dynamicrag.types import Usage

NAMES = ["small", "large", "gpt-4o", "gpt-4o-mini"]


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("large", "large"),
        (" Large.\n", "large"),
        ('"LARGE"', "large"),
        ("**large**", "large"),
        ("Option: large", "large"),
        ("The best option is large.", "large"),
        ("Choice - gpt-4o-mini", "gpt-4o-mini"),
        ("GPT_4o", "gpt-4o"),
        ("gpt 4o mini", "gpt-4o-mini"),
        ("2", "large"),
        ("(2)", "large"),
        ("Option 2", "large"),
        ("2. large", "large"),
        ('{"option": "large"}', "large"),
        ('```json\n{"choice": 2, "reason": "small is too weak"}\n```', "large"),
        ('[{"choice": 1, "reason": "easy"}]', "small"),
        ('{"large": true}', "large"),
        ('{"destination": "large", "next_inputs": "compare it with small"}', "large"),
        ("<think>small might do, but the question has parts</think>large", "large"),
        ("small might do, but no.</think>\n\nlarge", "large"),
        ("<think>small might do", None),
        ("I would take large here.", "large"),
        ("large\nSmall is too weak for this.", "large"),
        ("Small is too weak for this.\nAnswer: large", "large"),
        ("Ich nehme large, weil es schwer ist.", "large"),
        ("选择large。", "large"),
        ("lar", "large"),
        ("gpt-4o is enough", "gpt-4o"),
        ("small or large", None),
        ("small\nlarge", None),
        ("1. small\n2. large", None),
        ("larger", None),
        ("la", None),
        ("gpt", None),
        ("5", None),
        ("In 1871.", None),
        ("", None),
        ("{", None),
        ("[" * 3000, None),
    ],
)
def test_a_reply_names_one_option_or_none(reply, expected):
    assert picked(reply, NAMES) == expected


def test_a_name_that_is_a_number_is_meant_before_the_number_in_the_list():
    assert picked("2", ["4", "2"]) == "2"
    assert picked("1", ["4", "2"]) == "4"


def test_names_that_differ_in_case_alone_are_told_apart():
    assert picked("Mini", ["mini", "Mini"]) == "Mini"
    assert picked("MINI", ["mini", "Mini"]) is None


def test_a_name_in_another_script_needs_no_spaces_around_it():
    assert picked("使用快速模型", ["快速", "准确"]) == "快速"


def reply(*tokens):
    """Return a reply of tokens, each with its likely tokens and their probabilities; the first is taken."""
    text = "".join(next(iter(likely)) for likely in tokens)
    made = tuple(
        TokenProb(next(iter(likely)), math.log(next(iter(likely.values()))), 0.0, tuple(likely.items()))
        for likely in tokens
    )
    return Completion(text, "", Usage(), made, "stop", {})


@pytest.mark.parametrize(
    ("tokens", "chosen", "expected"),
    [
        ([{"large": 0.6, "small": 0.3, "huge": 0.1}], "large", [1 / 3, 2 / 3, 0, 0]),
        ([{" Large": 0.5, "large": 0.25, "small": 0.25}], "large", [0.25, 0.75, 0, 0]),
        ([{"lar": 0.8, "sm": 0.2}, {"ge": 1.0}], "large", [0.2, 0.8, 0, 0]),
        ([{"2": 0.9, "1": 0.1}], "large", [0.1, 0.9, 0, 0]),
        ([{"Option": 1.0}, {":": 1.0}, {" large": 0.7, " small": 0.3}], "large", [0.3, 0.7, 0, 0]),
        ([{'"': 0.9, "small": 0.1}, {"large": 1.0}, {'"': 1.0}], "large", [0.0, 1.0, 0, 0]),
        (
            [{"gpt": 0.8, "small": 0.2}, {"-4": 1.0}, {"o": 1.0}, {"-mini": 0.5, "\n": 0.5}],
            "gpt-4o-mini",
            [0.2, 0, 0.4, 0.4],
        ),
        ([{"gpt-4o": 0.8, "small": 0.2}, {".": 0.75, "-mini": 0.25}], "gpt-4o", [0.2, 0, 0.6, 0.2]),
        ([{"gpt-4o": 0.8, "small": 0.2}], "gpt-4o", [0.2, 0, 0.8, 0]),
    ],
)
def test_probabilities_are_those_of_the_tokens_at_the_name(tokens, chosen, expected):
    assert chances_of(reply(*tokens), NAMES, chosen) == pytest.approx(expected)


def test_too_little_probability_says_nothing():
    assert chances_of(reply({"large": 0.3, "The": 0.7}), NAMES, "large") is None
    assert chances_of(Completion("large", "", Usage(), (), "stop", {}), NAMES, "large") is None
