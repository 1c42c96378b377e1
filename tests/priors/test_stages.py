"""The parts of the prior around the generator: what each option is worth, by the evidence."""

from dataclasses import replace

import pytest

from dynamicrag.errors import PolicyError
from dynamicrag.predictors.state import State
from dynamicrag.priors.stages import SHIFTS, shipped_stages
from dynamicrag.types import Option

PARTS, VERIFICATION = shipped_stages().shifts, shipped_stages().verification
SHORT, LONG = Option("short", {"chunks": 2}), Option("long", {"chunks": 8})
NOTHING = Option("nothing", {"chunks": 0})
NEAR = {"similarity": 0.6, "matched": 0.8, "passages": 12.0, "documents": 12.0}
WORDS = Option("lexical", {"finds": ["words"], "corpora": ["docs"]})
MEANING = Option("dense", {"finds": ["meaning"], "corpora": ["docs"]})
BOTH = Option("hybrid", {"finds": ["meaning", "words"], "corpora": ["docs"]})
LINKED = Option("linked", {"finds": ["links", "meaning", "words"], "corpora": ["docs"]})


def logits(stage, options, features):
    return PARTS[stage].shifts(options, features).logit


@pytest.mark.parametrize("stage", SHIFTS)
def test_a_part_needs_no_feature_and_survives_its_state(stage):
    options = [Option("none"), Option("some", {"chunks": 3}), LINKED]
    part = PARTS[stage]
    found = part.shifts(options, {})
    assert len(found.logit) == len(found.reason) == 3
    assert found.spread > 0
    assert type(part).from_state(part.state()) == part


@pytest.mark.parametrize("change", [{"spread": None}, {"spread": "nan"}, {"more": 1.0}])
def test_a_damaged_part_is_refused(change):
    meta = {**PARTS["context"].state().meta, **change}
    meta = {name: value for name, value in meta.items() if value is not None}
    with pytest.raises(PolicyError):
        SHIFTS["context"].from_state(State(meta))


@pytest.mark.parametrize("features", [{}, {**NEAR, "enough": 2.0}, {**NEAR, "enough": 9.0, "bridges": 3.0}])
def test_a_longer_context_is_never_worth_less_and_gains_less_and_less(features):
    found = logits("context", [Option("", {"chunks": k}) for k in (1, 2, 4, 8, 16, 32, 64)], features)
    assert list(found) == sorted(found)
    assert found[-1] - found[-2] < found[2] - found[0]


def test_a_longer_context_is_worth_more_if_the_evidence_is_spread_over_many_passages():
    def gain(features):
        short, long = logits("context", [SHORT, LONG], {**NEAR, **features})
        return long - short

    assert gain({"enough": 9.0}) > 2 * gain({"enough": 1.0})
    assert gain({"enough": 2.0, "bridges": 2.0, "comparison": 1.0}) > gain({"enough": 2.0})


def test_a_context_without_passages_is_right_only_if_the_documents_do_not_cover_the_question():
    far = {"similarity": 0.1, "english": 1.0, "matched": 0.1, "idf_coverage": 0.2, "passages": 12.0}
    assert logits("context", [NOTHING, SHORT], far)[0] > logits("context", [NOTHING, SHORT], far)[1]
    for features in ({}, NEAR, {"similarity": 0.3, "matched": 0.2, "passages": 12.0}):
        nothing, short = logits("context", [NOTHING, SHORT], features)
        assert nothing < short - 1


def test_an_adaptive_context_is_worth_a_little_less_than_all_its_passages_and_compression_costs():
    features = {**NEAR, "enough": 4.0}
    adaptive = Option("adaptive", {"adaptive": True, "chunks": 12, "tokens": 1000})
    tight = Option("tight", {"chunks": 12, "tokens": 300})
    whole, kept, squeezed = logits("context", [Option("", {"chunks": 12}), adaptive, tight], features)
    assert squeezed < kept < whole
    assert whole - kept < 0.1


