"""A disk that is full, and other things that files can be."""

import json
import os
import resource
import signal

import pytest

from dynamicrag.cli.output import JsonLines, write_json, write_text
from dynamicrag.errors import InputError
from dynamicrag.lab.record.partial import Partial


@pytest.fixture
def nearly_full():
    """Let no file grow beyond 500 bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


RECORDS = [{"run": "r", "query_id": f"q{number}", "text": "é" * 60} for number in range(9)]


@pytest.mark.usefixtures("nearly_full")
def test_records_are_whole_or_not_there(tmp_path):
    lines = JsonLines(str(tmp_path / "a.jsonl"))
    lines.open(lambda _: True)
    with pytest.raises(InputError, match=r"a\.jsonl: cannot be written: .*answered so far is in .*\.partial"):
        for record in RECORDS:
            lines.write(record)
    kept = (tmp_path / "a.jsonl.partial").read_text("utf-8").splitlines()
    assert [json.loads(line)["query_id"] for line in kept] == ["q0", "q1", "q2"]
    assert not (tmp_path / "a.jsonl").exists()


@pytest.mark.usefixtures("nearly_full")
def test_runs_that_are_recorded_are_whole_or_not_there(tmp_path):
    with Partial(tmp_path / "a.jsonl", (".jsonl",), "recording") as partial:
        list(partial.open())
        with pytest.raises(InputError, match=r"a\.jsonl: cannot be written: .*done so far is in .*\.partial"):
            for record in RECORDS:
                partial.write(record)
    with Partial(tmp_path / "a.jsonl", (".jsonl",), "recording") as partial:
        assert [record["query_id"] for record in partial.open()] == ["q0", "q1", "q2"]


@pytest.mark.usefixtures("nearly_full")
def test_a_document_is_whole_or_what_was_there_stays(tmp_path):
    (tmp_path / "a.json").write_text("old")
    with pytest.raises(InputError, match=r"a\.json: cannot be written: .*free the disk"):
        write_json(str(tmp_path / "a.json"), RECORDS)
    assert (tmp_path / "a.json").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_answers_on_a_full_disk(there, run, nearly_full):
    code, out, err = run("ask", "-p", "p.yaml", "-q", "q.jsonl", "--json", "a.jsonl")
    del out
    assert code == 1
    assert err.count("error:") == 1
    assert "internal error" not in err


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
