"""What verifiers and features say of answers in other languages and forms: silent rather than wrong."""

import asyncio
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynamicrag.features.base import FEATURES, FeatureSet, Seen
from dynamicrag.features.retrieval import retrieval
from dynamicrag.verify.agreement import same
from dynamicrag.verify.base import VERIFIERS, Evidence
from dynamicrag.verify.unanswerable import is_refusal

ENGLISH = "The Alder Bridge was opened in 1871 by Mara Quill. It is blue. A ticket costs 14.50 dorrins."
GERMAN = "Die Alte Brücke wurde 1871 von Mara Quill eröffnet und ist blau."
FRENCH = "Le Pont Alder est ouvert par la ville et les gens du port."
CHINESE = "长桥于1871年由马拉建造，桥身是蓝色的。"
WORDS = "The ferry leaves at nine in the evening."
OFFLINE = ("groundedness", "entity_coverage", "unanswerable", "token_margin", "entropy", "perplexity")


def passage(text):
    return {"id": text[:9], "document": "a", "title": "", "text": text, "score": 1.0}


async def signal(name, question, answer, *texts):
    given_ = Evidence(question, answer, [passage(text) for text in texts], {})
    return (await VERIFIERS.build(name, "v").verify(given_)).get(name)


@pytest.mark.parametrize(
    ("question", "answer", "text", "value"),
    [
        ("Welche Farbe hat die Brücke?", "blau", ENGLISH, None),
        ("Welche Farbe hat die Brücke?", "Die Brücke ist blau.", ENGLISH, None),
        ("Wann wurde die Brücke eröffnet?", "Sie wurde 1871 eröffnet.", ENGLISH, 1.0),
        ("Wann wurde die Brücke eröffnet?", "Sie wurde 1872 eröffnet.", ENGLISH, 0.0),
        ("Was kostet ein Ticket für die Brücke?", "Ein Ticket kostet 14,50 Dorrins.", ENGLISH, 1.0),
        ("Wer hat die Brücke eröffnet?", "Mara Quill", ENGLISH, 1.0),
        ("Wann geht die Fähre?", "Die Fähre geht um 21 Uhr.", WORDS, None),  # it says "nine"
        ("Qui a ouvert le pont ?", "Le pont est ouvert par la ville.", FRENCH, 1.0),
        ("长桥是什么颜色？", "蓝色", CHINESE, 1.0),
        ("长桥是什么颜色？", "长桥是蓝色的。", CHINESE, 1.0),
        ("长桥是什么颜色？", "红色", CHINESE, 0.25),  # half a letter of two
        ("橋は何色ですか", "青色", "橋は青いです。", 0.5),
        ("橋は何色ですか", "赤", "橋は青いです。", 0.0),
        ("长桥是什么颜色？", "蓝色", ENGLISH, None),
        ("What colour is the bridge?", "It is blue.", CHINESE, None),
        ("When was the bridge built?", "It was built in 1871.", CHINESE, 1.0),
        ("When was the bridge built?", "It was built in 1911.", CHINESE, 0.0),
        ("Какого цвета мост?", "синий", ENGLISH, None),
        ("Is it blue?", "ja", ENGLISH, None),
        ("桥是蓝色的吗？", "是的。", CHINESE, None),
        ("橋は青いですか", "いいえ", CHINESE, None),
        ("Who opened it?", "Mara Quill", ENGLISH, 1.0),
        ("Who opened it?", "Zeno Brand", ENGLISH, 0.0),
        ("Who opened it?", "Ma\u0301ra QUILL", ENGLISH, 1.0),
        ("What colour is it?", "It is red.", ENGLISH, 0.0),
        ("How do I reach them?", "by email", "You may e-mail the office.", 1.0),
    ],
)
async def test_groundedness(question, answer, text, value):
    assert await signal("groundedness", question, answer, text) == value


async def test_a_chinese_sentence_in_other_words_is_not_made_up():
    value = await signal(
        "groundedness",
        "图书馆星期天开门吗？",
        "图书馆星期天不开门，周日关闭。",
        "图书馆周日关闭，借书期限为三周。",
    )
    assert 0.5 < value < 1


@pytest.mark.parametrize(
    ("question", "text", "value"),
    [
        ("Who opened the Hallorin Bridge?", ENGLISH, 0.0),
        ("Who opened the Alder Bridge?", ENGLISH, 1.0),
        ("Who opened the Álder\u00ad Bridge?", ENGLISH, 1.0),
        ("Wer hat die Hallorin Brücke eröffnet?", GERMAN, None),  # all nouns have capitals
        ("Wer hat die Alder Brücke eröffnet?", ENGLISH, None),
        ("Qui a ouvert le Pont Long ?", ENGLISH, None),  # names are translated
        ("Qui a ouvert le Pont Alder ?", FRENCH, 1.0),
        ("Qui a ouvert le Pont Hallorin ?", FRENCH, 0.0),
        ("Hallorin Brücke Öffnung?", ENGLISH, None),
        ("长桥是什么颜色？", CHINESE, None),
        ("Who opened the Alder Bridge?", CHINESE, None),
    ],
)
async def test_entity_coverage(question, text, value):
    assert await signal("entity_coverage", question, "x", text) == value


