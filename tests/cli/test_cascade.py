"""``dynamicrag eval-cascade`` as people run it."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dynamicrag.lab.outcomes.file import write_table
from dynamicrag.lab.outcomes.table import Outcome, OutcomeTable, Row
from tests.lab import shipped
from tests.lab.cascade.samples import write_samples

EVAL = ("eval-cascade", "--bootstrap", "30", "--folds", "3")
OPTIONS = (
    "none/direct/large",
    "single/linked/short/direct/small",
    "single/linked/short/direct/large",
    "single/hybrid/long/direct/large",
)
EXPECTED = Path(__file__).with_name("cascade_of_the_shipped_recording.json")
MOT = Path(__file__).parents[3] / "shared/data/signals/mot_cascade_samples.jsonl.gz"


def recorded(n=60, *, options=("small", "large"), signals=True, seed=0, right=None):
    """Return a table whose signal ``margin`` tells whether a draft is right."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        outcomes = {}
        for position, option in enumerate(options):
            good = float(rng.random() < 0.5 + 0.3 * position) if right is None else right
            told = {"margin": float(0.8 * good + 0.2 * rng.random())} if signals else {}
            outcomes[option] = Outcome(
                good, {"joules": 10.0 * 4**position, "usd": 0.0}, told, answer="an answer"
            )
        rows.append(Row(f"q{seed}-{i}", f"question {rng.integers(10**9)} of {rng.integers(10**9)}", outcomes))
    return OutcomeTable(rows)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DYNAMICRAG_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "110")
    write_samples(tmp_path / "samples.jsonl")
    write_samples(tmp_path / "other.jsonl", 40, seed=1)
    write_table(recorded(), tmp_path / "table.jsonl")
    write_table(recorded(40, seed=1), tmp_path / "test.jsonl")
    return tmp_path


@pytest.mark.slow
def test_samples(here, run):
    code, out, err = run(
        *EVAL, "--test", "samples.jsonl", "--weak", "small", "--strong", "big", "--json", "out.json"
    )
    assert code == 0, err
    for words in (
        "80 queries, 4 options",
        "value",
        "always_strong",
        "Verifiers",
        "Conformal sets of answers",
        "cost:",
    ):
        assert words in out
    assert max(map(len, out.splitlines())) <= 110
    found = json.loads((here / "out.json").read_text())
    strong = found["baselines"]["always_strong"]["chosen"]
    assert (
        found["policies"]["frugal"]["best"]["quality"]
        > found["baselines"]["always_weak"]["chosen"]["quality"]
    )
    assert found["policies"]["frugal"]["chosen"]["cost"] < strong["cost"]
    assert set(found["conformal"]["levels"]) == {"0.05", "0.1", "0.2"}


@pytest.mark.slow
def test_samples_learnt_on_one_task_shown_on_another(here, run):
    code, out, _ = run(
        *EVAL, "--train", "samples.jsonl", "--test", "other.jsonl", "--weak", "small",
        "--strong", "big", "--option-cost", "big=7", "--json", "-",
    )  # fmt: skip
    assert code == 0
    found = json.loads(out)
    assert found["data"]["queries"] == 40
    assert found["baselines"]["always_strong"]["chosen"]["cost"] == 70


@pytest.mark.slow
def test_a_recorded_table(here, run):
    code, out, _ = run(*EVAL, "--train", "table.jsonl", "--features", "lexical", "--json", "-")
    assert code == 0
    found = json.loads(out)
    assert found["data"]["cost"]["name"] == "joules", "dollars are nothing everywhere"
    assert found["verifiers"]["margin"]["auroc"] > 0.95
    large = found["baselines"]["fixed:large"]["chosen"]
    for own in found["policies"].values():
        assert own["best"]["quality"] > large["quality"]


@pytest.mark.slow
def test_a_table_for_a_test_a_budget_and_a_picture(here, run):
    pytest.importorskip("matplotlib")
    code, out, _ = run(
        *EVAL, "--train", "table.jsonl", "--test", "test.jsonl", "--features", "lexical",
        "--policies", "{value: {hope: 0.1}}", "--budget", "45", "--plot", "plots", "--json", "-",
    )  # fmt: skip
    assert code == 0
    found = json.loads(out)
    assert list(found["policies"]) == ["value(hope=0.1)"]
    assert max(point["cost"] for point in found["policies"]["value(hope=0.1)"]["curve"]) <= 45
    assert (here / "plots/cascade.png").read_bytes().startswith(b"\x89PNG")
    page = (here / "plots/cascade.html").read_text("utf-8")
    for words in (
        "Verification over the router alone", "margin", "Conformal sets", " drafts, ", "always strong",
    ):  # fmt: skip
        assert words in page
    assert not re.search(r"<script|(?:src|href)=.http|\bnan\b", page.lower())


