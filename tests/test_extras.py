"""What the extras bring, and the refusal before work begins."""

import re
import sys
import tomllib
from pathlib import Path

import pytest

from dynamicrag import extras
from dynamicrag.errors import InputError

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))["project"]
OPTIONAL = PROJECT["optional-dependencies"]


def test_the_table_is_the_project_files():
    for extra, packages in extras.EXTRAS.items():
        declared = [re.match(r"[\w-]+", each).group() for each in OPTIONAL[extra]]
        assert sorted(packages.values()) == sorted(declared)


def test_all_has_every_extra():
    assert OPTIONAL["all"] == [f"dynamicrag[{','.join(name for name in OPTIONAL if name != 'all')}]"]


def test_an_extra_that_is_there(monkeypatch):
    monkeypatch.setitem(extras.EXTRAS, "lab", {"json": "json"})
    assert extras.missing("lab") == ""
    extras.require("lab", for_="--plot")


def test_one_package_is_missing(monkeypatch):
    monkeypatch.setitem(extras.EXTRAS, "lab", {"json": "json", "jinja2": "jinja2"})
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(InputError) as refused:
        extras.require("lab", for_="--html")
    assert str(refused.value) == "--html: jinja2 is not installed; mend with: pip install 'dynamicrag[lab]'"


def test_two_packages_are_missing(monkeypatch):
    for module in extras.EXTRAS["local"]:
        monkeypatch.setitem(sys.modules, module, None)
    expected = "xllamacpp and langchain-openai are not installed; mend with: pip install 'dynamicrag[local]'"
    assert extras.missing("local") == expected


def test_looking_imports_nothing():
    before = set(sys.modules)
    extras.missing("lab")
    assert {name.partition(".")[0] for name in set(sys.modules) - before}.isdisjoint({"matplotlib", "jinja2"})
