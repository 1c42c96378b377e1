"""The question sets say what their documents say."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.answers.score import contains, declined, f1, stands_in

HERE = Path(__file__).parent
CORPUS = HERE.parents[1] / "examples" / "corpus"


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (HERE / f"{name}.jsonl").read_text("utf-8").splitlines()]


@pytest.mark.parametrize(
    ("name", "count"),
    [("paraphrases", 60), ("no_documents", 20), ("outside", 30), ("cjk", 15), ("howto", 20)],
)
def test_a_set_is_complete_and_its_ids_are_distinct(name, count):
    assert len({row["id"] for row in rows(name)}) == count == len(rows(name))
    assert len({row["question"] for row in rows(name)}) == count


def test_a_fact_stands_in_its_document():
    for row in rows("paraphrases"):
        assert row["fact"] in (CORPUS / row["document"]).read_text("utf-8").replace("*", ""), row["id"]
        assert all((CORPUS / other).is_file() for other in row.get("also", ())), row["id"]


def test_twenty_paraphrases_are_in_other_languages():
    assert sum(row["lang"] in ("de", "fr", "es") for row in rows("paraphrases")) == 20


def test_chinese_and_japanese_questions_have_documents_of_their_language():
    for row in rows("cjk"):
        assert row["document"].startswith(row["lang"])
        assert (HERE / "cjk" / row["document"]).is_file()


def test_what_the_corpus_withholds_it_speaks_of():
    for row in rows("outside"):
        assert row["expected"] in ("outside", "withheld")
        assert (
            (CORPUS / row["document"]).is_file() if row["expected"] == "withheld" else "document" not in row
        )


def test_an_accepted_answer_stands_in_an_answer_by_whole_words():
    assert stands_in("no", "No, it is not.")
    assert not stands_in("no", "I do not know")
    assert stands_in("7:45", "By telephone from 07:45.")
    assert not stands_in("5", "15 dorrins")
    assert stands_in("周一", "博物馆周一不开门。")
    assert stands_in("10冊", "一人10冊までです")
    assert stands_in("stair-lift", "There is a stair lift")


def test_all_parts_of_a_list_are_wanted():
    row = {"answers": ["a and b"], "all": ["board games", "binoculars"]}
    assert contains("Binoculars and board games", row)
    assert not contains("Board games", row)
    assert contains("anything", {}) is None


def test_what_declines_is_seen():
    assert declined("I don't know.")
    assert declined("")
    assert declined("The passages do not mention it.")
    assert not declined("No, dogs must be kept on a lead.")


def test_f1_is_of_the_best_accepted_answer():
    assert f1("14 dorrins", ["14", "14 dorrins"]) == 1
    assert f1("x", ["y"]) == 0
