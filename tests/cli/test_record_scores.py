"""Scores that come after the runs: a judge's verdict, and likeness of meaning."""

import json
from dataclasses import replace

import numpy as np
import pytest

from dynamicrag.lab.outcomes.file import read_table
from tests.cli.conftest import FakeEmbedder, FakeModel
from tests.cli.test_record import GRID, NAMES, RECORD


class Meaning(FakeEmbedder):
    """What speaks of 164 steps means the same; all else means something else."""

    embedded: list = []  # noqa: RUF012 - shared on purpose

    def embed(self, texts):
        self.embedded.extend(texts)
        return np.array([[1.0, 0.0] if "164" in text else [0.0, 1.0] for text in texts], dtype=np.float32)


@pytest.fixture
def embedded(monkeypatch):
    monkeypatch.setattr("dynamicrag.policy.build_embedders.LocalEmbedder", Meaning)
    monkeypatch.setattr(Meaning, "embedded", [])
    return Meaning.embedded


def test_a_judge_that_disobeys(there, run):
    """``oracle`` says "It has 164 steps." to anything, which is neither yes nor no."""
    code, out, _ = run(*RECORD, *GRID, "--score", "judge", "--judge", "large")
    assert code == 0
    assert "neither yes nor no of 4 answers" in out
    assert "judge and" not in out
    rows = read_table(there / "t.jsonl").rows
    assert "judge" not in rows[0].outcomes["none/small"].facts
    assert rows[0].outcomes["none/small"].facts["judge_obeyed"] == 0
    assert rows[0].outcomes["none/small"].quality != rows[0].outcomes["none/small"].quality
    assert rows[1].outcomes["none/small"].quality == 1


def test_a_judge_is_compared_with_the_exact_scores(there, run, monkeypatch):
    """It says yes to any answer with the right number, as ``contains`` does; exact match never does."""
    complete = FakeModel.complete

    async def judging(self, messages, **named):
        said = await complete(self, messages, **named)
        if "You check answers" not in messages[0].text:
            return said
        return replace(said, text="Yes." if "164" in messages[-1].text.partition("Answer:")[2] else "No.")

    monkeypatch.setattr(FakeModel, "complete", judging)
    code, out, _ = run(*RECORD, *GRID, "--score", "judge", "--judge", "small", "--json", "s.json")
    assert code == 0
    assert "judge and contains: 100 % alike, kappa – (4 answers)" in out
    assert "judge and em: 0 % alike, kappa 0.00 (4 answers)" in out
    assert "judging took" in out
    rows = read_table(there / "t.jsonl").rows
    assert [rows[0].outcomes[name].quality for name in NAMES] == [1, 1, 1, 1]
    judge = json.loads((there / "s.json").read_text())["judge"]
    assert judge["disobeyed"] == 0
    assert judge["agreement"]["contains"] == {"share": 1.0, "kappa": None, "pairs": 4}
    assert set(judge["cost"]) >= {"joules", "seconds", "usd"}


def test_similarity_is_scored_after_the_runs_and_once(there, run, embedded):
    code, _, err = run(*RECORD, *GRID, "--score", "similarity")
    assert (code, err) == (0, "")
    table = read_table(there / "t.jsonl")
    assert [table.rows[0].outcomes[name].quality for name in NAMES] == [1, 1, 1, 1]
    assert [table.rows[0].outcomes[name].facts["similarity"] for name in NAMES] == [1, 1, 1, 1]
    assert [table.rows[1].outcomes[name].quality for name in NAMES] == [1, 0, 1, 0]
    assert all("similarity" not in outcome.facts for outcome in table.rows[1].outcomes.values())
    embedded.clear()
    assert "all recorded before" in run(*RECORD, *GRID, "--score", "similarity")[1]
    assert embedded == []


def test_a_recorded_table_is_scored_anew_without_running_it_again(there, run, embedded):
    (there / "q.jsonl").write_text('{"query_id": "a", "question": "How many steps?", "answers": ["165"]}\n')
    run(*RECORD, "--path", "generator=large")
    assert embedded == []
    assert "all recorded before" in run(*RECORD, "--path", "generator=large", "--score", "similarity")[1]
    (outcome,) = read_table(there / "t.jsonl").rows[0].outcomes.values()
    assert outcome.quality == outcome.facts["similarity"] == 0
    assert embedded
