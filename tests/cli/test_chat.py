"""A conversation goes on, whatever a turn comes to."""

import asyncio
import io

import pytest

CHAT = ("chat", "-p", "p.yaml")
STEPS = "How many steps has the lighthouse?"


@pytest.fixture
def failing(monkeypatch):
    """Let a turn raise what its text names."""
    from dynamicrag.cli.chat import _Chat

    stream = _Chat._stream

    async def fails(self, text, draft):
        if text == "stop":
            raise asyncio.CancelledError
        if text in ("IndexError", "OSError", "MemoryError", "RecursionError", "KeyboardInterrupt"):
            draft.add("m", "half an ans\x1b[2Jwer")
            raise {**__builtins__}[text]("it\nwent\x1b[31m wrong")
        await stream(self, text, draft)

    monkeypatch.setattr(_Chat, "_stream", fails)


@pytest.mark.usefixtures("failing", "there")
@pytest.mark.parametrize("name", ["IndexError", "OSError", "MemoryError", "RecursionError"])
def test_any_failure_is_one_line_and_the_next_question_is_answered(run, monkeypatch, name):
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{name}\n{STEPS}\n"))
    code, out, err = run(*CHAT)
    assert code == 0
    assert err == f"error: {name}: it went[31m wrong; ask something else, or leave with /quit\n"
    assert "half an ans[2Jwer\n" in out
    assert "It has 164 steps." in out


def typed(monkeypatch, *lines):
    """Let a terminal give these lines; an exception is raised instead of a line."""
    given = iter(lines)

    def read(_):
        line = next(given)
        if not isinstance(line, str):
            raise line
        return line

    monkeypatch.setattr("builtins.input", read)
    monkeypatch.setattr("sys.stdin", type("Terminal", (io.StringIO,), {"isatty": lambda _: True})())
    return given


@pytest.mark.usefixtures("failing", "there")
def test_ctrl_c_stops_an_answer_and_twice_leaves(run, monkeypatch):
    left = typed(monkeypatch, "KeyboardInterrupt", STEPS, "KeyboardInterrupt", KeyboardInterrupt(), "never")
    code, out, _ = run(*CHAT)
    assert code == 0
    assert out.count("(stopped; Ctrl-C again leaves)") == 2
    assert "It has 164 steps." in out
    assert next(left) == "never"


@pytest.mark.usefixtures("there")
def test_ctrl_c_at_the_prompt_leaves_the_second_time(run, monkeypatch):
    ctrl_c = KeyboardInterrupt()
    left = typed(monkeypatch, ctrl_c, STEPS, ctrl_c, "", ctrl_c, "never")
    code, out, _ = run(*CHAT)
    assert code == 0
    assert "It has 164 steps." in out
    assert "Ctrl-C again, or Ctrl-D, leaves" in out
    assert next(left) == "never"


@pytest.mark.usefixtures("there")
@pytest.mark.parametrize("stdin", [None, io.StringIO("")])
def test_no_input_ends_it(run, monkeypatch, stdin):
    monkeypatch.setattr("sys.stdin", stdin)
    assert run(*CHAT)[0] == 0
    typed(monkeypatch, EOFError())
    assert run(*CHAT)[0] == 0
