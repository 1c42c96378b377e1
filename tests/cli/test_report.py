"""``dynamicrag report`` as people run it."""

import csv
import json
import re
import sqlite3
import time
from contextlib import closing

import pytest

from dynamicrag.cost.calibration import Observation
from dynamicrag.cost.runs import Runs
from tests.lab.turns import process, turn

DAY = 86_400


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DYNAMICRAG_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "140")
    return tmp_path


@pytest.fixture
def kept(here):
    """Six questions under two policies, an hour ago, and one query of ten days ago."""
    runs, now = Runs(), time.time()
    for number in range(6):
        for policy, joules in (("balanced", 10.0), ("always-large", 40.0)):
            record = turn(number, joules, policy=policy)
            record |= {"user": f"u{number % 2}", "tags": ["beta"] if number < 2 else []}
            record |= {"id": f"{policy}-{number}", "at": now - 3600 + number, "thread": f"[red]{number % 2}"}
            runs.add(record, f"question {number}?", {}, process(queries=300.0))
    runs.add({**turn(99), "at": now - 10 * DAY, "thread": "old"}, "question 99?", {}, process(queries=300.0))
    return runs


def test_the_table(kept, run):
    code, out, err = run("report")
    assert (code, err) == (0, "")
    for words in ("13 queries", "energy, active", "energy, full", "Saved against always-large", "75 %"):
        assert words in out
    assert "6 questions answered under both" in out
    assert "The accounts of 1 process add up to what the meter saw: 307 J (codecarbon, modelled)." in out
    assert "300 J queries + 7.00 J constant" in out


def test_a_narrow_terminal(kept, run, monkeypatch):
    wide = run("report", "--by", "thread")[1]
    monkeypatch.setenv("COLUMNS", "60")
    code, out, _ = run("report", "--by", "thread")
    assert code == 0
    assert max(map(len, wide.splitlines())) > 60 >= max(map(len, out.splitlines()))
    assert re.search(r"^\[red\]0 +6 +0 +25\.0 J", out, re.MULTILINE), "a row stays on one line"
    assert "(no room for 1st token" in out


@pytest.mark.slow
def test_calibrations_are_told_by_all_faces(kept, here, run):
    seen = [
        Observation(10 + n % 7, 5 + n % 3, 0.5 * (10 + n % 7) + 2.0 * (5 + n % 3), 0.1) for n in range(30)
    ]
    calls = {
        "local:small": seen,
        "local:rare": seen[:3],
        "local:broken": [Observation(1, 1, float("inf"), 1)] * 30,
    }
    kept.add({**turn(300), "at": time.time() - 60}, "one more?", calls, process(queries=300.0))
    _, out, _ = run("report", "--html", "r.html", "--json", "r.json")
    broken, rare, small = json.loads((here / "r.json").read_text())["calibrations"]
    assert (small["model"], small["calls"], small["needed"]) == ("local:small", 30, 20)
    assert small["joules"] == {
        "input": pytest.approx(0.5),
        "output": pytest.approx(2.0),
        "call": pytest.approx(0.0),
        "error": pytest.approx(0.0),
    }
    assert (rare["joules"], rare["calls"], broken["joules"], broken["calls"]) == (None, 3, None, 0)
    assert re.search(r"^local:small +energy +0\.500 J +2\.00 J", out, re.MULTILINE)
    page = (here / "r.html").read_text()
    for words in ("0.500\u00a0J", "3 of the 20 metered calls that a fit takes"):
        assert words in page
        assert words.replace("\u00a0", " ") in out


def test_options_are_listed_as_the_policy_lists_them(kept, run):
    for number, option in enumerate(("large", "large", "small", "tiny")):
        options = {"generator": ["tiny", "small", "medium", "large"]}
        record = turn(400 + number, policy="mine", path={"generator": option}, options=options)
        kept.add(record, "?", {}, process(queries=300.0))
    made = json.loads(run("report", "--policy", "mine", "--json", "-")[1])
    assert list(made["overall"]["options"]["generator"]) == ["tiny", "small", "large"]
    out = run("report", "--policy", "mine")[1].partition("Options that")[2]
    assert out.index("tiny  ") < out.index("small  ") < out.index("large  ")


@pytest.mark.parametrize(
    ("options", "queries"),
    [
        (["--since", "7d"], 12),
        (["--since", "2w"], 13),
        (["--policy", "balanced"], 7),
        (["--thread", "old"], 1),
        (["--tag", "beta"], 4),
        (["--user", "u1", "--policy", "balanced"], 3),
        (["--policy", "balanced", "--thread", "[red]1", "--since", "24h"], 3),
    ],
)
def test_selections(kept, run, options, queries):
    _, out, _ = run("report", *options, "--json", "-")
    made = json.loads(out)
    assert made["overall"]["queries"] == len(made["queries"]) == queries


