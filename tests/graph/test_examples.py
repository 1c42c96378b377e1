"""The examples compile, explain themselves, and run."""

import importlib.util
import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dynamicrag import DynamicRAG
from dynamicrag.routers.base import ROUTERS

ROOT = Path(__file__).parents[2]
CHATS = ["docs_chat", "own_graph", "streaming", "support_chat"]
EXAMPLES = [ROOT / "examples" / f"{name}.py" for name in CHATS]
QUESTION = "How many steps must a visitor climb in the lighthouse at Cape Ondry?"
SMALL = """
version: 1
corpora: {docs: {path: docs/}}
models: {small: {model: "local:smollm2-135m-instruct", params: {threads: 1}}}
helper: small
host: {meter: cpu}
stages:
  retrieval: {options: [none, single], router: prior}
  context: {options: {short: {chunks: 2}}}
  prompt: {options: {direct: {style: brief}}}
"""


def run(name, *args, said="", **changes):
    command = [sys.executable, f"examples/{name}.py", *map(str, args)]
    env = {**os.environ, "PYTHONPATH": str(ROOT), **changes}
    return subprocess.run(command, cwd=ROOT, env=env, input=said, capture_output=True, text=True, timeout=240)


def load(name):
    spec = importlib.util.spec_from_file_location(f"example_{name}", ROOT / "examples" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PROGRAMS = [path for path in EXAMPLES if "argparse" in path.read_text()]
"""Those with options; the others are short scripts, of under 40 lines."""


def test_the_programs_are_these():
    assert [path.stem for path in PROGRAMS] == ["docs_chat", "own_graph", "streaming", "support_chat"]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_each_is_short_and_says_what_it_shows(path):
    assert len(path.read_text().splitlines()) < (100 if path in PROGRAMS else 40)
    assert path.read_text().startswith('"""')


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_each_program_says_how_it_is_used(path, monkeypatch, capsys):
    list(ROUTERS)
    monkeypatch.setattr(ROUTERS, "_classes", dict(ROUTERS._classes))
    monkeypatch.setattr("sys.argv", [path.name, "--help"])
    with pytest.raises(SystemExit, match="0"):
        load(path.stem).main()
    assert f"usage: {path.name}" in capsys.readouterr().out


@pytest.mark.slow
def test_a_wrong_path_is_an_error_of_one_line():
    done = run("docs_chat", "no/such/folder")
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr


def test_an_own_graph_answers_and_cites(make, ask, docs):
    example = load("own_graph")
    app = example.build(make())
    answer = app.invoke(ask("When was the bridge of town03 opened?"))["messages"]
    assert [message.type for message in answer] == ["human", "ai"]
    assert answer[-1].text.startswith("The bridge of town03 opened\n  Sources: About town03")
    refused = app.invoke(ask("What is the password?"))["messages"]
    assert refused[-1].text == "I do not talk about passwords."


@pytest.mark.parametrize(
    ("stream", "printed"),
    [
        ("draft", "unanswerable   ✗ withdrawn: escalate:context\nIn 1813   ✓ context → long\n"),
        ("verified", "In 1813   ✓ context → long\n"),
    ],
)
def test_a_client_drops_what_is_withdrawn(make, ask, capsys, stream, printed):
    example = load("streaming")
    sent = []
    make.scripts["model0"] = lambda kind, text: (
        "In 1813" if sent.append(text) or len(sent) > 1 else "unanswerable"
    )
    given = example.policy(stream, ["fake:weak", "fake:strong"])
    corpora = {"docs": {"path": str(make.docs)}}
    rag = DynamicRAG.from_policy({**given, "corpora": corpora, "host": {"meter": "none"}})
    make.made.append(rag)
    screen, app = example.Screen(), rag.build_graph().compile()
    question = ask("When was the bridge of town03 opened?")
    for mode, event in app.stream(question, stream_mode=["messages", "custom"]):
        screen.show(mode, event)
    screen.done()
    assert capsys.readouterr().out == printed
    assert list(screen.messages.values()) == ["In 1813"]


def test_a_tenant_is_answered_from_its_own_documents(make, capsys, monkeypatch):
    example = load("tenants")
    assert len((ROOT / "examples" / "tenants.py").read_text().splitlines()) < 40
    given = example.policy
    monkeypatch.setattr(example, "policy", lambda model: {**given("fake:model"), "host": {"meter": "none"}})
    for tenant, other in (("visiting", "living"), ("living", "visiting")):
        monkeypatch.setattr(sys, "argv", ["tenants.py", tenant, "When does the ferry leave, and the bus?"])
        assert example.main() == 0
        told = capsys.readouterr().out
        assert f"'{tenant}/" in told
        assert f"'{other}/" not in told


@pytest.fixture
def talk(capsys, monkeypatch):
    """Run a chat in this process, so that imports and the model are loaded once; return its output."""
    list(ROUTERS)
    monkeypatch.setattr(ROUTERS, "_classes", dict(ROUTERS._classes))

    def run_here(name, *args, said=()):
        example = load(name)
        # one thread: two wait for one another where another process has a core
        quick = {"model": "local:smollm2-135m-instruct", "params": {"threads": 1}}
        given = {**example.policy(""), "models": {"model": quick}}
        given["stages"] = {**given["stages"], "prompt": {"options": {"direct": {"style": "brief"}}}}
        monkeypatch.setattr(example, "policy", lambda model: given)
        monkeypatch.setattr("sys.argv", [name, *map(str, args)])
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in said)))
        assert example.main() == 0
        return capsys.readouterr().out

    return run_here


