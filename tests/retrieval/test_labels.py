"""Readable names of passages."""

import pytest

from dynamicrag.records import Passage
from dynamicrag.retrieval.labels import labels, readable_id

UUID = "1ab24f7e-7b9c-4a8f-a2f9-522f6649033c"
DIGEST = "9f86d081884c7d65"


def passage(document, title="", corpus=""):
    return Passage(id="x", document=document, title=title, text="text", score=1.0, corpus=corpus)


@pytest.mark.parametrize("name", [UUID, UUID.upper(), DIGEST])
def test_a_random_id_is_no_name(name):
    assert readable_id(name) == ""


@pytest.mark.parametrize("name", ["hours.md", "17", "https://x.org/a", "deadbeefdeadbeef", "2024"])
def test_other_ids_are(name):
    assert readable_id(name) == name


def test_a_passage_has_its_title_or_its_file_name_or_a_number():
    named = [passage("a", "Hours"), passage("/data/hours.pdf"), passage("C:\\docs\\b.txt"), passage(UUID)]
    assert labels(named) == ["Hours", "hours.pdf", "b.txt", "document 4"]
    assert labels([passage("https://x.org/hours/")]) == ["hours"]


def test_the_passages_of_a_document_share_its_number():
    assert labels([passage(UUID), passage(DIGEST), passage(UUID), passage(UUID, corpus="b")]) == [
        "document 1",
        "document 2",
        "document 1",
        "document 3",
    ]
