"""README is one screen, and what it links to is there."""

import re

from tests.docs.fences import ROOT

README = (ROOT / "README.md").read_text()


def test_it_is_short():
    assert len(README.splitlines()) <= 120


def test_what_it_links_to_is_there():
    links = re.findall(r"\]\((?!https?:)([^)#]+)", README)
    assert len(links) > 5
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_it_has_what_a_newcomer_needs():
    for wanted in ("## Install", "make demo", "make test", "docs/evidence", "docs/limits.md", "Licence"):
        assert wanted in README
