import io
import json
import os
import subprocess
import sys

import pytest

from dynamicrag.policy.file import PRESETS


def test_help_is_quick_and_light():
    code = (
        "import sys, contextlib, io, dynamicrag.cli as cli\n"
        "with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):\n"
        "    cli.main(['--help'])\n"
        "print([m for m in ('langgraph', 'torch', 'codecarbon', 'pydantic', 'numpy') if m in sys.modules])"
    )
    began = os.times()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    ended = os.times()
    assert ended.children_user + ended.children_system - began.children_user - began.children_system < 1


def test_the_package_runs_as_a_module():
    command = [sys.executable, "-m", "dynamicrag", "--version"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.startswith(
        "dynamicrag "
    )


def test_validate(there, run):
    code, out, err = run("validate", "p.yaml")
    assert (code, err) == (0, "")
    assert "p is valid" in out
    _, out, _ = run("validate", "p.yaml", "--json", "-")
    stages = {stage["stage"]: stage for stage in json.loads(out)["stages"]}
    assert stages["generator"] == {"stage": "generator", "options": ["small", "large"], "router": "fixed"}


def test_validate_names_what_models_lack(there, run, monkeypatch):
    monkeypatch.delenv("MISTRAL_API_KEY", raising=False)
    policy = {
        "version": 1,
        "corpora": {"docs": {"path": "."}},
        "models": {"small": {"model": "mistralai:small"}},
        "stages": {"generator": {"options": ["small"]}},
    }
    (there / "lacking.yaml").write_text(json.dumps(policy))
    code, out, err = run("validate", "lacking.yaml")
    assert (code, err) == (0, "")
    assert (
        "model small (mistralai:small): its package is not installed; pip install langchain-mistralai" in out
    )
    assert "set the environment variable MISTRAL_API_KEY" in out


def test_a_missing_extra_is_named_before_anything_is_fetched(there, run, monkeypatch):
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    code, out, err = run("ask", "anything", "--policy", "balanced", "--corpus", ".")
    assert (code, out) == (1, "")
    assert "pip install 'dynamicrag[local]'" in err
    assert "models.small (local:" in err
    assert not (there / "cache").exists()


def test_a_page_needs_its_extra_before_anything_is_read(there, run, monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    needed = "--html: jinja2 is not installed; mend with: pip install 'dynamicrag[lab]'"
    for command in (["report"], ["calibrate", "-p", "p.yaml", "-t", "none.jsonl", "-o", "out.yaml"]):
        code, _, err = run(*command, "--html", "page.html")
        assert code == 1
        assert needed in " ".join(err.split())


def test_a_preset_is_checked_without_documents(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = run("validate", "support")
    assert (code, err) == (0, "")
    assert "support is valid" in out


@pytest.mark.parametrize("preset", PRESETS)
def test_init_gives_a_valid_policy(there, run, preset):
    assert run("init", "mine.yaml", "--preset", preset)[0] == 0
    assert "#" in (there / "mine.yaml").read_text()
    assert run("validate", "mine.yaml")[0] == 0
    code, _, err = run("init", "mine.yaml")
    assert code == 1
    assert "is there already" in err
    assert run("init", "mine.yaml", "--force")[0] == 0


def test_ingest_says_what_it_did(there, run):
    (there / "docs" / "photo.png").write_bytes(b"x")
    _, out, _ = run("ingest", "docs", "-p", "p.yaml", "--json", "-")
    first = json.loads(out)
    assert first["documents"] == {"added": 1, "changed": 0, "deleted": 0, "unchanged": 0}
    code, out, _ = run("ingest", "docs", "-p", "p.yaml")
    assert code == 0
    assert "1 unchanged" in out
    assert "photo.png" in out


def test_explain_shows_every_decision_and_the_account(there, run):
    code, out, _ = run("explain", "How many steps has the lighthouse?", "-p", "p.yaml")
    assert code == 0
    for word in ("1  retrieval", "generator", "verification", "propensity 1.00", "unanswerable", "account"):
        assert word in out
    _, out, _ = run("explain", "How many steps has the lighthouse?", "-p", "p.yaml", "--json", "-")
    assert json.loads(out)["account"][0]["stage"] == "retrieval"


def test_explain_of_a_failure(there, run):
    code, _, err = run("explain", "boom", "-p", "p.yaml")
    assert code == 1
    assert err.startswith("error: ")
    assert err.count("\n") == 1


def test_chat_from_a_pipe(there, run, monkeypatch):
    lines = "How many steps has the lighthouse?\n/why\nWho keeps it?\nboom\n/cost\n/quit\nnever read\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(lines))
    code, out, err = run("chat", "-p", "p.yaml")
    assert code == 0
    assert "It has 164 steps." in out
    assert "●single" in out
    assert "3 turns:" in out  # the one that failed has its cost too
    assert "boom" in err
    assert "never" not in out


def test_models_list(there, run):
    _, out, _ = run("models", "list", "--json", "-")
    assert {"smollm2-135m-instruct", "all-minilm-l6-v2"} <= {row["name"] for row in json.loads(out)}


@pytest.mark.models
def test_a_real_model_answers(tmp_path, run, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("# Lighthouse\n\nThe lighthouse has 164 steps.\n")
    (tmp_path / "p.yaml").write_text(
        "version: 1\ncorpora: {docs: {path: docs/}}\n"
        "models: {small: {model: 'local:smollm2-135m-instruct', params: {threads: 1}}}\n"
        "stages: {prompt: {options: {direct: {style: brief}}}}\n"
    )
    code, out, err = run("ask", "-p", "p.yaml", "How many steps has the lighthouse?", "--json", "-")
    record = json.loads(out)
    assert code == 0
    assert "164" in record["answer"]
    assert record["cost"]["joules"]["value"] > 0
    assert 0 < record["first_token_seconds"] < record["wall_seconds"]
    assert "codecarbon" not in err.lower()
