"""A disk that is full, and other things that files can be."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dynamicrag.cli.output import write_json, write_text
from dynamicrag.lab.record.partial import Partial

ROOT = Path(__file__).parents[2]
# in a process of its own: the limit holds for all files of a process, those of pytest's workers too
NEARLY_FULL = """
import resource, signal
from dynamicrag.cli.output import JsonLines, write_json
from dynamicrag.errors import InputError
from dynamicrag.lab.record.partial import Partial

RECORDS = [{"run": "r", "query_id": f"q{number}", "text": "\u00e9" * 60} for number in range(9)]
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))
try:
    write()
except InputError as error:
    print(error)
"""


def on_full_disk(folder, write):
    """Run the body of ``write()`` in a process whose files cannot grow beyond 500 bytes."""
    body = "def write():\n" + "".join(f"    {line}\n" for line in write.strip().splitlines())
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", body + NEARLY_FULL]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=120)


def test_records_are_whole_or_not_there(tmp_path):
    done = on_full_disk(
        tmp_path,
        """
lines = JsonLines("a.jsonl")
lines.open(lambda _: True)
for record in RECORDS:
    lines.write(record)
""",
    )
    assert "a.jsonl: cannot be written: " in done.stdout
    assert "answered so far is in a.jsonl.partial" in done.stdout
    kept = (tmp_path / "a.jsonl.partial").read_text("utf-8").splitlines()
    assert [json.loads(line)["query_id"] for line in kept] == ["q0", "q1", "q2"]
    assert not (tmp_path / "a.jsonl").exists()


def test_runs_that_are_recorded_are_whole_or_not_there(tmp_path):
    done = on_full_disk(
        tmp_path,
        """
from pathlib import Path
with Partial(Path("a.jsonl"), (".jsonl",), "recording") as partial:
    list(partial.open())
    for record in RECORDS:
        partial.write(record)
""",
    )
    assert "a.jsonl: cannot be written: " in done.stdout
    assert "done so far is in a.jsonl.partial" in done.stdout
    with Partial(tmp_path / "a.jsonl", (".jsonl",), "recording") as partial:
        assert [record["query_id"] for record in partial.open()] == ["q0", "q1", "q2"]


def test_a_document_is_whole_or_what_was_there_stays(tmp_path):
    (tmp_path / "a.json").write_text("old")
    done = on_full_disk(tmp_path, 'write_json("a.json", RECORDS)')
    assert "a.json: cannot be written: " in done.stdout
    assert "free the disk" in done.stdout
    assert (tmp_path / "a.json").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


@pytest.mark.slow
def test_answers_on_a_full_disk(there):
    done = on_full_disk(
        there,
        """
from unittest import mock
from dynamicrag.cli import main
from tests.cli.conftest import FakeEmbedder, FakeModel
with (
    mock.patch("dynamicrag.policy.build_models.chat_model", FakeModel),
    mock.patch("dynamicrag.policy.build_embedders.LocalEmbedder", FakeEmbedder),
):
    main(["ask", "-p", "p.yaml", "-q", "q.jsonl", "--json", "a.jsonl"])
""",
    )
    assert done.returncode == 1
    assert done.stderr.count("error:") == 1
    assert "internal error" not in done.stderr


def test_json_that_every_reader_takes(tmp_path, capsys):
    value = {"a": [float("nan"), float("inf"), 1.5], "b": "x\ud800y"}
    write_json(str(tmp_path / "a.json"), value)
    write_json("-", value)
    for text in ((tmp_path / "a.json").read_text("utf-8"), capsys.readouterr().out):
        read = json.loads(text, parse_constant=pytest.fail)
        assert read["a"] == [None, None, 1.5]
        assert read["b"].encode("utf-8", "surrogatepass")


def test_pipes_and_devices_are_not_replaced(tmp_path, there, run):
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    write_text(tmp_path / "pipe", "one\n")
    assert run("ask", "-p", "p.yaml", "the lighthouse?", "--json", str(tmp_path / "pipe"))[0] == 0
    told = os.read(reader, 60_000).decode().splitlines()
    os.close(reader)
    assert told[0] == "one"
    assert json.loads(told[1])["query_id"] == "q1"
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.parametrize("name", ["x" * 300, "p.yaml/x", "docs", ""])
def test_targets_that_cannot_be(there, run, name):
    code, out, err = run("ask", "-p", "p.yaml", "the lighthouse?", "--json", name)
    assert (code, out) == (1, "")
    assert err.startswith("error: ")
    assert "internal error" not in err
    assert err.count("\n") == 1
