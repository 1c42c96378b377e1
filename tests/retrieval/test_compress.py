import pytest

from dynamicrag.retrieval.compress import compress
from dynamicrag.text.sentences import sentences

QUESTION = "Who designed the Hallorin Bridge?"


def passage(name, text, title="Title"):
    return {"id": name, "document": name, "title": title, "text": text, "score": 1.0}


def test_what_fits_is_left_as_it_is():
    found = [passage("a", "One  thing.\n\nAnother.")]
    assert compress(QUESTION, found, 100) == found


def test_sentences_that_share_rare_terms_stay_in_their_order():
    filler = "Ferries cross the bay every day. " * 10
    text = f"Hallorin lies on an island. {filler}Mara Sund designed the bridge. {filler}"
    (kept,) = compress(QUESTION, [passage("a", text)], 40)
    assert kept["text"].startswith("Hallorin lies on an island.")
    assert "Mara Sund designed the bridge." in kept["text"]
    assert len(kept["text"]) <= 160
    assert kept["id"] == "a"


def test_the_better_passage_wins_among_equals_and_one_without_a_sentence_goes():
    found = [passage(name, "The weather was fine that day. " * 8) for name in "abcd"]
    assert [p["id"] for p in compress(QUESTION, found, 80)] == ["a", "b"]


def test_where_the_words_explain_little_the_rank_decides():
    right = passage("a", "Pets travel free. They stay on deck at all times. Small ones may come inside.")
    wrong = passage("b", "Bring a coat. You can bring sandwiches on the tour. It is windy up there.")
    first, *_ = compress("May our dog be brought aboard the tour boat?", [right, wrong], 24)
    assert first["text"] == right["text"]
    assert compress("Can you bring sandwiches?", [right, wrong], 20)[-1]["text"].startswith(
        "Bring a coat. You"
    )


def test_what_a_named_thing_is_said_of_in_the_next_sentence_is_kept():
    filler = "Ferries cross the bay every day. " * 5
    text = f"{filler}The Hallorin Bridge is new. It is the work of Mara Sund. {filler}"
    (kept,) = compress(QUESTION, [passage("a", text) | {"document": "b"}], 16)
    assert kept["text"] == "The Hallorin Bridge is new. It is the work of Mara Sund."


@pytest.mark.parametrize(("name", "begins"), [("doc", True), ("doc#0", True), ("doc#3", False)])
def test_only_the_beginning_of_a_document_is_worth_more(name, begins):
    text = "Ferries cross the bay every day. Mara Sund designed the bridge."
    (kept,) = compress(QUESTION, [passage(name, text) | {"document": "doc"}], 10)
    assert kept["text"].startswith("Ferries") == begins


def test_one_sentence_is_kept_however_long_it_is():
    (kept,) = compress(QUESTION, [passage("a", "word " * 500)], 10)
    assert len(kept["text"]) > 2000


@pytest.mark.parametrize("found", [[], [passage("a", "")], [passage("a", " \n ")]])
def test_nothing_is_made_of_nothing(found):
    assert compress(QUESTION, found, 1) in ([], found)


def test_a_question_without_terms_goes_by_rank_and_place():
    kept = compress("?", [passage("a", "First of all. " + "Then this. " * 20)], 8)
    assert kept[0]["text"].startswith("First of all.")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("He met John R. Leonetti. Then he left.", ["He met John R. Leonetti.", "Then he left."]),
        ("Dr. Smith and Mrs. Jones came! Why?", ["Dr. Smith and Mrs. Jones came!", "Why?"]),
        ("a line\nanother line", ["a line", "another line"]),
        ("一つ。二つ。", ["一つ。", "二つ。"]),
        ("", []),
    ],
)
def test_sentences(text, parts):
    assert sentences(text) == parts


def test_rows_and_code_keep_their_lines_and_their_indentation():
    rows = [f"| Valve: V-{n} | Pressure in bar: {n}.8 |" for n in range(10, 22)]
    code = "def valve(n):\n    if n:\n        return open(n)\n    # Nothing is done."
    text = "\n".join(["The valves.", "", *rows, "", code, "Ferries cross the bay.", "Valve V-15 is new."])
    (kept,) = compress("Pressure of V-15, return open", [passage("a", text)], 60)
    lines = kept["text"].split("\n")
    assert {rows[5], "        return open(n)"} <= set(lines) <= set(text.split("\n"))
    assert len(lines) < len(text.split("\n"))


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Pets stay. Mara designed it.\n\nNew paint holds.", "Mara designed it.\n\nNew paint holds."),
        ("Mara designed it.  Pets stay. New paint holds.", "Mara designed it. New paint holds."),
        ("Mara designed it. Pets stay.\nNew paint holds.", "Mara designed it.\nNew paint holds."),
        ("Mara designed it.\nPets stay. New paint holds.", "Mara designed it.\nNew paint holds."),
        ("Mara designed it。New paint holds。Pets stay in。", "Mara designed it。New paint holds。"),
    ],
)
def test_white_space_stays_as_it_is_between_neighbours(text, kept):
    found = passage("a#1", text) | {"document": "a", "title": ""}
    assert [p["text"] for p in compress("Mara designed new paint", [found], 9)] == [kept]


@pytest.mark.parametrize("gap", ["\n" + " " * 60, "\n\n\n\n", " " * 9])
def test_the_white_space_that_stays_counts_too(gap):
    text = gap.join(f"The bridge of {1800 + number} was closed." for number in range(200))
    (kept,) = compress("When was the bridge of 1850 closed?", [passage("a", text)], 300)
    assert 1000 < len(kept["text"]) < 1250
