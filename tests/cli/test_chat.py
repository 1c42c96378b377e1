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


ASKING = """
objective: {budget: {per_query: {usd: 0.0005}, exhausted: ask}}
"""
PRICED = '{model: "fake:parrot", profile: {usd: {call: 0.001}}}'


@pytest.fixture
def asks(there, tmp_path):
    """Let the policy's budget, too small for its models, ask."""
    policy = (tmp_path / "p.yaml").read_text()
    for name in ("parrot", "oracle"):
        policy = policy.replace(f'{{model: "fake:{name}"}}', PRICED.replace("parrot", name))
    (tmp_path / "p.yaml").write_text(policy + ASKING)


@pytest.mark.usefixtures("asks")
@pytest.mark.parametrize(("said", "answered"), [("y", True), ("Yes", True), ("n", False), ("", False)])
def test_the_person_is_asked_for_more_budget(run, monkeypatch, said, answered):
    left = typed(monkeypatch, STEPS, said, "/quit", "never")
    code, out, err = run(*CHAT)
    assert (code, err) == (0, "")
    assert "The budget allows nothing more: $0.0005 left." in " ".join(out.split())
    assert ("It has 164 steps." in out) is answered
    assert ("I could not find an answer" in out) is not answered
    assert next(left) == "never"


@pytest.mark.usefixtures("asks")
def test_without_a_terminal_a_budget_that_asks_is_an_error(run, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{STEPS}\n"))
    code, out, err = run(*CHAT)
    assert code == 0
    assert "There is no terminal to ask at; raise objective.budget.per_query" in err
    assert "164" not in out


@pytest.mark.usefixtures("asks")
@pytest.mark.parametrize(("said", "answered"), [("y", True), ("n", False), (EOFError(), False)])
def test_one_question_may_ask_for_more_too(run, monkeypatch, said, answered):
    typed(monkeypatch, said)
    code, out, _ = run("ask", STEPS, "-p", "p.yaml")
    assert code == 0
    assert ("It has 164 steps." in out) is answered


@pytest.mark.usefixtures("asks")
def test_one_question_without_a_terminal_is_refused(run, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    code, _, err = run("ask", STEPS, "-p", "p.yaml")
    assert code == 1
    assert "no option fits the remaining budget" in err


@pytest.mark.parametrize(("text", "rows"), [("It has 164 steps.", 1), ("灯塔有一百六十四级台阶", 2)])
def test_a_withdrawn_draft_is_struck_out_from_its_first_row(text, rows):
    from rich.console import Console

    from dynamicrag.cli.chat import _Draft

    out = Console(file=io.StringIO(), force_terminal=True, width=10, markup=False)
    draft = _Draft(out)
    draft.add("m", text)
    out.file.truncate(out.file.seek(0))
    draft.withdraw("m", "unsure")
    assert out.file.getvalue().count("\x1b[1A") == rows
