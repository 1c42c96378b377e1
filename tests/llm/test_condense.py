# ruff: noqa: E501 - rows of turns read best as rows
"""What a helper model writes is taken as a rewriting only if it is one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynamicrag.features.follow_up import Leaning, leaning
from dynamicrag.llm.condense import LONGEST, condense_messages, condensed, shortened

SHALL = "Yes. Shall I tell you when it leaves?"
RIGHT = [
    ("sure, tell me", ["Is there a ferry?", SHALL], "When does the ferry leave?"),
    ("yes please", ["Is there a ferry?", SHALL], "When does the ferry leave?"),
    ("the first", ["Which pools are there?", "The Oake Pool and the Limpet Pool"], "How deep is the Oake Pool?"),
    ("1", ["Which pools are there?", "1. Oake Pool 2. Limpet Pool"], "What does the Oake Pool cost?"),
    ("B", ["How do I get a permit?", "A: by post. B: at the desk."], "How do I get a permit at the desk?"),
    ("the cheaper one", ["Which rooms are there?", "A single and a double room"], "What does the single room offer?"),
    ("how come?", ["Is the library closed on Mondays?", "Yes"], "Why is the library closed on Mondays?"),
    ("and dogs?", ["May I bring a bike on the ferry?", "Yes"], "May I bring dogs on the ferry?"),
    ("By whom?", ["When was the bridge opened?", "1911"], "By whom was the bridge opened?"),
    ("in winter too?", ["Does it run on Sundays?", "The ferry does"], "Does the ferry also run on Sundays in winter?"),
    ("tell me more", ["What is the Salt Museum?", "A museum"], "Tell me more about the Salt Museum."),
    ("its opening hours", ["What is the Salt Museum?", "A museum"], "opening hours of the Salt Museum"),
    ("die zweite", ["Welche Becken gibt es?", "Das Oake- und das Limpet-Becken"], "Wie tief ist das Limpet-Becken?"),
    ("oui", ["Y a-t-il un bac ?", "Oui. Voulez-vous savoir quand part le dernier ?"], "Quand part le dernier bac ?"),
    ("sí", ["¿Hay un ferry?", "Sí. ¿Quiere saber cuándo sale el último?"], "¿Cuándo sale el último ferry?"),
    ("第二个呢？", ["有哪些泳池？", "橡树泳池和海螺泳池"], "海螺泳池有多深？"),
    ("はい", ["フェリーはありますか？", "はい。時刻をお知らせしましょうか？"], "フェリーの時刻は何時ですか？"),
]  # fmt: skip
QUESTION, BEFORE = (
    "When did it open?",
    [("user", "Who designed the Hallorin Bridge?"), ("assistant", "Mara Quill")],
)
OPENED = "When did the Hallorin Bridge open?"


def history(texts):
    return [(("user", "assistant")[i % 2], text) for i, text in enumerate(texts)]


@pytest.mark.parametrize(("turn", "before", "written"), RIGHT)
def test_a_right_rewriting_is_taken(turn, before, written):
    assert condensed(turn, history(before), written) == written
    assert leaning(turn) is Leaning.SURELY


@pytest.mark.parametrize(
    "written",
    ["", "  \n ", "???", "1911", "It opened in 1911", "The Hallorin Bridge opened in 1911.", "Hallorin Bridge", "Mara Quill",
     "I don't know.", "yes", "Sure! Here is the question", "The conversation is about the Hallorin Bridge.",
     "When did the Eiffel Tower open?", "When did London open?", "Who is the president of France?",
     "Who designed the Hallorin Bridge?", "Wann wurde die Brücke von Hallorin eröffnet?",
     f"{OPENED} " * 20, "<think>The Hallorin Bridge. When did the Hallorin Bridge open?"],
)  # fmt: skip
def test_what_is_no_rewriting_is_not_taken(written):
    assert condensed(QUESTION, BEFORE, written) is None


@pytest.mark.parametrize(
    "written",
    ["{}", "\n\n{}", '"{}"', "**{}**", "Rewritten question: {}", "Standalone question: “{}”", "Question: {}\nAnswer: 1911",
     "<think>It is the bridge.\n</think>\n\n{}", "Here is the rewritten question:\n{}", "> {}"],
)  # fmt: skip
def test_what_stands_around_a_rewriting_is_left_out(written):
    assert condensed(QUESTION, BEFORE, written.format(OPENED)) == OPENED


def test_a_question_that_is_repeated_is_returned_as_it_was_written():
    assert condensed(QUESTION, BEFORE, "when did it open") == QUESTION


@given(st.text(max_size=600), st.text(max_size=100), st.text(max_size=100))
def test_whatever_is_written_there_is_a_short_line_or_none(written, question, said):
    line = condensed(question, [("user", said)], written)
    assert line is None or line == question or (0 < len(line) <= LONGEST and "\n" not in line)


@given(st.text(max_size=3000), st.integers(10, 2000))
def test_a_shortened_text_keeps_both_ends(text, most):
    short = shortened(text, most)
    assert len(short) <= max(most, 0) or short == text
    assert text.startswith(short[:3])
    assert text.endswith(short[-3:])


def test_the_helper_sees_the_end_of_a_long_answer():
    said = [("user", "Is there a ferry?"), ("assistant", "It is so. " * 500 + SHALL)]
    prompt = condense_messages("yes", said)[-1].text
    assert SHALL in prompt
    assert len(prompt) < 1_000
