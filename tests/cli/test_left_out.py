"""What the command line says of documents that cannot be read."""

import json
import os
from pathlib import Path

import pytest

from .test_ask import ASK


@pytest.fixture
def bad(there):
    (there / "docs" / "broken.pdf").write_bytes(b"%PDF-1.4")
    (there / "docs" / "nowhere.md").symlink_to("gone.md")
    Path(os.fsdecode(os.fsencode(there / "docs") + b"/\xe9t\xe9.md")).write_text("# Summer\n\nIt is warm.\n")
    return there


def test_ingest_names_and_counts(bad, run):
    code, out, _ = run("ingest", "docs", "-p", "p.yaml")
    assert code == 0
    assert "2 left out, 2 could not be read:" in out
    assert f"{bad}/docs/broken.pdf: broken PDF" in out
    assert "nowhere.md: a link that leads nowhere" in out
    code, out, _ = run("ingest", "docs", "-p", "p.yaml", "--json", "-")
    summary = json.loads(out)
    assert (summary["failed"], len(summary["skipped"])) == (2, 2)
    assert summary["documents"]["unchanged"] == 2


def test_ingest_strict_refuses(bad, run):
    code, _, err = run("ingest", "docs", "-p", "p.yaml", "--strict")
    assert code == 1
    assert err.startswith("error: 2 could not be read (")
    assert "broken.pdf" in err
    (bad / "docs" / "broken.pdf").unlink()
    (bad / "docs" / "nowhere.md").unlink()
    assert run("ingest", "docs", "-p", "p.yaml", "--strict")[0] == 0


def test_ask_and_validate_warn_in_a_line(bad, run):
    line = "corpus docs: 2 could not be read (nowhere.md, broken.pdf); `dynamicrag ingest` says why"
    for _ in range(2):  # also where nothing is to be ingested
        code, out, err = run(*ASK, "-q", "q.jsonl")
        assert code == 0
        assert line in out + err
    assert line in run("validate", "p.yaml")[1]


def test_a_folder_of_any_bytes(there, run):
    folder = Path(os.fsdecode(os.fsencode(there) + b"/\xe9t\xe9"))
    (there / "docs").rename(folder)
    for arguments in (["ingest", folder, "-p", "p.yaml"], ["validate", "p.yaml", "--corpus", folder]):
        assert run(*map(str, arguments))[0] == 0
    assert run("ask", "How many steps?", "-p", "p.yaml", "--corpus", str(folder))[0] == 0


@pytest.mark.parametrize("value", ["perhaps", "1", '"yes"', "[true]"])
def test_follow_links_is_true_or_false(there, run, value):
    (there / "p.yaml").write_text(
        (there / "p.yaml").read_text().replace("{path: docs/,", f"{{path: docs/, follow_links: {value},")
    )
    code, _, err = run("validate", "p.yaml")
    assert code == 1
    assert "corpora.docs.follow_links" in err


def test_links_are_followed_by_a_policy(there, run):
    (there / "outside").mkdir()
    (there / "outside" / "more.md").write_text("# More\n\nThere is more.\n")
    (there / "docs" / "more").symlink_to(there / "outside")
    _, out, _ = run("ingest", "docs", "-p", "p.yaml", "--json", "-")
    assert "not followed without follow_links: true" in json.loads(out)["skipped"][0]
    policy = (there / "p.yaml").read_text().replace("{path: docs/,", "{path: docs/, follow_links: true,")
    (there / "p.yaml").write_text(policy)
    _, out, _ = run("ingest", "docs", "-p", "p.yaml", "--json", "-")
    assert json.loads(out)["documents"]["added"] == 2
