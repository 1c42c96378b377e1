"""What a verifier took of a recorded draft, and which signals read as probabilities."""

import numpy as np
import pytest

from dynamicrag.lab.cascade.owners import as_probability, owner_of, spent_in, verifier_cost
from dynamicrag.lab.outcomes.table import Outcome, OutcomeTable, Row

PAID = {"judge_usd": 0.0, "judge_seconds": 2.0, "judge_joules": 30.0}


def table(*facts):
    """Return one row with a draft of each facts, all of 100 J."""
    named = {
        f"o{i}": Outcome(1.0, {"joules": 100.0, "cpu_seconds": 1.0, **own}) for i, own in enumerate(facts)
    }
    return OutcomeTable([Row("q", "who?", named)])


@pytest.mark.parametrize(
    ("signal", "owner"),
    [
        ("judge_groundedness", "judge"),
        ("agreement_samples", "agreement"),
        ("entropy", "entropy"),
        ("my", "my"),
    ],
)
def test_a_signal_is_its_verifiers(signal, owner):
    assert owner_of(signal) == owner


def test_what_was_recorded_is_told_apart_and_what_was_not_is_nothing():
    found = spent_in(table(PAID, {}), "joules")
    assert list(found) == ["judge"], "cpu_seconds are no verifier's"
    np.testing.assert_array_equal(found["judge"], [[30.0, 0.0]])


def test_in_a_unit_that_was_not_recorded_it_is_not_known():
    assert np.isnan(spent_in(table(PAID), "output_tokens")["judge"]).all()
    assert spent_in(table({}), "output_tokens") == {}


def test_a_verifier_with_two_signals_is_paid_once():
    spent = {"judge": np.array([[30.0]]), "p_true": np.array([[10.0]])}
    cost = np.array([[140.0]])
    for signal, own in (("judge", 30.0), ("judge_groundedness", 30.0), ("groundedness", 0.0), (None, 40.0)):
        taken, bare = verifier_cost(spent, cost, signal)
        assert (taken[0, 0], bare[0, 0]) == (own, 100.0)


@pytest.mark.parametrize(
    ("name", "signal", "said"),
    [
        ("judge", [0.25, 1.0], [0.25, 1.0]),
        ("unanswerable", [1.0, 0.0], [0.0, 1.0]),  # it speaks against the answer
        ("perplexity", [0.5, 1.0], [np.nan, np.nan]),  # the verifier says how far it may go
        ("mine", [0.5, np.nan], [0.5, np.nan]),
        ("mine", [0.5, 7.0], [np.nan, np.nan]),
        ("mine", [np.nan, np.nan], [np.nan, np.nan]),
    ],
)
def test_what_reads_as_a_probability(name, signal, said):
    np.testing.assert_array_equal(as_probability(name, np.array([signal])), [said])
