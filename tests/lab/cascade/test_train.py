"""From a table with signals to what decides online."""

import numpy as np
import pytest

from dynamicrag.errors import InputError, PolicyError
from dynamicrag.escalation.replay import total
from dynamicrag.lab.calibrate.world import World
from dynamicrag.lab.cascade.comparisons import changed
from dynamicrag.lab.cascade.recorded import from_tables
from dynamicrag.lab.cascade.train import train_escalation
from dynamicrag.lab.cascade.verifiers import judged_options
from dynamicrag.lab.outcomes.table import OutcomeTable
from dynamicrag.lab.outcomes.whole_paths import unmended
from dynamicrag.lab.recipe import Recipe
from dynamicrag.routers.paths import chains
from tests.escalation.taught import MENDED, MENDING, PATHS, PRICES, table, taught


@pytest.mark.parametrize("policy", ["value", "cascade_routing", {"thresholds": {"levels": 10}}])
def test_it_is_worth_more_than_any_single_path(policy):
    own = taught(policy)
    replayed, single = own.replayed, own.best_single
    assert replayed.quality > single.quality - 0.01
    assert replayed.escalated > 0
    assert own.judgement.hopeless is None


def test_questions_without_an_answer_teach_to_abstain():
    own = taught(blank=0.4)
    assert own.judgement.hopeless is not None
    assert own.replayed.abstained > 0.2


def test_a_mended_draft_goes_on_from_its_draft_and_is_paid_once():
    own = taught(mended=0.9).judgement
    options = table(2, mended=0.9).options
    assert chains(own.prior.paths).tolist() == [-1, -1, 2, 2, -1]
    (trials,) = from_tables([table(40, mended=0.9)])
    assert trials.chain.tolist() == [-1, -1, 2, 2, -1]
    tried = np.array([[False, False, True, True, False]])
    assert total(trials.cost[:1], tried, trials.chain) == pytest.approx(PRICES["small"] + MENDING)
    assert len(judged_options(trials)) == len(options), "each is a draft of its own"
    assert changed(trials.paths[2], trials.paths[3]) == ("refine",)
    assert changed(trials.paths[0], trials.paths[3]) == ("retrieval", "refine")


def test_what_was_mended_must_be_there():
    whole = table(40, mended=0.9)
    with pytest.raises(InputError, match="'single/small/refine' mends a draft whose own path is not among"):
        from_tables([whole.only(["none/small", MENDED])])
    with pytest.raises(InputError, match="record that one too"):
        from_tables([whole.only([MENDED, "single/small"])])


def test_what_decides_before_there_is_a_draft_has_no_use_for_mended_ones():
    whole = table(40, mended=0.9)
    world = World.of(whole, 20)
    assert world.names == tuple(PATHS)
    assert "single/small/refine: left out; whether to mend a draft is learnt by" in world.notes[0]
    assert unmended(table(5))[1] == []


@pytest.mark.parametrize(
    ("rows", "policy", "features", "error", "told"),
    [
        (table(10), "value", "lexical", InputError, "at least 20 are needed"),
        (table(40, unit="output_tokens"), "value", "lexical", InputError, "its cost is in output_tokens"),
        (table(40), "valve", "lexical", PolicyError, "did you mean 'value'"),
        (table(40), "value", "response", PolicyError, "'response' is known after generation alone"),
        (OutcomeTable(table(40).rows, ["none/small"]), "value", "lexical", InputError, "a single path"),
    ],
)
def test_mistakes_are_told(rows, policy, features, error, told):
    with pytest.raises(error, match=told):
        train_escalation(rows, policy, Recipe("linear", [features]))
