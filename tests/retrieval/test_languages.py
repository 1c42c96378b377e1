"""Documents in any language are found by their words, and by meaning where the model reads them."""

import math
import unicodedata

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from dynamicrag.retrieval import RETRIEVERS, RetrievalContext
from dynamicrag.retrieval.compress import compress
from dynamicrag.retrieval.english import notice, notice_of
from dynamicrag.retrieval.index_terms import analyse
from dynamicrag.retrieval.lexical import Bm25sIndex
from dynamicrag.retrieval.lexical_reference import RankBm25Index
from dynamicrag.retrieval.reading import Reading
from dynamicrag.retrieval.store import Chunk
from dynamicrag.retrieval.titles import TitleIndex
from tests.retrieval.fakes import FakeEmbedder, corpus

CHINESE = {
    "bridge": "# 长桥\n\n长桥于1871年由马拉建造，桥身是蓝色的。",
    "ferry": "# 渡轮\n\n最后一班渡轮在晚上九点四十分从北码头出发，经过长桥。",
    "library": "# 图书馆\n\n图书馆周日关闭，借书期限为三周。",
}
OTHERS = {
    "ja": "最後のフェリーは午後九時四十分に北埠頭から出発します。",
    "ko": "마지막 배는 밤 아홉 시에 북쪽 부두에서 떠난다.",
    "th": "เรือเที่ยวสุดท้ายออกจากท่าเรือเหนือตอนสามทุ่ม",
    "ar": "تغادر العبّارة الأخيرة الميناء الشمالي في التاسعة.",
    "ru": "Последний паром уходит от северного причала в девять.",
    "el": "Το τελευταίο πλοίο φεύγει στις εννέα.",
    "hi": "आखिरी नाव उत्तरी घाट से नौ बजे निकलती है।",
    "he": "המעבורת האחרונה יוצאת מהרציף בתשע.",
    "de": "Die letzte Fähre fährt um neun vom Nordkai ab.",
    "en": "The last ferry leaves the north pier at nine.",
}


@pytest.fixture
def chinese(tmp_path):
    folder = tmp_path / "chinese"
    folder.mkdir()
    for name, text in CHINESE.items():
        (folder / f"{name}.md").write_text(text, "utf-8")
    made = corpus(folder, tmp_path / "indexes", chunk_size=200)
    made.ingest()
    yield made
    made.close()


def bound(made, **specs):
    options = {name: RETRIEVERS.build(spec, name) for name, spec in specs.items()}
    for name, option in options.items():
        option.bind(RetrievalContext({"docs": made}, "docs", options, name))
    return options


ALL = {
    "lexical": "bm25", "reference": {"bm25": {"implementation": "rank-bm25"}}, "dense": "chroma",
    "hybrid": {"rrf": {"of": ["lexical", "dense"]}}, "linked": {"linked": {"of": "hybrid"}},
}  # fmt: skip


@pytest.mark.parametrize(
    ("question", "document"),
    [
        ("长桥是什么颜色？", "bridge.md"),
        ("最后一班渡轮什么时候出发？", "ferry.md"),
        ("图书馆星期天开门吗？", "library.md"),
        ("借书", "library.md"),
        ("渡轮", "ferry.md"),
        ("馆", "library.md"),
        ("谁建造了桥？", "bridge.md"),
        ("１８７１", "bridge.md"),
    ],
)
async def test_chinese_is_found_by_words_where_the_model_does_not_read_it(chinese, question, document):
    options = bound(chinese, **ALL)
    found = {name: (await option.retrieve(question, 3)).passages for name, option in options.items()}
    assert found["lexical"][0]["document"] == found["reference"][0]["document"] == document
    assert found["dense"] == found["lexical"]
    assert not any("similarity" in passage for passages in found.values() for passage in passages)
    assert [p["id"] for p in found["hybrid"]] == [p["id"] for p in found["lexical"]]
    assert found["linked"][0]["document"] == document


async def test_an_english_question_finds_no_chinese_chunk_by_meaning(chinese):
    options = bound(chinese, **ALL)
    assert (await options["dense"].retrieve("What colour is the bridge?", 3)).passages == []
    (found,) = (await options["dense"].retrieve("In 1871?", 3)).passages
    assert found["document"] == "bridge.md"
    assert "similarity" not in found
    assert [p["document"] for p in (await options["hybrid"].retrieve("In 1871?", 3)).passages] == [
        "bridge.md"
    ]


def test_a_chinese_title_is_a_link(chinese):
    titles = chinese.titles()
    assert titles.mentioned("渡轮经过长桥。") == ["ferry.md", "bridge.md"]
    assert titles.mentioned("桥和馆") == []


def test_titles_in_lower_case_and_in_other_forms_are_links():
    index = TitleIndex(
        [("a", "logging"), ("b", "Bridge"), ("c", "Café Müller (Köln)"), ("d", "id"), ("e", "(x")]
    )
    assert index.mentioned("see Logging and logging of a bridge, id") == ["a"]
    assert index.mentioned("the Bridge at CAFE MU\u0308LLER") == ["b", "c"]


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_is_found_by_its_own_words(language):
    chunks = [Chunk(name, "", text) for name, text in OTHERS.items()]
    for kind in (Bm25sIndex, RankBm25Index):
        index = kind.build(chunks, k1=0.9, b=0.4)
        for form in ("NFC", "NFD", "NFKD"):
            assert index.search(unicodedata.normalize(form, OTHERS[language]), 1)[0][0] == language


