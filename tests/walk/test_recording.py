"""What is known when, on a recording: ahead, after a retrieval, and of a draft."""

from dynamicrag.cost.vector import Cost
from dynamicrag.walk.recording import RecordedDraft, RecordedPaths, Recording

OPTIONS = {
    "retrieval": ["none", "single"],
    "retriever": ["a", "b"],
    "context": ["short"],
    "generator": ["small", "large"],
}


def path(retrieval, generator, retriever=None, verification="accept"):
    found = {"retriever": retriever, "context": "short"} if retriever else {}
    return {"retrieval": retrieval, **found, "generator": generator, "verification": verification}


PATHS = [
    path("none", "small"),
    path("single", "small", "a"),
    path("single", "small", "a", "refine"),
    path("single", "large", "a"),
    path("single", "small", "b"),
    path("single", "huge", "b"),
]


def recording():
    drafts = [
        RecordedDraft(
            {"coverage": 0.5, "matched": 0.1 * number, "groundedness": 0.2 * number, "entity_coverage": 0.9}
            if number
            else {"coverage": 0.5, "token_margin": 0.4},
            expected=Cost({("joules", "modelled"): float(number)}),
        )
        for number in range(len(PATHS))
    ]
    return Recording("Who?", RecordedPaths(PATHS, OPTIONS), drafts)


def test_paths_go_on_from_a_part_of_one():
    paths = recording().paths
    assert paths.agreeing({}) == (0, 1, 3, 4, 5)
    assert paths.agreeing({"retrieval": "single", "retriever": "a"}) == (1, 3)
    assert paths.agreeing({"retrieval": "single", "retriever": "a"}, refined=True) == (2,)
    assert paths.agreeing({"retrieval": "single", "retriever": "b", "generator": "large"}) == ()
    # what a path passes by does not count, nor does a stage at which nothing was varied
    assert paths.agreeing({"retrieval": "none", "retriever": "b", "context": "long"}) == (0,)


def test_only_the_policys_own_options_vary():
    paths = recording().paths
    assert [stage for stage in OPTIONS if paths.varies(stage)] == ["retrieval", "retriever", "generator"]
    one = RecordedPaths(PATHS, {**OPTIONS, "retriever": ["b", "c"]})
    assert not one.varies("retriever")


def test_signals_are_known_in_their_turn():
    own = recording()
    assert own.ahead({}) == {"coverage": 0.5}
    for retriever, number in (("a", 1), ("b", 4)):
        at = {"retrieval": "single", "retriever": retriever}
        assert own.ahead(at) == {"coverage": 0.5}
        assert own.brought("retriever", at) == {"matched": 0.1 * number}
        assert own.brought("context", at) == {}
        assert own.foreseen({"entity_coverage"}, at) == {"entity_coverage": 0.9}
        assert own.judged(number) == {"groundedness": 0.2 * number, "entity_coverage": 0.9}
    assert own.brought("retriever", {"retrieval": "none"}) == {}
    assert own.judged(0) == {"token_margin": 0.4}


def test_a_part_of_a_path_costs_what_the_weakest_that_goes_on_from_there_does():
    own = recording()
    assert own.price({"retrieval": "single", "retriever": "b"})["joules"] == 4
    assert own.price({"retrieval": "single", "retriever": "b", "generator": "large"})["joules"] == 0
