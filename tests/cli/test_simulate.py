"""``dynamicrag simulate`` as people run it."""

import json
import os
import signal

import pytest

from dynamicrag.lab.outcomes.file import write_table
from tests.lab.simulate.tables import table

FAST = ("--table", "toy.jsonl", "--start", "none", "--seeds", "2", "--other-seeds", "1")


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DYNAMICRAG_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "160")
    write_table(table(120, costs=(1.0, 3.0)), tmp_path / "toy.jsonl")
    return tmp_path


def test_the_page_and_the_keys(here, run):
    code, out, err = run("simulate", *FAST, "--router", "linucb,epsilon_greedy", "--json", "out.json")
    assert code == 0, err
    for words in ("120 queries", "linucb", "best_fixed", "gap all", "option 1"):
        assert words in out
    found = json.loads((here / "out.json").read_text())
    assert set(found) == {"data", "weight", "seeds", "learners", "baselines", "weights", "notes"}
    own = found["learners"]["linucb"]
    assert {"utility", "regret", "calls", "after_change", "share", "last_half"} <= set(own)
    assert own["after_change"] is None
    assert set(found["baselines"]) == {"random", "best_fixed", "forest", "oracle"}
    assert all(0 <= each["utility"] <= 1 for each in found["baselines"].values())
    assert sorted(path.name for path in here.iterdir() if path.name != "cache") == ["out.json", "toy.jsonl"]


def test_a_change_as_json_on_standard_output(here, run):
    change = "{worse: {option: option 0, at: 0.5, by: 0.9}}"
    code, out, _ = run("simulate", *FAST, "--weight", "0.1", "--change", change, "--json", "-")
    assert code == 0
    after = json.loads(out)["learners"]["linucb"]["after_change"]
    assert {"queries", "recovered", "tolerance"} <= set(after)


@pytest.fixture
def interruptible(monkeypatch):
    """Ctrl-C ends the command, and not the tests."""
    monkeypatch.setattr(os, "_exit", lambda code: None)
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupted_simulation_continues(here, run, monkeypatch):
    from dynamicrag.lab.simulate import replays as module

    real, calls = module.replay, []

    def interrupted(*args):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*args)

    monkeypatch.setattr(module, "replay", interrupted)
    given = (*FAST, "--router", "linucb", "--weight", "0.1", "--json", "out.json")
    code, _, err = run("simulate", *given)
    assert code == 130
    assert "kept" in err
    assert (here / "out.json.partial").exists()
    code, _, err = run("simulate", *given)
    assert code == 0, err
    assert len(calls) == 3
    assert not (here / "out.json.partial").exists()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("--table", "no.jsonl"), "no.jsonl"),
        ((), "--table: a table to replay is needed"),
        ((*FAST, "--router", "lincub"), "did you mean 'linucb'"),
        ((*FAST, "--router", "forest"), "learns from no single reward"),
        ((*FAST, "--router", "knn"), "needs recorded outcomes"),
        ((*FAST, "--change", "worst"), "unknown change 'worst'"),
        ((*FAST, "--change", "{worse: {at: 2}}"), "expected a share of the stream"),
        ((*FAST, "--explore", "{epsilon: 3}"), "expected a number from 0 to 1"),
        ((*FAST, "--ability", "gpt-4"), "expected NAME=ACCURACY"),
        (
            (*FAST, "--ability", "gpt-4=86", "--ability", "a=.5"),
            "--ability gpt-4=86: an accuracy between 0 and 1 is needed",
        ),
        ((*FAST, "--weight", "-1"), "expected a number of 0 or more"),
        ((*FAST, "--json", "no/out.json"), "there is no folder"),
    ],
)
def test_mistakes_are_one_line(here, run, given, words):
    code, _, err = run("simulate", *given)
    assert code == 1
    assert words in err
    assert len(err.strip().splitlines()) == 1