async def test_groundedness_by_embedding_is_missing_where_the_model_does_not_read():
    class Half:
        async def embed(self, texts):
            return np.array([[1.0, 0.0] if text.isascii() else [np.nan, np.nan] for text in texts])

    async def judged(question, answer, *texts):
        evidence = Evidence(question, answer, [passage(text) for text in texts], {}, Half())
        return await VERIFIERS.build("groundedness_embedding", "v").verify(evidence)

    assert await judged("Who opened it?", "Ada opened it in spring.", ENGLISH, CHINESE) == {
        "groundedness_embedding": 1.0
    }
    assert await judged("Who opened it?", "Ada opened it in spring.", CHINESE) == {}
    assert await judged("谁？", "马拉建造了长桥。", ENGLISH) == {}


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("蓝色。", "蓝色", True),
        ("蓝色", "红色", False),
        ("The e-mail!", "email", True),
        ("Mu\u0308ller", "Müller", True),
        ("４２", "42", True),
        ("C++", "C#", True),
    ],
)
def test_answers_that_are_the_same(one, other, equal):
    assert same(one, other) is equal


def test_matched_words_are_told_in_any_form():
    found = retrieval("Wann öffnet die Wi-Fi Zone?", [passage("Die Wifi-Zone o\u0308ffnet um acht.")])
    assert found["matched"] == 1.0
    assert retrieval("长桥是什么颜色？", [passage(CHINESE)])["matched"] == 0.5  # 长桥, and not 颜色


class Model:
    name = "english"

    def __call__(self, texts):
        return np.array([[len(text), 1.0] for text in texts], dtype=np.float32)

    def reads(self, text):
        return text.isascii()


def test_an_embedding_that_means_nothing_is_the_mean_of_the_training_queries():
    training = [Seen("ab"), Seen("abcd"), Seen("长桥是什么颜色？")]
    features = FeatureSet(["embedding"], Model()).fit(training)
    assert features.transform([Seen("长桥"), Seen("a")]).tolist() == [[3.0, 1.0], [1.0, 1.0]]
    again = FeatureSet.from_state(features.state(), Model())
    assert again.transform([Seen("长桥")]).tolist() == [[3.0, 1.0]]


texts = st.text(st.sampled_from("aB é1.?长桥的のสะ다\u0301\u200b-'\n\ud800🙂+(C"), max_size=40) | st.text(
    max_size=40
)


@settings(max_examples=80, deadline=None)
@given(texts, texts, texts)
@pytest.mark.slow
def test_no_text_breaks_a_verifier_or_a_feature(question, answer, text):
    for name in OFFLINE:
        for value in [asyncio.run(signal(name, question, answer, text))]:
            assert value is None or math.isfinite(value)
    assert all(map(math.isfinite, retrieval(question, [passage(text)]).values()))
    same(question, answer)


@pytest.mark.parametrize(
    "text",
    ["2+2", "Wi-Fi?", "check-in?", "e-mail", " 2+2", "C++", "?", "", "\ud800", "长桥", "a\u200b-b", "🙂" * 9],
)
@pytest.mark.parametrize("family", [name for name in FEATURES if not FEATURES[name].embeds])
def test_no_question_breaks_a_family(family, text):
    training = [
        Seen("Who opened it?", {"groundedness": 1.0, "coverage": 1.0}),
        Seen("When?", {"groundedness": 0.5, "coverage": 0.0}),
    ]
    assert np.isfinite(FeatureSet([family]).fit(training).transform([Seen(text)])).all()


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "text",
    [
        "a" * 10**5,
        "\n" * 10**5,
        "( " * 50_000,
        pytest.param("长" * 10**5, marks=pytest.mark.slow, id="chinese"),
        "? " * 50_000,
        "unknown " * 12_000,
        pytest.param("1+" * 50_000, marks=pytest.mark.slow, id="sum"),
    ],
)
def test_long_texts_take_no_longer_than_they_are(text):
    asyncio.run(signal("groundedness", text, text, text))
    asyncio.run(signal("entity_coverage", text, text, text))
    asyncio.run(signal("unanswerable", text, text, text))
    FeatureSet(["lexical"]).fit([Seen("a b"), Seen("c")]).transform([Seen(text)])


@pytest.mark.parametrize(
    "answer",
    ["unbeantwortbar", "Nicht beantwortbar.", "Sans réponse", "sin respuesta", "senza risposta",
     "geen antwoord", "brak odpowiedzi", "Нет ответа.", "回答できません", "답변할 수 없습니다"],
)  # fmt: skip
def test_a_model_that_translates_the_word_declines_too(answer):
    assert is_refusal(answer)


@pytest.mark.parametrize(
    "answer",
    ["La lettre resta sans réponse", "Sie ließ den Brief unbeantwortet", "Нет", "Geen", "Sin", "Nein"],
)
def test_an_answer_that_has_such_words_in_it_does_not(answer):
    assert not is_refusal(answer)