@pytest.mark.slow
def test_what_escalation_changed_and_what_it_gives_over_the_router(here, run):
    paths = {
        "small": {"retrieval": "none", "generator": "small"},
        "large": {"retrieval": "none", "generator": "large"},
    }
    rows = [
        replace(row, outcomes={n: replace(o, path=paths[n]) for n, o in row.outcomes.items()})
        for row in recorded(80).rows
    ]
    write_table(OutcomeTable(rows), here / "paths.jsonl")
    arguments = ("--train", "paths.jsonl", "--features", "lexical", "--policies", "thresholds")
    code, out, _ = run(*EVAL, *arguments, "--json", "out.json")
    assert code == 0
    assert "What escalation changed" in out
    own = json.loads((here / "out.json").read_text())["policies"]["thresholds"]
    assert {tuple(group["stages"]) for group in own["stages"]} <= {("generator",), ("kept",), ("abstained",)}
    assert sum(g["queries"] for g in own["stages"]) == round(80 * own["chosen"]["escalated"]) > 0
    over = own["over_router"]
    assert over["difference"] == pytest.approx(own["chosen"]["quality"] - over["router"])
    assert over["interval"][0] <= over["difference"] <= over["interval"][1]


@pytest.mark.slow
def test_what_a_verifier_took_stands_beside_what_it_tells(here, run):
    pytest.importorskip("matplotlib")
    took = {"judge_usd": 0.0, "judge_seconds": 1.0, "judge_joules": 5.0}
    rows = [
        replace(row, outcomes={
            name: replace(o, facts={**o.facts, **took, "joules": o.facts["joules"] + 5.0},
                          signals={**o.signals, "judge": o.quality})
            for name, o in row.outcomes.items()
        })
        for row in recorded().rows
    ]  # fmt: skip
    write_table(OutcomeTable(rows), here / "judged.jsonl")
    arguments = ("--train", "judged.jsonl", "--features", "lexical", "--policies", "thresholds")
    code, out, err = run(*EVAL, *arguments, "--json", "out.json", "--plot", "plots")
    assert code == 0, err
    found = json.loads((here / "out.json").read_text())["verifiers"]
    assert (found["judge"]["cost"], found["judge"]["cost_share"]) == (5.0, pytest.approx(0.2))
    assert (found["margin"]["cost"], found["learnt"]["cost"]) == (0.0, 5.0)
    assert found["judge"]["ece_raw"] == 0
    (line,) = [line for line in out.splitlines() if line.startswith("judge ")]
    assert "5.00 J" in line
    assert "20 %" in line
    assert "cost a draft" in (here / "plots/cascade.html").read_text("utf-8")
    code, out, _ = run(*EVAL, *arguments, "--cost", "seconds", "--option-cost", "small=1",
                       "--option-cost", "large=4", "--json", "-")  # fmt: skip
    assert json.loads(out)["verifiers"]["judge"]["cost"] == 1.0


@pytest.mark.slow
@pytest.mark.parametrize("right", [0.0, 1.0])
def test_all_right_or_all_wrong(here, run, right):
    write_table(recorded(right=right), here / "same.jsonl")
    code, out, err = run(*EVAL, "--train", "same.jsonl", "--features", "lexical", "--json", "-")
    assert code == 0, err
    found = json.loads(out)
    assert found["verifiers"]["margin"]["auroc"] is None
    assert any("nothing to tell apart" in note for note in found["notes"])


def test_routers_too_save_what_costs_something(here, run):
    code, out, _ = run(
        "eval", "--train", "table.jsonl", "--features", "lexical", "--routers", "linear", "--bootstrap", "0",
        "--json", "-",
    )  # fmt: skip
    assert code == 0
    assert json.loads(out)["data"]["cost"]["name"] == "joules", "dollars are nothing everywhere"


def test_one_option(here, run):
    code, out, _ = run(
        *EVAL, "--train", "table.jsonl", "--options", "large", "--features", "lexical", "--json", "-"
    )
    assert code == 0
    assert json.loads(out)["policies"]["value"]["chosen"]["escalated"] == 0


