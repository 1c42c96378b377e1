"""What a policy changed by stage, and what became of questions without an answer."""

from types import SimpleNamespace

import numpy as np
import pytest

from dynamicrag.escalation.base import ABSTAIN
from dynamicrag.escalation.replay import Played
from dynamicrag.lab.cascade.comparisons import by_stage, changed, unanswered
from dynamicrag.lab.cascade.recorded import from_tables
from dynamicrag.lab.cascade.results import Counted
from dynamicrag.lab.outcomes.table import Outcome, OutcomeTable, Row
from dynamicrag.lab.routing.resample import Resample


class Recorded(SimpleNamespace):
    """What is read of trials."""

    def __len__(self):
        return len(self.unanswerable)


@pytest.mark.parametrize(
    ("before", "after", "stages"),
    [
        ({"generator": "small"}, {"generator": "large"}, ("generator",)),
        ({"retrieval": "none"}, {"retrieval": "single", "context": "long"}, ("retrieval",)),
        ({"generator": "small"}, {"generator": "small", "context": "long"}, ("context",)),
        ({"generator": "small"}, {"generator": "small"}, ()),
    ],
)
def test_changed(before, after, stages):
    assert changed(before, after) == stages


def test_what_was_added_sums_to_the_whole():
    trials = Recorded(
        unanswerable=np.zeros(4),
        paths=[{"generator": "small"}, {"generator": "large"}],
        quality=np.array([[0.0, 1.0], [1.0, 0.0], [0.0, 0.0], [1.0, 1.0]]),
        cost=np.tile([1.0, 4.0], (4, 1)),
    )
    tried = np.array([[1, 1], [1, 1], [1, 1], [1, 0]], dtype=bool)
    taken = Played(
        np.array([1, 0, ABSTAIN, 0]), np.zeros(4, dtype=np.intp), tried,
        np.array([1.0, 1.0, 1.0, 1.0]), np.array([5.0, 5.0, 5.0, 1.0]),
    )  # fmt: skip
    found = {group.stages[0]: group for group in by_stage(trials, taken, Resample(4, 20, 0))}
    assert {name: group.queries for name, group in found.items()} == {
        "generator": 1,
        "kept": 1,
        "abstained": 1,
    }
    assert [found[name].gain for name in ("generator", "kept", "abstained")] == [0.25, 0.0, 0.25]
    assert sum(group.cost for group in found.values()) == 3.0
    assert by_stage(SimpleNamespace(paths=[]), taken, Resample(4, 20, 0)) == []


def test_a_draft_that_says_so_abstains_and_one_that_failed_is_neither():
    refused = np.array([[0.0, 1.0], [0.0, 1.0], [np.nan, 0.0], [0.0, 1.0], [0.0, 0.0]])
    trials = Recorded(unanswerable=np.array([1.0, 1.0, 1.0, 0.0, 0.0]), refused=refused)
    found = unanswered(trials, np.array([0, 1, 0, 1, ABSTAIN]), Resample(5, 50, 0))
    assert (found.unanswerable, found.answerable) == (3, 2)
    assert {key: getattr(found, key).count for key in ("abstained", "invented", "wrongly_abstained")} == {
        "abstained": 1,
        "invented": 1,
        "wrongly_abstained": 2,
    }
    assert found.abstained.share == pytest.approx(1 / 3)
    low, high = found.abstained.interval
    assert 0 <= low < 1 / 3 < high <= 1
    assert found.wrongly_abstained.interval == [1, 1]


def test_where_no_question_has_an_answer_none_is_wrongly_abstained_from():
    trials = Recorded(unanswerable=np.ones(2), refused=np.zeros((2, 1)))
    found = unanswered(trials, np.array([0, ABSTAIN]), Resample(2, 0, 0))
    assert found.wrongly_abstained == Counted(None, 0, None)


def test_where_all_have_one_there_is_nothing_to_tell():
    trials = Recorded(unanswerable=np.zeros(2), refused=np.zeros((2, 1)))
    assert unanswered(trials, np.array([0, ABSTAIN]), Resample(2, 10, 0)) is None


def test_what_a_table_says_of_refusals():
    """The fact counts; without it the answer's own words; a failure is neither."""
    cost, told = {"joules": 1.0}, {"margin": 0.5}
    outcomes = [
        Outcome(1.0, {**cost, "abstained": 1.0}, told, answer="nobody knows"),
        Outcome(1.0, cost, told, answer="unanswerable"),
        Outcome(0.0, cost, told, answer="In 1813"),
        Outcome(0.0, cost, told, error="the provider failed"),
    ]
    answered = [*outcomes[:3], Outcome(0.0, cost, told, answer="In 1815")]
    table = OutcomeTable(
        Row(f"q{n}", "who?", {f"o{i}": own for i, own in enumerate(each)}, answerable=False)
        for n, each in enumerate((outcomes, answered))
    )
    (trials,) = from_tables([table])
    np.testing.assert_array_equal(trials.refused, [[1.0, 1.0, 0.0, np.nan], [1.0, 1.0, 0.0, 0.0]])
