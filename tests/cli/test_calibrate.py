import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from dynamicrag.cost.profiles import shipped as preset
from dynamicrag.features.needless import NO_DOCUMENTS
from dynamicrag.lab.outcomes.file import write_table
from dynamicrag.lab.outcomes.table import OutcomeTable
from tests.lab import shipped
from tests.lab.calibrate.made import recorded

EXPECTED = Path(__file__).with_name("calibration_of_the_shipped_recording.json")


@pytest.fixture
def table(there):
    write_table(recorded(), there / "t.jsonl")
    return there


def calibrate(run, *more):
    return run("calibrate", "--table", "t.jsonl", "--policy", "p.yaml", "--out", "new.yaml", *more)


@pytest.mark.slow
def test_a_calibrated_policy_answers(table, run):
    code, out, err = calibrate(run, "--quality", "0.98", "--json", "r.json", "--html", "r.html")
    assert code == 0, err
    assert "calibrated" in out
    assert "Promised and realised" in out
    report = json.loads((table / "r.json").read_text())
    assert report["account"]["single/large"]["joules"]["recorded"] == pytest.approx(100, rel=0.1)
    assert (table / "r.html").read_text().startswith("<!doctype html>")
    assert run("validate", "new.yaml")[0] == 0
    code, out, err = run(
        "explain", "Where was the architect whose bridge crosses townb4?", "--policy", "new.yaml"
    )
    assert code == 0, err
    assert "joint: on the way to" in out


@pytest.mark.slow
def test_any_dimension_can_be_the_target(table, run):
    code, _, err = calibrate(run, "--most", "seconds=9", "--json", "r.json")
    assert code == 0, err
    report = json.loads((table / "r.json").read_text())
    assert report["target"]["limits"] == {"seconds": 9.0}
    assert list(yaml.safe_load((table / "new.yaml").read_text())["objective"]["budget"]["per_query"]) == [
        "seconds"
    ]


@pytest.mark.slow
def test_a_narrow_terminal_gets_fewer_columns_and_whole_figures(table, run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    code, out, err = calibrate(run, "--quality", "0.98", "--json", "r.json")
    assert code == 0, err
    report = json.loads((table / "r.json").read_text())
    assert "(no room for gap closed, ratio, difference)" in out
    for own in report["policies"].values():
        assert f"{own['quality']:.3f}" in out


def test_a_table_without_costs_that_a_policy_can_weigh_is_refused(table, run):
    facts = {"input_tokens": 10.0, "output_tokens": 3.0}
    rows = [
        replace(row, outcomes={name: replace(o, facts=facts) for name, o in row.outcomes.items()})
        for row in recorded().rows
    ]
    write_table(OutcomeTable(rows), table / "t.jsonl")
    code, _, err = calibrate(run, "--quality", "1")
    assert code != 0
    assert "no cost that a policy can weigh" in err


@pytest.mark.slow
def test_a_fixed_path_is_a_valid_policy(table, run):
    write_table(recorded(quality=lambda kind, name: float(name == "single/small")), table / "t.jsonl")
    code, out, err = calibrate(run, "--quality", "1")
    assert code == 0, err
    assert "calibrated" in out
    assert run("validate", "new.yaml")[0] == 0


def ruled() -> dict[str, Any]:
    """Return the balanced preset with rules and weights of its own: the prior and the weights may change."""
    policy = yaml.safe_load(preset("balanced.yaml").read_text("utf-8"))
    policy["objective"]["weights"]["joules"] = 0.0005
    needless = [{"if": {sign: True}, "take": "none"} for sign in NO_DOCUMENTS]
    ordered = [{"if": {"ranks": {"above": 0}}, "take": "compare"}]
    policy["stages"]["retrieval"]["router"] = {"rules": {"when": needless, "otherwise": "single"}}
    policy["stages"]["prompt"]["router"] = {"rules": {"when": ordered, "otherwise": "direct"}}
    for name, option in (("retriever", "linked"), ("context", "short"), ("generator", "large")):
        policy["stages"][name]["router"] = {"fixed": {"option": option}}
    verification = policy["stages"]["verification"]
    verification |= {
        "options": ["accept", "ask_again", "abstain"],
        "router": {"thresholds": verification["router"]["prior"]["withhold"]},
    }
    del verification["escalate"], verification["max_escalations"]
    return policy


@pytest.mark.slow
def test_a_preset_calibrated_on_the_sample_recording_is_a_valid_policy(there, run):
    """Its retrievers are built of others, which were not recorded."""
    (there / "balanced.yaml").write_text(yaml.safe_dump(ruled(), sort_keys=False))
    code, _, err = run(
        "calibrate", "--policy", "balanced.yaml", "--corpus", str(shipped.CORPUS), "--quality", "0.98",
        "--table", str(shipped.RECORDING), "--router", "linear", "--out", "new.yaml", "--json", "r.json",
    )  # fmt: skip
    assert code == 0, err
    report = json.loads((there / "r.json").read_text())
    del report["account"]  # it is of the host
    shipped.check(report, EXPECTED)
    retriever = yaml.safe_load((there / "new.yaml").read_text())["stages"]["retriever"]
    assert list(retriever["options"]) == ["hybrid", "linked"]
    assert list(retriever["parts"]) == ["lexical", "dense"]
    code, _, err = run("validate", "new.yaml")
    assert code == 0, err


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ((), "no target"),
        (("--quality", "1", "--joules", "3"), "contradict each other"),
        (("--most", "joule=3"), "--most: unknown cost dimension 'joule'; did you mean 'joules'?"),
        (("--most", "joules=few"), "--most joules: expected a number of 0 or more, got 'few'"),
        (("--most", "water=1"), "no path has any water in it"),
        (("--quality", "1", "--features", "response"), "known after generation alone"),
        (("--quality", "1", "--stages", "generatr"), "did you mean 'generator'"),
        (("--quality", "1", "--policy", "nopreset"), "unknown preset"),
        (("--quality", "1", "--out", "new.txt"), "ends in .yaml"),
        (("--quality", "1", "--html", "new.yaml"), "--out and --html: both are new.yaml; give each a file"),
        (("--quality", "1", "--html", "gone/r.html"), "--html gone/r.html: there is no folder gone"),
    ],
)
def test_mistakes_are_told(table, run, more, told):
    code, _, err = calibrate(run, *more)
    assert code != 0
    assert told in err
    assert not (table / "new.yaml").exists()
