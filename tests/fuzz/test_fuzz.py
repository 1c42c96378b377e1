"""Every input is read, or refused with an error that names the place: no other exception, no stall."""

import pytest

from tests.fuzz.targets import TARGETS

EXAMPLES = {"policies": 200, "policy-mappings": 100, "documents": 60}
"""The others are read faster."""


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_nothing_else_comes_of_it(target, tmp_path, monkeypatch):
    monkeypatch.setenv("DYNAMICRAG_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("DYNAMICRAG_DATA", str(tmp_path / "data"))
    target.run(tmp_path, EXAMPLES.get(target.name, 250))
    assert target.outcomes["read"] > 0, "nothing was ever read, so that little was tried"
    assert sum(target.outcomes.values()) > target.outcomes["read"], "nothing was ever refused"
