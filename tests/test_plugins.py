"""Modules of the user's own: named by a policy, or by an installed package."""

import sys
from importlib import invalidate_caches
from importlib.metadata import EntryPoint

import pytest

from dynamicrag import plugins
from dynamicrag.errors import PolicyError
from dynamicrag.policy.assembly import assemble
from dynamicrag.policy.file import load_policy
from dynamicrag.routers.base import ROUTERS
from dynamicrag.stages.base import STAGES
from dynamicrag.topology import TOPOLOGY

ROUTER = """
from dynamicrag import ROUTERS, Choice, Router

@ROUTERS.register("last")
class Last(Router):
    async def choose(self, context):
        return Choice(context.nearest(len(context.options) - 1), "the last")
"""
POLICY = {
    "version": 1,
    "plugins": ["my_routers"],
    "models": {"small": {"model": "openai:a"}, "large": {"model": "openai:b"}},
    "host": {"meter": "none"},
    "runs": {"keep": 0},
    "stages": {"generator": {"router": "last"}},
    "corpora": {"docs": {"path": "."}},
}


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Write a module that can be imported, and forget it and what it registered afterwards."""
    list(ROUTERS)
    monkeypatch.setattr(ROUTERS, "_classes", dict(ROUTERS._classes))
    monkeypatch.syspath_prepend(tmp_path)
    written = []

    def write(name, text):
        (tmp_path / f"{name}.py").write_text(text)
        written.append(name)

    yield write
    for name in written:
        sys.modules.pop(name, None)


def test_a_policy_names_a_module_that_registers_a_router(module):
    module("my_routers", ROUTER)
    pipeline = assemble(load_policy(POLICY))
    assert pipeline.stages["generator"].router.registered == "last"


def test_an_untrusted_policy_imports_nothing_and_says_so(module):
    module("my_routers", "raise SystemExit('this was run')")
    policy = load_policy(POLICY, trust=False)
    assert policy.plugins == ["my_routers"]
    assert "my_routers" not in sys.modules
    mistaken = {**POLICY, "stages": {"mine": {}}}
    with pytest.raises(PolicyError, match=r"stages: unknown key 'mine'.*plugin \(my_routers\).*--trust"):
        load_policy(mistaken, trust=False)
    with pytest.raises(PolicyError, match=r"unknown key 'mine'") as caught:
        load_policy({**mistaken, "plugins": []}, trust=False)
    assert "--trust" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "my_routers",
            "import nowhere_at_all",
            r"^plugins\[0\]: cannot import 'my_routers' \(Mod",
        ),
        ("my_routers", "1 / 0", r"cannot import 'my_routers' \(ZeroDivisionError.*PYTHONPATH"),
        ("my_routers", "def broken(", r"cannot import 'my_routers' \(SyntaxError"),
        ("other", "", r"cannot import 'my_routers' \(ModuleNotFoundError: No module named 'my_routers'\)"),
    ],
)
def test_a_plugin_that_cannot_be_imported_is_named_with_its_place(module, name, text, message):
    module(name, text)
    with pytest.raises(PolicyError, match=message):
        load_policy(POLICY)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["not a name"], r"plugins\[0\]: expected a module's name.*got 'not a name'"),
        ([""], r"plugins\[0\]: expected a module's name"),
        ([3], r"plugins\.0: "),
        ({"my_routers": 1}, r"plugins: "),
        (3, r"plugins: "),
    ],
)
def test_what_is_no_module_is_refused(given, message):
    with pytest.raises(PolicyError, match=message):
        load_policy({**POLICY, "plugins": given})


def test_a_name_that_is_taken_names_both_modules(module):
    module("my_routers", ROUTER.replace('"last"', '"fixed"'))
    message = (
        r"plugins\[0\]: my_routers: router 'fixed' is registered twice, by dynamicrag\.routers\.fixed\.Fixed "
        r"and by my_routers\.Last; give one"
    )
    with pytest.raises(PolicyError, match=message):
        load_policy(POLICY)


STAGE = """
from dynamicrag import Stage, StageBase, add_stage

@add_stage(Stage("guard"), after="{after}")
class Guard(StageBase):
    async def act(self, option, turn, run):
        return {{}}
"""


def test_a_plugin_that_fails_half_way_leaves_nothing_registered(module):
    module("my_routers", f"import my_part\n{STAGE.format(after='context')}\n1 / 0")
    module("my_part", ROUTER)
    for _ in range(2):
        with pytest.raises(PolicyError, match="ZeroDivisionError"):
            load_policy(POLICY)
        assert "last" not in ROUTERS
        assert "guard" not in TOPOLOGY
        assert "guard" not in STAGES
    module("my_routers", "import my_part")
    invalidate_caches()
    assert assemble(load_policy(POLICY)).stages["generator"].router.registered == "last"


def test_a_plugin_that_replaces_its_own_class_and_fails_leaves_the_one_before(module):
    module("my_part", ROUTER)
    load_policy({**POLICY, "plugins": ["my_part"]})
    before = ROUTERS["last"]
    module("my_routers", "import importlib, my_part\nimportlib.reload(my_part)\n1 / 0")
    with pytest.raises(PolicyError, match="ZeroDivisionError"):
        load_policy(POLICY)
    assert ROUTERS["last"] is before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import sys; sys.exit(3)", r"cannot import 'my_routers' \(SystemExit: 3\)"),
        (
            STAGE.format(after="nowhere"),
            r"^plugins\[0\]: my_routers: stage 'guard': after='nowhere' is not a stage",
        ),
        (
            STAGE.format(after="context").replace('"guard"', '"rerank"'),
            r"^plugins\[0\]: my_routers: stage 'rerank': there is a stage of this name already; choose",
        ),
        (
            STAGE.format(after="context").replace("(StageBase)", ""),
            "stage 'guard': Guard is not a subclass of StageBase",
        ),
        (ROUTER.replace("(Router)", ""), "my_routers: router 'last': Last is not a subclass of Router"),
    ],
)
def test_a_plugin_s_own_mistake_is_named(module, text, message):
    module("my_routers", text)
    with pytest.raises(PolicyError, match=message) as caught:
        load_policy(POLICY)
    assert "PYTHONPATH" not in str(caught.value) or "SystemExit" in str(caught.value)
    assert "guard" not in TOPOLOGY


@pytest.fixture
def installed(monkeypatch):
    """Put an entry point where packages have theirs."""

    def put(module):
        point = EntryPoint(name="mine", value=module, group=plugins.GROUP)
        monkeypatch.setattr(plugins, "entry_points", lambda group: [point] if group == plugins.GROUP else [])
        monkeypatch.setattr(plugins, "_installed", False)
        monkeypatch.setattr(ROUTERS, "_discovered", False)

    return put


def test_an_installed_package_registers_by_its_entry_point(module, installed):
    module("my_routers", ROUTER)
    installed("my_routers")
    assert "last" in ROUTERS
    pipeline = assemble(load_policy({**POLICY, "plugins": []}))
    assert pipeline.stages["generator"].router.registered == "last"


def test_an_entry_point_that_cannot_be_imported_is_named(module, installed):
    installed("nowhere_at_all")
    with pytest.raises(PolicyError, match=r"entry point 'mine'.*cannot import 'nowhere_at_all'"):
        list(ROUTERS)