def test_groups_in_json(kept, run):
    for by, names in (("policy", ["balanced", "always-large"]), ("thread", ["[red]0", "[red]1", "old"])):
        made = json.loads(run("report", "--by", by, "--json", "-")[1])
        assert list(made["groups"]) == names
    assert len(json.loads(run("report", "--by", "day", "--json", "-")[1])["groups"]) >= 2


def test_figures_in_json_say_their_kind(kept, run):
    made = json.loads(run("report", "--since", "7d", "--json", "-")[1])
    assert made["overall"]["joules"]["mean"] == {"value": 25.0, "kind": "modelled"}
    saved = made["saving"]["policies"]["balanced"]["figures"]["joules"]
    assert (saved["value"], saved["kind"], saved["interval"]) == (0.75, "modelled", [0.75, 0.75])
    assert made["queries"][0]["stages"]["generator"]["kind"] == "modelled"
    assert "question 1?" not in json.dumps(made)


@pytest.mark.slow
def test_files(kept, here, run):
    code, out, _ = run("report", "--html", "r.html", "--csv", "r.csv", "--json", "r.json")
    assert code == 0
    assert "r.html: 13 queries" in out
    assert (here / "r.html").read_text().startswith("<!doctype html>")
    assert len(list(csv.DictReader((here / "r.csv").open()))) == 13
    assert json.loads((here / "r.json").read_text())["overall"]["queries"] == 13
    assert sorted(path.name for path in here.iterdir()) == ["data", "r.csv", "r.html", "r.json"]


@pytest.mark.slow
def test_text_only_where_it_was_asked_to_be_kept(kept, here, run):
    kept.add({**turn(200), "question": "Who?", "answer": "=cmd()"}, "Who?", {}, process())
    run("report", "--csv", "r.csv", "--html", "r.html")
    rows = {row["id"]: row for row in csv.DictReader((here / "r.csv").open())}
    assert (rows["t200"]["question"], rows["t200"]["answer"]) == ("Who?", "'=cmd()")
    assert rows["t99"]["question"] == ""
    assert "cmd()" not in (here / "r.html").read_text()


def test_another_baseline(kept, run):
    _, out, _ = run("report", "--baseline", "quality")
    assert "no baseline run: run `dynamicrag ask --baseline quality …`" in out


def test_nothing_kept_yet(here, run):
    code, out, err = run("report")
    assert (code, err) == (0, "")
    assert out.startswith("no queries are kept yet: ask one with dynamicrag ask")
    assert out.count("\n") == 1
    assert not (here / "data").exists()
    code, _, err = run("report", "--html", "r.html")
    assert code == 1
    assert "nothing to show" in err
    assert not (here / "r.html").exists()
    code, out, _ = run("report", "--json", "-")
    assert (code, json.loads(out)["overall"]["queries"]) == (0, 0)


def test_nothing_in_this_time(kept, run):
    code, out, _ = run("report", "--since", "1m")
    assert code == 0
    assert "none of the 13 queries kept are meant; the latest is of" in out


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--policy", "balnced"], 1, "did you mean 'balanced'?"),
        (["--thread", "nobody"], 1, "unknown thread"),
        (["--tag", "bta"], 1, "unknown tag with kept queries 'bta'; did you mean 'beta'?"),
        (["--user", "nobody"], 1, "--user: unknown user with kept queries 'nobody'; valid: u0, u1"),
        (["--since", "yesterday"], 2, "give an age (30m, 24h, 7d, 2w) or a date"),
        (["--since", ""], 2, "give an age"),
        (["--since", "-3d"], 2, "give an age"),
        (["--since", "2126-01-01"], 2, "is yet to come"),
        (["--by", "week"], 2, "'policy', 'thread', 'day'"),
        (["--prune", "soon"], 2, "--prune 'soon'"),
        (["--prune", "30d", "--policy", "balanced"], 2, "give it alone"),
        (["--prune", "all"], 2, "name the user: --user NAME"),
        (["--prune", "30d", "--user", ""], 2, "--user is empty"),
        (["--html", "."], 1, "is a folder"),
        (["--csv", "gone/r.csv"], 1, "there is no folder gone"),
        (["--html", "r", "--csv", "r"], 1, "--html and --csv: both are r; give each a file of its own"),
        (["--csv", "r", "--json", "r"], 1, "--csv and --json: both are r; give each a file of its own"),
    ],
)
def test_mistakes(kept, run, options, code, words):
    got, _, err = run("report", *options)
    assert got == code
    assert words in err
    assert err.count("\n") == 1