@pytest.mark.slow
def test_a_policy_that_is_cheaper_than_anything_the_router_does_is_held_against_its_cheapest(here, run):
    """Nearly nothing has an answer, so that it does best to ask nobody."""
    rows = [replace(row, answerable=i % 6 == 0) for i, row in enumerate(recorded(options=("large",)).rows)]
    write_table(OutcomeTable(rows), here / "blank.jsonl")
    arguments = (*EVAL, "--train", "blank.jsonl", "--features", "lexical")
    code, out, _ = run(*arguments, "--json", "-")
    assert code == 0
    own = json.loads(out)["policies"]["value"]
    assert own["over_router"]["cost"] < 10.0
    assert own["over_router"]["difference"] == pytest.approx(
        own["chosen"]["quality"] - json.loads(out)["baselines"]["router"]["chosen"]["quality"]
    )
    assert own["over_router"]["interval"] is not None
    assert run(*arguments)[0] == 0


@pytest.mark.slow
def test_unanswerable_questions_are_abstained_from(here, run):
    pytest.importorskip("matplotlib")
    rows = []
    for i, row in enumerate(recorded(80).rows):
        none = i % 4 == 0
        outcomes = {
            name: replace(
                o, quality=0.0 if none else o.quality, signals={**o.signals, "unanswerable": float(none)}
            )
            for name, o in row.outcomes.items()
        }
        rows.append(replace(row, outcomes=outcomes, answerable=not none))
    write_table(OutcomeTable(rows), here / "blank.jsonl")
    code, out, _ = run(
        *EVAL, "--train", "blank.jsonl", "--features", "lexical", "--policies", "value,thresholds",
        "--json", "out.json", "--plot", "plots",
    )  # fmt: skip
    assert code == 0
    assert "Unanswerable questions (20; 60 others)" in out
    assert max(map(len, out.splitlines())) <= 110
    page = (here / "plots/cascade.html").read_text("utf-8")
    for words in ("Of the 20 questions without an answer", "wrongly abstained"):
        assert words in page
    found = json.loads((here / "out.json").read_text())
    before = found["baselines"]["router"]["unanswerable"]
    assert (before["unanswerable"], before["answerable"]) == (20, 60)
    assert before["invented"]["share"] == 1, "the drafts give an answer, and the router accepts every one"
    assert before["wrongly_abstained"] == {"share": 0, "count": 0, "interval": [0, 0]}
    for own in found["policies"].values():
        after = own["unanswerable"]
        assert after["invented"]["share"] < 0.5
        assert after["abstained"]["count"] + after["invented"]["count"] == 20
        low, high = after["abstained"]["interval"]
        assert low <= after["abstained"]["share"] <= high
        assert after["wrongly_abstained"]["share"] < 0.2


def test_nothing_is_said_of_unanswerable_questions_where_there_are_none(here, run):
    arguments = ("--train", "table.jsonl", "--features", "lexical", "--policies", "value")
    code, out, _ = run(*EVAL, *arguments, "--json", "out.json")
    assert code == 0
    assert "nanswerable questions" not in out
    found = json.loads((here / "out.json").read_text())
    assert found["policies"]["value"]["unanswerable"] is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--train", "table.jsonl", "--policies", "valu"), "did you mean 'value'"),
        (("--train", "samples.jsonl", "--weak", "smal", "--strong", "big"), "did you mean 'small'"),
        (("--train", "samples.jsonl", "--weak", "small"), "--strong"),
        (
            ("--train", "samples.jsonl", "--weak", "small", "--strong", "big", "--option-cost", "x=1"),
            "unknown model",
        ),
        (("--train", "plain.jsonl", "--cost", "joules"), "no outcome has signals"),
        (("--train", "table.jsonl", "--routers", "linear,knn"), "there is one"),
        ((), "--train or --test"),
    ],
)
def test_mistakes(here, run, arguments, said):
    write_table(recorded(signals=False), here / "plain.jsonl")
    code, _, err = run(*EVAL, *arguments)
    assert code == 1
    assert said in " ".join(err.split())


@pytest.mark.skipif(not MOT.exists(), reason="the agreement samples are benchmark data, and not here")
def test_date_questions(here, run):
    code, out, _ = run(
        "eval-cascade", "--bootstrap", "0", "--policies", "frugal", "--test", str(MOT), "--weak", "GPT3",
        "--strong", "GPT4", "--json", "-",
    )  # fmt: skip
    assert code == 0
    found = json.loads(out)
    assert found["baselines"]["always_strong"]["chosen"]["quality"] == pytest.approx(0.889, abs=0.001)
    assert found["policies"]["frugal"]["quality_at_share"]["0.31"]["quality"] > 0.9


@pytest.mark.slow
def test_the_shipped_recording(here, run):
    code, out, _ = run(
        *EVAL, "--policies", "value,thresholds", "--train", str(shipped.RECORDING),
        "--features", "lexical", "--at", "50,100", "--json", "-", "--options", ",".join(OPTIONS),
    )  # fmt: skip
    assert code == 0
    shipped.check(json.loads(out), EXPECTED)
