"""Signs that a turn needs no documents: right on many languages, and unmoved by how a turn is typed."""

import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynamicrag.features.lexical import lexical
from dynamicrag.features.sum_words import SUM_WORDS
from dynamicrag.features.talk import kinds, reply

from .turns import ABOUT_CONVERSATION, CONTENT, SMALL_TALK, SUMS

FLAGS = ("greeting", "sum", "about_conversation")
TABLES = dict(zip((*FLAGS, ""), (SMALL_TALK, SUMS, ABOUT_CONVERSATION, CONTENT), strict=True))
TURNS = {
    flag: [turn for turns in table.values() for turn in turns.split("|")] for flag, table in TABLES.items()
}
EVERY = [(turn, flag) for flag, turns in TURNS.items() for turn in turns]
NOUNS = [
    "ferry",
    "museum",
    "Gebühren",
    "bibliothèque",
    "billetes",
    "traghetto",
    "паром",
    "渡轮",
    "図書館",
    "도서관",
    "مكتبة",
    "नाव",
]
SIGNS = [*"01+-*/()%^x=½².二加", "12", "plus", "what", "is", "und", "two"]
FACES = ["", "😀", " 👍", " 🎉!", " ❤️", " 🚢"]


def verdict(turn):
    features = lexical(turn)
    return [flag for flag in FLAGS if features[flag]]


@pytest.mark.parametrize("flag", TURNS)
@pytest.mark.parametrize("language", CONTENT)
def test_each_turn_has_its_sign_and_no_other(language, flag):
    turns = [turn for turn in TABLES[flag].get(language, "").split("|") if turn]
    wrong = {turn: found for turn in turns if (found := verdict(turn)) != ([flag] if flag else [])}
    assert not wrong


def test_there_are_enough_turns_to_tell():
    assert len(TURNS["greeting"]) > 150
    assert len(TURNS[""]) > 150


@given(st.sampled_from([pair for pair in EVERY if pair[1]]), st.sampled_from(NOUNS), st.booleans())
def test_a_turn_with_a_content_word_beside_has_no_sign(pair, noun, first):
    assert verdict(f"{noun} {pair[0]}" if first else f"{pair[0]} {noun}") == []


@given(
    st.sampled_from([pair for pair in EVERY if any(map(str.isalnum, pair[0]))]),
    st.sampled_from(FACES),
    st.data(),
)
def test_the_sign_does_not_depend_on_how_a_turn_is_typed(pair, face, data):
    turn, flag = pair
    typed = data.draw(st.sampled_from([turn, turn.upper(), turn.lower()])) if "ß" not in turn else turn
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" and c.isalnum() else c for c in typed)
    typed = data.draw(st.sampled_from([typed, wide, unicodedata.normalize("NFD", typed)]))
    typed = typed.replace(" ", data.draw(st.sampled_from([" ", "  ", "\u00a0"])))
    typed = (
        data.draw(st.sampled_from(["", "  ", "\n"]))
        + typed
        + data.draw(st.sampled_from(["", "!", "?", " ...", "。"]))
    )
    assert verdict(typed + face) == ([flag] if flag else [])


@pytest.mark.parametrize("turn", ["2x1", "2 x 1", "¿2x1?", "50/50", "4X4!"])
@pytest.mark.parametrize("face", FACES)
def test_a_name_that_looks_like_a_sum_is_none_with_any_picture(turn, face):
    assert verdict(turn + face) == []


@given(st.text(max_size=300))
@settings(max_examples=300)
def test_any_text_has_a_verdict(text):
    assert set(verdict(text)) <= set(FLAGS)


@given(st.lists(st.sampled_from(SIGNS), max_size=40))
def test_any_row_of_signs_has_a_verdict(pieces):
    for joined in (" ".join(pieces), "".join(pieces)):
        verdict(joined)


@pytest.mark.parametrize(
    "piece", ["what did i ", "(", "2+", "two ", "哈", "an", "thank you ", "1 ", "((1)", "zweiund"]
)
def test_long_turns_take_no_longer(piece):
    began = time.process_time()
    verdict(piece * (20_000 // len(piece)))
    for length in (100, 120, 200):
        verdict(piece * (length // len(piece)))
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    "turn", ["yes", "No.", "ok", "sure!", "ja", "d'accord", "是的", "はい", "네", "نعم", "हाँ", "да"]
)
def test_replies_are_told_from_other_small_talk(turn):
    assert reply(turn)


@pytest.mark.parametrize("turn", ["yes, the ferry", "thanks", "ok thanks", "no, thank you", "hi", "", "👍"])
def test_other_turns_are_no_replies(turn):
    assert not reply(turn)


def test_every_language_has_its_words_for_sums():
    assert set(SUM_WORDS) == {key for key in SMALL_TALK if key}


def test_kinds_say_what_a_turn_is_made_of():
    assert kinds("Hi, thanks!") == {"greeting", "thanks"}
    assert kinds("Hi, thanks, ferry") == frozenset()
