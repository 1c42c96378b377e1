"""``play``, which goes through many questions as arrays, takes the steps of a learnt escalation on a walk."""

import numpy as np
import pytest

from dynamicrag.cost.vector import Cost
from dynamicrag.escalation.base import ABSTAIN
from dynamicrag.escalation.replay import TrainingData, play
from dynamicrag.features.base import Seen
from dynamicrag.lab.calibrate.walked import pipeline_of
from dynamicrag.lab.outcomes.table import OutcomeTable
from dynamicrag.policy.file import load_policy
from dynamicrag.routers.judgement import draft_measures
from dynamicrag.routers.paths import chains, originals
from dynamicrag.stages.base import Run, option_names
from dynamicrag.topology import TOPOLOGY
from dynamicrag.verify.unanswerable import is_refusal
from dynamicrag.walk.recording import RecordedDraft, RecordedPaths, Recording
from dynamicrag.walk.replay import replay
from tests.escalation.taught import table, taught

POLICY = {
    "version": 1,
    "corpora": {"docs": {"path": "docs/"}},
    "models": {name: {"model": f"openai:{name}"} for name in ("small", "large")},
    "stages": {
        "retrieval": {"options": ["none", "single"], "router": {"fixed": {"option": "none"}}},
        "generator": {"options": ["small", "large"], "router": {"fixed": {"option": "small"}}},
    },
}


def pipeline(state, worth):
    verification = {
        "options": {"accept": None, "refine": {"model": "large"}, "escalate": None, "abstain": None},
        "verifiers": ["unanswerable", "token_margin"],
        "router": {"escalation": {"state": str(state)}},
        "max_escalations": 100,
    }
    stages = {**POLICY["stages"], "verification": verification}
    objective = {"weights": {"usd": worth}}
    return pipeline_of(load_policy({**POLICY, "stages": stages, "objective": objective}), TOPOLOGY.drafting)


def lessons(judgement, rows: OutcomeTable):
    """Return what the judgement itself says of every draft, as arrays."""
    n, k = rows.quality.shape
    signals = np.array([
        [draft_measures(o.signals, judgement.signals, row.text, o.answer) for o in row.outcomes.values()]
        for row in rows.rows
    ])  # fmt: skip
    cost = rows.fact("usd")
    return TrainingData(
        prior=np.stack(
            [np.clip(judgement.prior.estimate(Seen(row.text)).mean[0], 0, 1) for row in rows.rows]
        ),
        expected=cost,
        score=judgement.scorer.predict(signals),
        hopeless=judgement.hopeless.predict(signals) if judgement.hopeless else np.full((n, k), np.nan),
        quality=rows.quality,
        cost=cost,
        unanswerable=np.array([float(row.answerable is False) for row in rows.rows]),
        chain=chains(judgement.prior.paths),
        mends=np.array(originals(judgement.prior.paths)),
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "policy",
    [
        "value",
        "thresholds",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("cascade_routing", "frugal")),
    ],
)
@pytest.mark.parametrize(
    "change",
    [
        pytest.param({}, id="all", marks=pytest.mark.slow),
        pytest.param({"blank": 0.4}, id="blank", marks=pytest.mark.slow),
        pytest.param({"mended": 0.9}, id="mended"),
    ],
)
async def test_play_is_the_walk(tmp_path, policy, change):
    judgement = taught(policy, **change).judgement
    rows = table(40, seed=1, **change)
    paths = [row.path for row in rows.rows[0].outcomes.values()]
    known = lessons(judgement, rows)
    lengths = set()
    for worth in (1.0, 10.0, 60.0):
        own = pipeline(judgement.state().save(tmp_path / f"{worth}"), worth)
        run = Run(own.ledger, own.budget, own.cost_model, None, lambda _: None)
        shared = RecordedPaths(paths, option_names(own.stages))
        played = play(judgement.policy, judgement.beliefs, known, worth)
        for number, row in enumerate(rows.rows):
            if played.first[number] < 0:
                continue
            drafts = [
                RecordedDraft(o.signals, o.answer, Cost({("usd", "modelled"): o.facts["usd"]}))
                for o in row.outcomes.values()
            ]
            recording = Recording(row.text, shared, drafts)
            first = {s: o for s, o in paths[played.first[number]].items() if s != "verification"}
            walked = await replay(own.stages, own.verification, recording, run, first)
            accepted = int(played.accepted[number])
            if accepted != ABSTAIN and is_refusal(drafts[accepted].answer):
                accepted = ABSTAIN  # online it is withheld, and recorded as withheld
            assert sorted(walked.drafts) == np.flatnonzero(played.tried[number]).tolist()
            assert walked.accepted == (None if accepted == ABSTAIN else accepted)
            assert walked.unrecorded == ()
            lengths.add(len(walked.drafts))
    assert len(lengths) > 1
