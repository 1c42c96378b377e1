"""The metadata that a passage of a foreign retriever keeps."""

import json
from datetime import date

import numpy as np

from dynamicrag.retrieval.foreign import passage
from dynamicrag.retrieval.metadata import LONGEST_KEPT, MOST_KEPT


def kept(facts, **more):
    return passage("text", facts, 1, **more).get("metadata")


def test_single_values_stay_and_others_do_not():
    facts = {"page": 3, "year": 1890.5, "public": True, "on": date(2024, 5, 1), "tags": ["a"], "more": {}}
    assert kept(facts) == {"page": 3, "year": 1890.5, "public": True, "on": "2024-05-01"}


def test_numbers_of_numpy_are_plain():
    found = kept({"page": np.int64(3), "share": np.float64(0.5)})
    assert json.loads(json.dumps(found)) == {"page": 3, "share": 0.5}
    assert [type(value) for value in found.values()] == [int, float]


def test_their_number_and_their_length_are_bounded():
    facts = {"long": "x" * (LONGEST_KEPT + 1), "k" * 201: 1, "bad\ud83d": 1}
    facts |= {f"f{n}": n for n in range(99)}
    assert list(kept(facts)) == [f"f{n}" for n in range(MOST_KEPT)]


def test_the_fields_of_a_filter_are_kept_in_any_case():
    facts = {**{f"f{n}": n for n in range(99)}, "tags": ["a", "b"], "tenant": "acme"}
    found = kept(facts, wanted={"tags": ("a",), "tenant": ("acme",)})
    assert (found["tags"], found["tenant"], len(found)) == (["a", "b"], "acme", MOST_KEPT + 2)


def test_a_passage_without_metadata_has_none():
    assert kept({}) is None
    assert kept(None) is None
