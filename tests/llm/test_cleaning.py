import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynamicrag.llm.cleaning import CLOSES, OPENS, AnswerText
from dynamicrag.llm.texts import blank, text_of, without_halves


def cleaned(pieces, stops=(), aloud=False):
    answer = AnswerText(stops, aloud=aloud)
    shown = "".join([*(answer.add(piece) for piece in pieces), answer.end()])
    if not answer.taken_back:
        assert shown == answer.text
    return answer.text


ANSWERS = [
    ("blue", "blue"),
    ("\n\n  blue", "blue"),
    ("\nblue\nIt is blue because", "blue"),
    ("<think>\nLet me see.\n</think>\n\nblue", "blue"),
    ("\n<THINK>hm</Think>blue", "blue"),
    ("<thinking>hm</thinking><think>hm</think> blue", "blue"),
    ("[THINK]hm[/THINK]blue", "blue"),
    ("◁think▷hm◁/think▷blue", "blue"),
    ("<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>blue", "blue"),
    ("Let me see.\nAh.\n</think>\n\nblue", "blue"),
    ("</think>blue", "blue"),
    ("<think>never closed", ""),
    ("", ""),
    ("\n \n", ""),
    ("\ufeff\u200b\nblue", "blue"),
    ("\x00 \u2060", ""),
    ("blue\n<think>was that right?</think>", "blue"),
    ("```\nblue\n```", "blue"),
    ("<think>hm</think>\n```text \r\nblue\n```", "blue"),
    ("`blue`\nmore", "`blue`"),
    ("```blue```\nmore", "```blue```"),
    ("``", "``"),
]


@pytest.mark.parametrize(("raw", "answer"), ANSWERS)
def test_the_answer_of_one_line(raw, answer):
    assert cleaned([raw], ["\n"]) == answer
    assert cleaned(raw, ["\n"]) == answer


def test_without_a_stop_all_lines_are_the_answer():
    assert cleaned(["\nOne.\n\n- two\n"]) == "One.\n\n- two\n"
    assert cleaned("```python\nprint(1)\n```") == "```python\nprint(1)\n```"


@pytest.mark.parametrize(
    "text",
    [
        "It writes `<think>` and `</think>` around its thoughts.",
        "Close it with `</think>`.",
        "The tags are <think> and </think>, in this order.",
        "a < b and <thin> is no tag",
        "if x <t",
    ],
)
def test_an_answer_may_speak_of_tags(text):
    assert cleaned([text]) == text
    assert cleaned(text) == text


def test_what_was_shown_of_a_thought_is_taken_back():
    answer = AnswerText()
    assert answer.add("Let me see. ") == "Let me see. "
    answer.add("</think>blue")
    answer.end()
    assert (answer.taken_back, answer.text) == (True, "blue")


def test_a_model_that_thinks_aloud_is_shown_from_its_closing_tag_on():
    answer = AnswerText(["\n"], aloud=True)
    assert answer.add("Let me see.\n") == ""
    assert answer.add("</think>\nblue") + answer.end() == "blue"
    assert not answer.taken_back
    assert cleaned(["blue\nmore"], ["\n"], aloud=True) == "blue"


WORDS = st.sampled_from(
    [*OPENS[:3], *CLOSES[:3], "\n", " ", "`", "```", "stop", "st", "<", "</th", "blue", "ab", "İſ", "é"]
)
TEXTS = st.lists(WORDS, max_size=14).map("".join)
STOPS = st.lists(st.sampled_from(["\n", "stop", "op b", "\n\n"]), max_size=2, unique=True)


@st.composite
def in_pieces(draw, texts=TEXTS):
    text = draw(texts)
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=8)))
    return text, [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]


@given(in_pieces(), STOPS, st.booleans())
def test_it_does_not_matter_how_a_stream_is_cut(made, stops, aloud):
    text, pieces = made
    assert cleaned(pieces, stops, aloud) == cleaned([text], stops, aloud) == cleaned(text, stops, aloud)


@given(in_pieces(), STOPS)
def test_an_answer_has_no_stop_and_no_white_space_before_it(made, stops):
    answer = cleaned(made[1], stops)
    assert not any(stop in answer for stop in stops)
    assert answer == answer.lstrip()


@given(in_pieces(st.text(st.characters(exclude_characters="<[◁"), max_size=30)))
def test_text_without_tags_and_stops_is_kept(made):
    text, pieces = made
    whole = without_halves(text)
    assert cleaned(pieces) == whole[blank(whole) :]


@given(
    st.sampled_from(range(len(OPENS))),
    st.text(st.sampled_from("ab \n<>/`'?"), max_size=20),
    st.sampled_from(["blue", "Mara Quill", "1871"]),
    st.text(st.sampled_from(" \n"), max_size=3),
    st.data(),
)
def test_thoughts_before_an_answer_are_left_out(kind, thought, answer, blanks, data):
    raw = f"{blanks}{OPENS[kind].upper()}{thought}{CLOSES[kind]}{blanks}{answer}"
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=6)))
    pieces = [raw[a:b] for a, b in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
    assert cleaned(pieces, ["\n"]) == answer


@given(in_pieces(st.text(st.sampled_from("a\ud83d\ude00\udfff é"), max_size=10)))
def test_halves_of_surrogate_pairs_are_joined_or_left_out(made):
    text, pieces = made
    answer = cleaned(pieces)
    answer.encode()
    pair = re.compile("[\ud800-\udbff][\udc00-\udfff]|([\ud800-\udfff])")
    joined = pair.sub(
        lambda found: "" if found[1] else found[0].encode("utf-16", "surrogatepass").decode("utf-16"), text
    )
    assert answer == joined.lstrip()


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("blue", "blue"),
        (["bl", {"type": "text", "text": "ue"}], "blue"),
        ([{"text": "blue"}, {"type": "output_text", "text": {"value": "!"}}], "blue!"),
        ([{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": None}, 3, None], ""),
        (None, ""),
        (7, ""),
    ],
)
def test_the_text_in_a_content(content, text):
    assert text_of(content) == text
