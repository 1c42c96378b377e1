"""What is printed reaches any terminal, and steers none."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynamicrag.cli.console import PlainConsole, plain
from dynamicrag.cli.streams import DEGRADE, INSTEAD, prepare

ROOT = Path(__file__).parents[2]
EVIL = "a\x1b[2Jb\x07c\x9b31md\u202ee\x00f\x08g\rh"


def command(*arguments, encoding="ascii", cwd=None, **more):
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": encoding, "COLUMNS": "100"}
    code = "import sys; from dynamicrag.cli import main; main(sys.argv[1:])"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], env=env, cwd=cwd, capture_output=True, check=False, **more
    )


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "cp437", "gbk", "utf-8"])
@settings(derandomize=True, database=None, max_examples=40, deadline=None)
@given(text=st.text(st.characters(), max_size=30))
def test_any_text_is_written_in_any_encoding(encoding, text):
    prepare()
    written = (text + "".join(INSTEAD)).encode(encoding, DEGRADE)
    assert written.decode(encoding).isascii() or encoding != "ascii"


def test_the_signs_that_are_printed_have_a_stand_in():
    prepare()
    assert "●✓ 5 ≤ λ … é → ━┃⠋ 语".encode("ascii", DEGRADE) == b"*+ 5 <= lambda ... e -> --- ?"
    assert "… é".encode("cp1252", DEGRADE) == "… é".encode("cp1252")


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_commands_on_such_a_terminal(tmp_path, encoding):
    for arguments in (["routers"], ["models", "list"], ["init", "é.yaml"], ["--help"], ["validate", "n…ne"]):
        done = command(*arguments, encoding=encoding, cwd=tmp_path)
        assert b"internal error" not in done.stderr
        assert b"Traceback" not in done.stderr
        assert done.returncode == (1 if "validate" in arguments else 0)


@pytest.mark.slow
def test_a_pipe_that_is_closed_and_a_disk_that_is_full():
    reader, writer = os.pipe()
    os.close(reader)
    code = "import sys; from dynamicrag.cli import main; main(['routers'])"
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with os.fdopen(writer, "wb") as closed:
        done = subprocess.run(
            [sys.executable, "-c", code], env=env, stdout=closed, stderr=subprocess.PIPE, check=False
        )
    assert (done.returncode, done.stderr) == (1, b"")
    if not Path("/dev/full").is_char_device():
        pytest.skip("there is no /dev/full here")
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", code], env=env, stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 1
    told = b"error: standard output: No space left on device; free the disk, and run the same command again\n"
    assert done.stderr == told


def test_standard_output_that_is_closed(there, run, monkeypatch):
    monkeypatch.setattr("sys.stdout", None)
    code, _, err = run("routers", "--json", "-")
    assert (code, err) == (1, "error: --json -: standard output is closed; give a file\n")
    assert run("routers")[0] == 0


def test_nothing_that_is_printed_steers_the_terminal(capsys):
    from rich.panel import Panel
    from rich.table import Table
    from rich.text import Text

    table = Table()
    table.add_column(EVIL)
    table.add_row(Text(EVIL))
    for shown in (EVIL, Text(EVIL), Panel(EVIL, title=EVIL), table):
        PlainConsole().print(shown)
    out = capsys.readouterr().out
    assert plain(EVIL) == "a[2Jbc31mdefgh"
    assert out == plain(out).replace("\r", "")
    assert out.count("a[2Jbc31mdefgh") == 6


def test_a_model_and_a_question_that_would_steer_it(there, run):
    text = (there / "p.yaml").read_text()
    for place in ("{}:", "[{},", "option: {}"):
        text = text.replace(place.format("small"), place.format('"sm\\e[2Jall"'))
    (there / "p.yaml").write_text(text)
    code, out, err = run("ask", "-p", "p.yaml", "-v", "the lighthouse\x1b[2J \x00?")
    assert code == 0, err
    assert "sm[2Jall" in out
    assert "\x1b" not in out + err
    _, out, _ = run("explain", "-p", "p.yaml", "the lighthouse\x1b]0;x\x07?", "--json", "-")
    assert json.loads(out)["question"] == "the lighthouse]0;x?"
    assert json.loads(out)["decisions"][0]["stage"] == "retrieval"
