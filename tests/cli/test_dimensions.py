"""A new cost dimension is one row and its coefficient: a policy, the account and every face know it."""

import csv
import json

import pytest

from dynamicrag.cost.runs import Runs
from tests.cli.conftest import POLICY
from tests.cost.rows import register

NEW = """
objective:
  weights: {heat: 0.01}
  budget: {account: team, total: {heat: 5000}, per_query: {heat: 50}}
"""
RATE = "profile: {kcal_per_kwh: {low: 400, mid: 800, high: 900}}}"


@pytest.fixture
def heated(there, monkeypatch):
    """A folder whose policy weighs and limits a dimension that a user's own module has registered."""
    monkeypatch.setenv("DYNAMICRAG_DATA", str(there / "data"))
    monkeypatch.setenv("COLUMNS", "160")
    register(monkeypatch)
    policy = POLICY.replace('"fake:oracle"}', f'"fake:oracle", {RATE}')
    (there / "p.yaml").write_text(
        policy.replace("meter: none", "meter: none, coefficients: {kcal_per_kwh: 500}") + NEW
    )
    return there


@pytest.mark.slow
def test_every_face_shows_it(heated, run):
    code, out, err = run("ask", "-p", "p.yaml", "-q", "q.jsonl", "--json", "out.jsonl")
    assert (code, err) == (0, "")
    assert "heat" in out, "the summary has a line for it"
    assert "cal" in out
    first = json.loads((heated / "out.jsonl").read_text().splitlines()[0])
    assert first["cost"]["heat"]["value"] > 0
    assert first["cost"]["heat"]["kind"] == "estimated"
    assert first["cost"]["heat"]["low"] < first["cost"]["heat"]["high"]
    assert all("heat" in expected for d in first["decisions"] for expected in d["expected"])

    (one, *_) = Runs().turns()
    assert one["cost"]["heat"]["value"] > 0
    assert all("heat" in cost for cost in one["stages"].values())

    code, out, _ = run("report", "--csv", "r.csv", "--json", "r.json", "--html", "r.html")
    assert code == 0
    assert "warmth, active" in out
    assert "warmth, full" in out
    assert json.loads((heated / "r.json").read_text())["overall"]["heat"]["total"]["value"] > 0
    assert "warmth, active" in (heated / "r.html").read_text()
    with (heated / "r.csv").open() as file:
        row = next(csv.DictReader(file))
    assert float(row["heat_low"]) < float(row["heat"]) < float(row["heat_high"])
    assert float(row["heat_full"]) > 0

    code, out, _ = run("budget", "-p", "p.yaml")
    assert code == 0
    assert "5,000 kcal" in out

    code, out, _ = run("explain", "-p", "p.yaml", "Who keeps the lighthouse?")
    assert code == 0
    assert out.count("heat") >= 2, "a column of the decisions, and one of the account"


def test_a_summary_in_one_line_stays_with_the_rows_that_belong_there(heated, run):
    _, out, _ = run("ask", "-p", "p.yaml", "Who keeps the lighthouse?")
    (line,) = [line for line in out.splitlines() if "tokens" in line and "active" in line]
    assert "CO₂e" in line
    assert "cal" not in line
    assert "water" not in line


def test_a_limit_on_it_decides(heated, run):
    text = (heated / "p.yaml").read_text().replace("per_query: {heat: 50}", "per_query: {heat: 0.0001}")
    (heated / "p.yaml").write_text(text)
    code, _, _ = run("ask", "-p", "p.yaml", "How many steps has the lighthouse?", "--json", "out.jsonl")
    assert code == 0
    (record,) = map(json.loads, (heated / "out.jsonl").read_text().splitlines())
    assert any((d["binding"] or "").startswith("heat") for d in record["decisions"])


@pytest.mark.parametrize("place", ["weights: {heet", "total: {heet", "per_query: {heet"])
def test_a_misspelt_one_is_refused_with_the_valid_names(heated, run, place):
    text = (heated / "p.yaml").read_text().replace(place.replace("heet", "heat"), place)
    (heated / "p.yaml").write_text(text)
    code, _, err = run("validate", "p.yaml")
    assert code == 1
    assert "unknown dimension 'heet'; did you mean 'heat'? valid: gco2e, heat, joules" in " ".join(
        err.split()
    )
    assert place.split(":")[0] in err


@pytest.mark.parametrize(
    ("coefficients", "message"),
    [
        ("{kcal_kwh: 5}", "host.coefficients: unknown key 'kcal_kwh'; did you mean 'kcal_per_kwh'?"),
        ("{water_per_kwh: -1}", "host.coefficients.water_per_kwh must be from 0 to 100, got -1"),
    ],
)
def test_a_wrong_coefficient_of_the_host_is_refused(heated, run, coefficients, message):
    text = (heated / "p.yaml").read_text().replace("{kcal_per_kwh: 500}", coefficients)
    (heated / "p.yaml").write_text(text)
    code, _, err = run("ask", "-p", "p.yaml", "Who?")
    assert code == 1
    assert message in " ".join(err.split())