def test_a_question_in_other_words_is_searched_by_meaning_and_a_literal_one_by_words():
    strange, known = {"idf_coverage": 0.2}, {"idf_coverage": 1.0}
    words, meaning, both = logits("retriever", [WORDS, MEANING, BOTH], strange)
    assert words < meaning
    assert words < both
    words, meaning, _ = logits("retriever", [WORDS, MEANING, BOTH], {**known, "literals": 1.0})
    assert words > meaning


def test_links_are_followed_and_the_last_option_is_the_default():
    hybrid, linked = logits("retriever", [BOTH, LINKED], {})
    assert linked > hybrid
    first, last = logits("retriever", [Option("mine"), Option("theirs")], {})
    assert last > first == 0


def test_a_search_of_the_nearest_corpus_wins():
    law, food = (Option(name, {"finds": ["meaning"], "corpora": [name]}) for name in ("law", "food"))
    features = {"nearest_law": 0.6, "nearest_food": 0.2}
    found = PARTS["retriever"].shifts([law, food], features)
    assert found.logit[0] > found.logit[1] + 1
    assert "nearest" in found.reason[0]
    assert "farther" in found.reason[1]


def test_dates_are_compared_by_compare_and_reasoning_helps_only_without_passages():
    direct, compare, cot = (Option(name, {"prompt": name}) for name in ("direct", "compare", "cot"))
    options = [direct, compare, cot]
    plain, ranking, thinking = logits("prompt", options, {"ranks": 1.0, "passages": 4.0})
    assert ranking > plain > thinking
    assert max(logits("prompt", options, {"passages": 4.0})) == 0
    assert logits("prompt", options, {"sum": 1.0, "numbers": 3.0, "words": 20.0})[2] > 0
    assert logits("prompt", options, {"sum": 1.0, "numbers": 2.0, "words": 3.0})[2] < 0
    assert logits("prompt", [Option("ours", {"prompt": ""})], {"ranks": 1.0}) == (0.0,)


def test_rewriting_and_reranking_stay_out_of_the_way_unless_the_evidence_is_weak():
    none, other, parts = Option("none"), Option("multi_query"), Option("decompose")
    strong = {"idf_coverage": 1.0, "matched": 0.9}
    assert max(logits("rewrite", [none, other, parts], strong)) == 0
    assert logits("rewrite", [none, other], {"idf_coverage": 0.1})[1] > 0
    assert logits("rewrite", [none, parts], {"bridges": 2.0})[1] > 0
    reads = Option("cross_encoder", {"depth": 12})
    assert logits("rerank", [none, reads], strong)[1] < 0
    assert logits("rerank", [none, reads], {"matched": 0.3})[1] > 0
    assert logits("rerank", [Option("ours")], {"matched": 0.3}) == (0.0,)


def test_signals_move_the_probability_in_their_direction_and_missing_ones_change_nothing():
    rate, spread = VERIFICATION.right({})
    assert rate == pytest.approx(VERIFICATION.rate)
    assert 0 < spread < 0.5
    for name, weight in VERIFICATION.weights.items():
        low, high = (VERIFICATION.right({name: value})[0] for value in (0.0, 1.0))
        assert (high > low) == (weight.slope > 0) != (name == "unanswerable")
    assert VERIFICATION.right({"token_margin": float("nan"), "tone": 3.0})[0] == rate
    assert VERIFICATION.right({"unanswerable": 1.0})[0] < 0.15


def test_verification_survives_its_state_and_a_damaged_one_is_refused():
    state = VERIFICATION.state()
    assert type(VERIFICATION).from_state(state) == VERIFICATION
    for meta in ({}, {**state.meta, "weights": 3}, {**state.meta, "rate": 1.0}):
        with pytest.raises(PolicyError):
            type(VERIFICATION).from_state(State(meta))
    certain = replace(VERIFICATION, weights={})
    assert certain.right({"token_margin": 1.0})[0] == pytest.approx(certain.rate)
