"""From a table with signals to what decides online."""

import pytest

from dynamicrag.errors import InputError, PolicyError
from dynamicrag.evaluation.cascade.train import train_escalation
from dynamicrag.evaluation.outcomes.table import OutcomeTable
from tests.escalation.taught import table, taught


@pytest.mark.parametrize("policy", ["value", "cascade_routing", {"thresholds": {"levels": 10}}])
def test_it_is_worth_more_than_any_single_path(policy):
    own = taught(policy)
    replayed, single = own.figures["replayed"], own.figures["best_single"]
    assert replayed["quality"] > single["quality"] - 0.01
    assert replayed["escalated"] > 0
    assert own.judgement.hopeless is None


def test_questions_without_an_answer_teach_to_abstain():
    own = taught(blank=0.4)
    assert own.judgement.hopeless is not None
    assert own.figures["replayed"]["abstained"] > 0.2


@pytest.mark.parametrize(
    ("rows", "how", "error", "told"),
    [
        (table(10), {}, InputError, "at least 20 are needed"),
        (table(40, unit="output_tokens"), {}, InputError, "its cost is in output_tokens"),
        (table(40), {"policy": "valve"}, PolicyError, "did you mean 'value'"),
        (table(40), {"features": ["response"]}, PolicyError, "'response' is known after generation alone"),
        (OutcomeTable(table(40).rows, ["none/small"]), {}, InputError, "a single path"),
    ],
)
def test_mistakes_are_told(rows, how, error, told):
    given = {"policy": "value", "router": "linear", "features": ["lexical"], **how}
    with pytest.raises(error, match=told):
        train_escalation(rows, **given)