texts = st.text(st.sampled_from("abÄ é1長桥のスสะ다리\u0301\u200b-'. \n\ud800🙂_"), max_size=30)


@settings(max_examples=60, deadline=None)
@given(st.lists(texts, min_size=1, max_size=6), texts, st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_no_text_breaks_an_index_and_every_document_is_found_by_its_words(documents, question, form):
    chunks = [Chunk(f"{n}#0", "", text) for n, text in enumerate(documents)]
    fast, reference = (kind.build(chunks, k1=0.9, b=0.4) for kind in (Bm25sIndex, RankBm25Index))
    for asked in (question, *documents):
        assert fast.search(asked, 3) == [
            (name, pytest.approx(score, abs=1e-9)) for name, score in reference.search(asked, 3)
        ]
        assert 0 <= fast.coverage(asked)["coverage"] <= 1
    for number, text in enumerate(documents):
        asked = unicodedata.normalize(form, text)
        found = [name for name, _ in fast.search(asked, len(chunks))]
        assert f"{number}#0" in found or not analyse(text)


def test_function_words_of_a_language_are_not_asked_for():
    assert analyse("Wann fährt die letzte Fähre?") == ["fahrt", "letzte", "fahre"]
    assert "die" in analyse("Die letzte Fähre fährt um neun.", document=True)
    assert analyse("Who starred in Die Hard?") == ["starred", "die", "hard"]


def test_a_chinese_context_keeps_to_its_tokens():
    text = "".join(f"第{n}座桥是蓝色的。" for n in range(200))
    passage = {"id": "a", "document": "a", "title": "桥", "text": text, "score": 1.0}
    (kept,) = compress("第七座桥是什么颜色？", [passage], 100)
    assert 50 < len(kept["text"]) <= 130


# --- what the embedding model reads ---


@pytest.fixture(scope="module")
def wordpiece():
    """A vocabulary like that of an English model: English words, and letters of any script."""
    text = " ".join(OTHERS.values()).lower()
    letters = sorted(
        {letter for letter in unicodedata.normalize("NFD", text) if letter.isalpha()} - set("後北")
    )
    pieces = ["[UNK]", *letters, *(f"##{letter}" for letter in letters), ".", ","]
    pieces += [
        "the",
        "last",
        "ferry",
        "leaves",
        "north",
        "pier",
        "at",
        "nine",
        "und",
        "die",
        "um",
        "##te",
        "##hr",
    ]
    made = Tokenizer(models.WordPiece({piece: n for n, piece in enumerate(pieces)}, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return made


@pytest.mark.parametrize("with_tokenizer", [True, False])
@pytest.mark.parametrize("language", OTHERS)
def test_what_an_english_model_reads(language, with_tokenizer, wordpiece):
    unread = Reading(wordpiece if with_tokenizer else None).unread(OTHERS[language])
    assert unread == 0 if language in ("de", "en") else unread > 0.5


@pytest.mark.parametrize(
    "text", ["", "?!", "🙂 a great 🚀 bus", "2 + 2 = 4", "naïve – “café”", "in 长 the last ferry at nine"]
)
def test_signs_and_single_letters_do_not_count_against_a_text(text, wordpiece):
    assert Reading(wordpiece).unread(text) <= 0.2


def test_vectors_of_what_is_not_read_are_missing():
    vectors, _ = FakeEmbedder().readable_measured(["the bridge", "长桥是蓝色的"])
    assert np.isfinite(vectors[0]).all()
    assert np.isnan(vectors[1]).all()


def test_the_owner_is_told(chinese):
    line = notice_of(chinese)
    assert "fake is for English and cannot read 100% of these documents" in line
    assert "'bm25'" in line
    assert notice("docs", ["The bridge is blue.", "Die Brücke ist blau.", ""], FakeEmbedder()) == ""
    assert notice("docs", [], FakeEmbedder()) == ""
    assert "33%" in notice("docs", ["The bridge is blue.", "It is.", "桥是蓝色的"], FakeEmbedder())


def test_the_owner_of_linked_documents_is_told(tmp_path, root):
    (tmp_path / "docs").mkdir()
    (tmp_path / "page.txt").write_text("长桥是蓝色的。")
    (tmp_path / "docs" / "page.txt").symlink_to(tmp_path / "page.txt")
    assert "cannot read 100%" in notice_of(corpus(tmp_path / "docs", root, follow_links=True))


@pytest.mark.models
def test_what_the_default_model_reads():
    from dynamicrag.llm.pull import pull
    from dynamicrag.retrieval import LocalEmbedder

    embedder = LocalEmbedder(lambda: pull("all-minilm-l6-v2"))
    assert [name for name, text in OTHERS.items() if embedder.reads(text)] == ["de", "en"]
    assert len(embedder.tokenize(OTHERS["th"])) > 10, (
        "a sentence is more than one token to a model that reads it"
    )
    assert math.isfinite(embedder.embed(["x"])[0, 0])


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts)
def test_any_text_is_read_or_not(wordpiece, text):
    for reading in (Reading(wordpiece), Reading(None)):
        assert 0 <= reading.unread(text) <= 1
