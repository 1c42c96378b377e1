"""The help desk of examples/support_chat.py, on a real full-text search in Postgres."""

import io
import sys

import psycopg
import pytest
import yaml

from dynamicrag.llm.pull import pull
from tests.store.conftest import postgres

from .test_examples import ROOT, load

POLICY = ROOT / "examples" / "support_chat.yaml"
PASS = "What does a monthly bus pass cost for people over 67?"
STEPS = "How many steps must a visitor climb in the lighthouse at Cape Ondry?"
BERTH = "What does a berth for my boat cost?"
STRANGE = "Which telescope was pointed at Neptune in 1846?"


def script(kind, text):
    """Answer with a number, but on berths only from the ticket about them."""
    if kind == "condense":
        return text.rpartition("Last question: ")[2].removesuffix("\nRewritten question:")
    return "unanswerable" if BERTH in text and "410 dorrins" not in text else "24"


class Lines(io.StringIO):
    """A user who types lines, between which something may happen."""

    def __init__(self, steps):
        super().__init__()
        self.steps = list(steps)

    def readline(self, *given):
        while self.steps and callable(self.steps[0]):
            self.steps.pop(0)()
        return f"{self.steps.pop(0)}\n" if self.steps else ""


@pytest.fixture
def models():
    """Return the folder of the real embedding model, in the user's cache."""
    return pull("all-minilm-l6-v2").parent


@pytest.fixture
def chat(models, make, tmp_path, monkeypatch, capsys):
    """Return a function that runs the program on some lines, and gives its code and what it printed."""
    given = yaml.safe_load(POLICY.read_text())
    given |= {"models": {"model": {"model": "fake:model"}}, "host": {"meter": "none"}}
    given["corpora"]["handbook"]["path"] = str(POLICY.parent / "corpus" / "visiting")
    (tmp_path / "support_chat.yaml").write_text(yaml.safe_dump(given, sort_keys=False))
    (tmp_path / "models").symlink_to(models)
    make.scripts["model"] = script

    def run(*lines, **options):
        options |= {"policy": tmp_path / "support_chat.yaml"}
        arguments = [str(part) for name, value in options.items() for part in (f"--{name}", value)]
        monkeypatch.setattr(sys, "argv", ["support_chat.py", *arguments])
        monkeypatch.setattr(sys, "stdin", Lines(lines))
        code = load("support_chat").main()
        return code, capsys.readouterr()

    return run


@pytest.mark.models
@pytest.mark.service
@pytest.mark.slow
def test_a_help_desk(chat):
    address = postgres()
    with psycopg.connect(address, autocommit=True) as database:
        database.execute((ROOT / "examples" / "tickets.sql").read_text())

        def breaks():
            database.execute("ALTER TABLE tickets RENAME TO broken")

        said = PASS, STEPS, BERTH, STRANGE, breaks, PASS
        code, told = chat(*said, tickets=address, memory=address, thread="anna")
        assert code == 0, told.err
        lines = told.out.splitlines()
        assert [line.split(",")[0] for line in lines if line.startswith("  [")] == [
            "  [tickets",
            "  [handbook",
            "  [tickets",  # after the handbook
            "  [both",
            "  [handbook",
        ]
        assert lines.count("  Is there a cheaper bus pass for pensioners? (ticket 1038)") == 1
        assert "  What does a berth for my own boat cost? (ticket 1052)" in lines
        assert any(line.startswith("  Cape Ondry Lighthouse (cape-ondry-lighthouse.md#") for line in lines)
        assert sum(" J " in line for line in lines) == 5
        failed = "stages.retriever.options.tickets: Tickets failed: UndefinedTable"
        assert [failed in line for line in lines if line.startswith("(no tickets: ")] == [True]

        # it does not begin without its service, and says how to start it
        code, told = chat(tickets=address, memory=address, thread="anna")
        assert (code, told.out) == (1, "")
        assert 'error: relation "tickets" does not exist' in told.err
        assert "psql $DYNAMICRAG_TEST_POSTGRES -f examples/tickets.sql" in told.err

        database.execute("ALTER TABLE broken RENAME TO tickets")
        code, told = chat(tickets=address, memory=address, thread="anna")
        assert [told.out.count(text) for text in (PASS, STEPS, BERTH)] == [2, 1, 1]
        code, told = chat(tickets=address, memory=address, thread="bert")
        assert PASS not in told.out


@pytest.mark.slow
def test_no_search_service(chat, tmp_path):
    code, told = chat(PASS, tickets=f"postgresql:///tickets?host={tmp_path}")
    assert (code, told.out) == (1, "")
    assert told.err.startswith("error: connection"), told.err
    assert "source .ci/services" in told.err


def test_a_wrong_address_is_not_repeated(chat):
    code, told = chat(tickets="postgres//u:hidden@h/tickets")
    assert code == 1
    assert told.err.startswith("error: this is no address of Postgres\nStart Postgres")
    assert "hidden" not in told.err