def test_a_page_without_its_packages_is_refused_before_any_work(kept, here, run, monkeypatch):
    monkeypatch.setattr("dynamicrag.extras.find_spec", lambda name: None if name == "jinja2" else name)
    code, out, err = run("report", "--html", "r.html", "--csv", "r.csv")
    assert (code, out) == (1, "")
    assert "--html: jinja2 is not installed; mend with: pip install 'dynamicrag[lab]'" in err
    assert not (here / "r.csv").exists()


def test_a_corrupt_database(here, run):
    (here / "data").mkdir()
    path = here / "data" / "runs.sqlite"
    path.write_bytes(b"this is no database at all" * 400)
    code, out, err = run("report")
    assert (code, out) == (1, "")
    assert "runs.sqlite" in err
    assert "move the file away" in err


def test_a_damaged_record(kept, run):
    with closing(sqlite3.connect(kept.path)) as db, db:
        db.execute("UPDATE turns SET record = substr(record, 1, 40) WHERE id = 't99'")
    code, out, err = run("report", "--since", "2w")
    assert (code, out) == (1, "")
    assert "no figure of this database can be trusted" in err


def test_prune(kept, here, run):
    code, out, _ = run("report", "--prune", "7d")
    assert code == 0
    assert out.startswith("1 query from before")
    assert len(kept.turns()) == 12
    assert run("report", "--prune", "7d")[1].startswith("0 queries")


def test_prune_by_user(kept, here, run):
    names = [turn.get("user") for turn in kept.turns()]
    name = next(filter(None, names))
    code, out, _ = run("report", "--prune", "all", "--user", name)
    assert code == 0
    assert out.startswith(f"{names.count(name)} quer")
    assert f"of {name} deleted" in out
    assert len(kept.turns()) == len(names) - names.count(name)
    assert run("report", "--prune", "7d", "--user", "nobody")[1].startswith("0 queries of nobody from before")


def test_prune_makes_no_database(here, run):
    code, out, _ = run("report", "--prune", "7d")
    assert (code, out[:9]) == (0, "0 queries")
    assert not (here / "data").exists()


@pytest.mark.slow
def test_what_the_pipeline_keeps_can_be_reported(there, run, monkeypatch):
    monkeypatch.setenv("DYNAMICRAG_DATA", str(there / "data"))
    assert run("ask", "-p", "p.yaml", "-q", "q.jsonl")[0] == 0
    assert run("ask", "-p", "p.yaml", "boom, says the lighthouse")[0] == 1
    code, out, err = run("report", "--html", "r.html", "--json", "r.json")
    assert (code, err) == (0, "")
    assert {tuple(kept["options"]["generator"]) for kept in Runs().turns()} == {("small", "large")}
    made = json.loads((there / "r.json").read_text())
    assert [made["overall"][key] for key in ("queries", "failed")] == [3, 1]
    assert made["overall"]["options"]["generator"]["large"]["escalated"] == pytest.approx(1 / 3)
    assert "no baseline run" in out
    assert "lighthouse" not in (there / "r.html").read_text()


CALIBRATED = """
version: 1
models: {small: {model: "openai:any"}}
calibrated:
  date: 2026-01-01
  rows: 100
  joules: {mean: 10, low: 9, high: 11}
  shares: {generator: {small: 1.0}}
"""


@pytest.mark.slow
def test_drift_against_the_band_of_a_file(here, run):
    (here / "mine.yaml").write_text(CALIBRATED)
    runs, now = Runs(), time.time()
    for number in range(40):
        for policy, joules in (("mine", 20.0), ("balanced", 90.0)):
            record = {**turn(number, joules, policy=policy), "id": f"{policy}-{number}", "at": now - 60}
            runs.add(record, f"question {number}?", {}, process(queries=300.0))
    code, out, err = run("report", "--policy", "mine.yaml", "--html", "r.html", "--json", "r.json")
    assert (code, err) == (0, "")
    assert "mine against its calibration" in out
    assert "no longer as calibrated on 2026-01-01: joules +100 %, over 40 queries" in out.replace("\xa0", " ")
    made = json.loads((here / "r.json").read_text())
    assert made["overall"]["queries"] == 40
    assert made["drift"]["mine"]["figures"]["joules"]["moved"] is True
    assert made["drift"]["mine"]["figures"]["generator=small"]["moved"] is False
    assert "Whether it is as calibrated" in (here / "r.html").read_text()
    assert "calibration" not in run("report")[1].partition("Saved against")[2].partition("metered")[0]


def test_a_policy_file_that_is_not_there(here, run):
    code, _, err = run("report", "--policy", "no.yaml")
    assert code == 1
    assert "no.yaml: no such policy file" in err
