"""One normalisation for all: words, terms and what two texts share, in whatever form they are written."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynamicrag.text.languages import FUNCTION_WORDS, OTHER_ALPHABETS, YES_OR_NO, by_function_words
from dynamicrag.text.normal import normalise
from dynamicrag.text.sentences import plain_answer, sentences
from dynamicrag.text.terms import terms, units
from dynamicrag.text.words import content_words, languages, words, written

INVISIBLE = "\u00ad\u200b\u200c\u200d\u2060\ufeff\u200e\ufe0f"
SCRIPTS = (
    "abcXYZäéñßøłÅçğıİ 0123,.:-'_+#&/()\n长桥蓝色是的橋はどこリンゴ다리는สะพาน้ำລາວខ្មែរမြန်မာ"
    "мостйёγέφυραΣςكتابٌأةىهगाँव\u0301\u0308ﬁﬂ①Ａ７²½ǆ🙂👩‍🚀\ud800\u00ad\u200b\u2028"
)
texts = st.one_of(st.text(), st.text(st.sampled_from(SCRIPTS)), st.text(st.characters()))


@given(texts)
def test_normalising_twice_changes_nothing(text):
    once = normalise(text)
    assert normalise(once) == once


@given(texts)
def test_composed_and_decomposed_letters_are_the_same(text):
    for cut in (words, terms, units, content_words):
        assert cut(unicodedata.normalize("NFD", text)) == cut(unicodedata.normalize("NFC", text))


@given(texts, st.sampled_from(INVISIBLE), st.data())
def test_what_nobody_sees_changes_nothing(text, mark, data):
    place = data.draw(st.integers(0, len(text)))
    marked = text[:place] + mark + text[place:]
    for cut in (normalise, words, terms, units):
        assert cut(marked) == cut(text)


@given(texts)
def test_case_changes_nothing_but_the_humps_of_identifiers(text):
    upper = text.upper().lower().upper()
    assert words(upper) == words(upper.lower())


@given(texts)
def test_words_as_written_are_the_same_words(text):
    assert [normalise(word) for word in written(text)] == words(text)


@given(texts, texts)
def test_a_text_says_what_it_says(text, more):
    found = set(terms(f"{text}\n{more}", every=True)) | set(terms(text, every=True))
    assert all(unit.within(found) for unit in units(text))


@given(texts)
def test_no_text_is_refused(text):
    for cut in (plain_answer, sentences, languages, content_words):
        cut(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Münchner", "Mu\u0308nchner"), ("office", "oﬃce"), ("XR7", "ＸＲ７"), ("Straße", "STRASSE"),
        ("Donaudampfschiff", "Donau\u00addampf\u00adschiff"), ("thermostat", "thermo\u200bstat"),
        ("café", "cafe"), ("Łódź", "lodz"), ("Ærø", "aero"), ("İstanbul", "istanbul"), ("ISPARTA", "ısparta"),
        ("Σωκράτης", "ΣΩΚΡΑΤΗΣ"), ("ёлка", "елка"), ("كِتَابٌ", "كتاب"), ("أحمد", "احمد"), ("مدرســة", "مدرسه"),
        ("٣٤", "34"), ("४२", "42"), ("ガス", "ｶﾞｽ"), ("한글", unicodedata.normalize("NFD", "한글")),
        ("don’t", "don't"), ("e‑mail", "e-mail"),
    ],
)  # fmt: skip
def test_forms_that_are_the_same_word(one, other):
    assert normalise(one) == normalise(other)
    assert words(one) == words(other)


@pytest.mark.parametrize(
    ("question", "document"),
    [
        ("email", "e-mail"),
        ("e-mail", "email"),
        ("wifi", "Wi-Fi?"),
        ("check in", "check-in"),
        ("checkin", "check-in"),
        ("regulations", "regu-\nlations"),
        ("well-known", "well-\n  known"),
        ("administration", "administra-\ntion"),
        ("XR7", "XR-7"),
        ("XR-7", "xr7"),
        ("XR 7", "XR7"),
        ("400 km", "400km"),
        ("max_tokens", "maxTokens"),
        ("tokens", "max_tokens"),
        ("maxtokens", "max-tokens"),
        ("C++", "in C++."),
        ("C#", "(C#)"),
        (".NET", "a .NET service"),
        ("node.js", "NodeJS"),
        ("1450", "1,450"),
        ("14,50", "14.50"),
        ("21.40", "21:40"),
        ("USA", "U.S.A."),
        ("OBrien", "O’Brien"),
        ("bridge", "the bridge’s length"),
        ("eau", "l'eau"),
        ("A-Z", "a-z"),
        ("桥", "长桥是蓝色的"),
        ("蓝色", "桥身是蓝色的。"),
        ("りんご", "これはりんごです"),
        ("リンゴ", "赤いﾘﾝｺﾞ"),
        ("読む", "本を読む人"),
        ("다리", "다리는 파랗다"),
        ("집", "우리 집은"),
        ("สะพาน", "สะพานสีน้ำเงิน"),
        ("ปู", "กินปูสด"),
        ("ຂົວ", "ຂົວຍາວ"),
        ("ស្ពាន", "ស្ពានវែង"),
        ("တံတား", "တံတားရှည်"),
        ("पुल", "लंबा पुल"),
        ("مدرسة", "في المدرسه مدرسه"),
    ],
)
def test_a_document_is_found_however_it_is_written(question, document):
    assert set(terms(question)) & set(terms(document, every=True))


@pytest.mark.parametrize(
    ("question", "document"), [("C++", "C"), ("14.50", "14 of 50"), ("红色", "蓝色"), ("桥梁", "长桥")]
)
def test_what_is_not_said(question, document):
    found = set(terms(document, every=True))
    assert not all(unit.within(found) for unit in units(question))


def test_words_keep_decimals_and_english_as_they_were():
    assert words("It costs 14.50, Mr. O'Brien: 2+2!") == [
        "it",
        "costs",
        "14.50",
        "mr",
        "o",
        "brien",
        "2",
        "2",
    ]
    assert words("") == words("?!") == words("🙂") == []


@pytest.mark.parametrize(
    ("text", "language", "telling"),
    [
        ("When does the last ferry leave?", "en", ["last", "ferry", "leave"]),
        ("Wann fährt die letzte Fähre ab?", "de", ["fahrt", "letzte", "fahre"]),
        ("À quelle heure part le dernier bac ?", "fr", ["heure", "part", "dernier", "bac"]),
        ("¿De qué color es el puente?", "es", ["color", "puente"]),
        ("Quando parte l'ultimo traghetto?", "it", ["parte", "ultimo", "traghetto"]),
        ("Quanto custa um bilhete para a ilha?", "pt", ["custa", "bilhete", "ilha"]),
        ("Hoe laat vertrekt de laatste veerboot?", "nl", ["laat", "vertrekt", "laatste", "veerboot"]),
        ("Hvornår går den sidste færge?", "scandinavian", ["gar", "sidste", "faerge"]),
        ("Jaki kolor ma ten most?", "pl", ["kolor", "most"]),
        ("Какого цвета этот мост?", "ru", ["цвета", "мост"]),
        ("长桥是什么颜色？", "zh", ["长桥", "颜色"]),
        ("橋はどこですか", "ja", ["橋は"]),
        ("다리는 파랗다", "ko", ["다리", "리는", "파랗", "랗다"]),
        ("Who starred in Die Hard?", "en", ["starred", "die", "hard"]),  # not German for one word
        ("Was the war won by man or mouse?", "en", ["war", "won", "man", "mouse"]),
    ],
)
def test_the_language_is_told_by_script_and_function_words(text, language, telling):
    assert languages(text) == {language}
    assert content_words(text) == telling


def test_what_does_not_tell_its_language_counts_as_english():
    assert languages("蓝色") == {"zh", "ja"}
    assert languages("Hallorin Bridge") == languages("1871") == frozenset()
    assert content_words("Die Hard") == ["die", "hard"]


def test_function_words_are_written_as_words_are_normalised():
    for own in FUNCTION_WORDS.values():
        assert all(words(word) == [word] for word in own)
    assert all(normalise(word) == word for word in YES_OR_NO)
    assert not any(word.isascii() for word in OTHER_ALPHABETS)
    assert by_function_words(["nothing", "bridge"]) == frozenset()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It is 3.5 km. It is old! Is it?", ["It is 3.5 km.", "It is old!", "Is it?"]),
        ("桥是蓝色的。它很长！真的吗？", ["桥是蓝色的。", "它很长！", "真的吗？"]),
        ("هل الجسر أزرق؟ نعم.", ["هل الجسر أزرق؟", "نعم."]),
        ("पुल नीला है। वह लंबा है।", ["पुल नीला है।", "वह लंबा है।"]),
        ("Mr. Quill met J. Brook. They spoke.", ["Mr. Quill met J. Brook.", "They spoke."]),
    ],
)
def test_sentences_of_several_scripts(text, found):
    assert sentences(text) == found


def test_answers_are_compared_as_squad_has_it_and_letter_by_letter_without_spaces():
    assert plain_answer("The Alder Bridge, of course!") == "alder bridge of course"
    assert plain_answer("1,871") == "1871"
    assert plain_answer("蓝色的。") == "蓝 色 的"


HANGUL = pytest.param("는", marks=pytest.mark.slow)  # composing takes the longest


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "unit",
    ["a", "-", "a-", "Ab ", ". ", "\n", "a\n", "-\n", "a-\n", "e\u0301", "长", "ส", HANGUL, "か", "1,",
     "a.", "'", "_", "aB", "Aaa", "\ud800", "🙂", " ", "(", "\u200b",
     "\u0301", "+", "x1", "。", "…", "\x00", "i\u0307"],
)  # fmt: skip
def test_time_is_linear(unit):
    """Ten times the text takes some ten times as long; a quadratic way takes a hundred times as long."""

    def seconds(size):
        text = (unit * size)[:size]
        start = time.process_time()
        for cut in (terms, words, units, written, sentences, plain_answer, languages):
            cut(text)
        return time.process_time() - start

    short = max(seconds(3_000), 0.004)
    assert any(seconds(30_000) < 40 * short for _ in range(5)), "others may use the machine too"