@pytest.mark.models
class TestForReal:
    def test_docs_chat(self, tmp_path):
        (tmp_path / "small.yaml").write_text(SMALL)
        said = f"Hi there!\n\n{QUESTION}\n"
        done = run("docs_chat", "examples/corpus", "--policy", tmp_path / "small.yaml", said=said)
        assert done.returncode == 0, done.stderr
        assert "[none · direct · small · accept]" in done.stdout
        assert "[single · lexical · short · direct · small · accept]" in done.stdout
        assert done.stdout.count(" J]") == 2

    def test_own_graph(self, talk):
        assert "Sources: Cape Ondry Lighthouse" in talk("own_graph", QUESTION)

    def test_ctrl_c_ends_a_chat_without_a_traceback(self, tmp_path):
        (tmp_path / "small.yaml").write_text(SMALL)
        command = [
            sys.executable,
            "examples/docs_chat.py",
            "examples/corpus",
            "--policy",
            tmp_path / "small.yaml",
        ]
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        with subprocess.Popen(command, cwd=ROOT, env=env, text=True, **pipes) as chat:
            chat.stdin.write("Hi there!\n")
            chat.stdin.flush()
            assert "[none" in "".join(chat.stdout.readline() for _ in range(2))
            chat.send_signal(signal.SIGINT)
            _, told = chat.communicate(timeout=60)
        assert chat.returncode == 0
        assert "Traceback" not in told


@pytest.mark.slow
def test_traces_shows_the_spans_and_the_run_tree(make, spans, monkeypatch, capsys):
    example = load("traces")
    monkeypatch.setattr(example, "TracerProvider", lambda: spans.provider)
    monkeypatch.setattr(example.trace, "set_tracer_provider", lambda provider: None)
    example.main()
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0][:2] == ["invoke_workflow", "dynamicrag"]
    assert ["stage", "generator", "small,", "fixed"] in lines
    assert ["stage", "verification", "escalate:generator,", "unanswerable"] in lines
    (search,) = [line for line in lines if line[:2] == ["retriever", "lexical"]]
    assert search[2].startswith("visiting/cape-ondry-lighthouse.md#")
    assert ["chain", "verify", "accept,", "large"] in lines
    text = (ROOT / "examples" / "traces.py").read_text()
    assert len(text.splitlines()) < 100
    assert "LANGSMITH_TRACING=true" in text
