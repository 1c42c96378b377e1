"""Imports point down, never up or sideways; and light things stay light."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FLOORS: list[set[str]] = [
    {"errors", "types", "registry", "portal", "languages", "normal", "text"}
    | {"plain_values", "plain_yaml", "whole_file", "dependencies", "plugins", "whereabouts"},
    {"cost"},
    {"predictors", "escalation"},
    {"features", "llm", "retrieval", "verify"},
    {"routers", "stages"},
    {"calibrated", "policy", "policy_file", "sections", "assembly"}
    | {"embedders", "corpora", "objects", "schema"},
    {"graph"},
    {"evaluation"},
    {"testing"},
    {"cli"},
]
FLOOR = {name: number for number, names in enumerate(FLOORS) for name in names}
BESIDE = {
    ("escalation", "predictors"),
    ("stages", "routers"),
    ("policy", "calibrated"),
    ("policy_file", "policy"),
    ("verify", "llm"),
    ("sections", "policy"),
    ("corpora", "policy"),
    ("corpora", "embedders"),
    ("objects", "policy"),
    ("schema", "policy"),
    ("assembly", "policy"),
    ("assembly", "embedders"),
    ("assembly", "corpora"),
    ("assembly", "objects"),
    ("assembly", "sections"),
}  # the only ways sideways, and one way only
VOCABULARY = FLOORS[0]
MODULES = sorted((ROOT / "dynamicrag").rglob("*.py"))


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def part_of(module: str) -> str:
    """Return the package or module directly below ``dynamicrag``; ``""`` for itself."""
    return [*module.split("."), ""][1]


def imports(path: Path) -> Iterator[str]:
    """Yield every module of the package that is imported anywhere in a file.

    Under ``TYPE_CHECKING`` and within functions too: a floor that knows the names of one above leans on it.
    """
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "dynamicrag")
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            if node.module == "dynamicrag":
                yield from (f"dynamicrag.{alias.name}" for alias in node.names)
            elif node.module and node.module.startswith("dynamicrag."):
                yield node.module


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_point_down(path):
    here = part_of(name_of(path))
    if here == "":
        return  # the package's own face names what it offers
    assert here in FLOOR, f"dynamicrag.{here} has no floor"
    for module in imports(path):
        there = part_of(module)
        if there == here:
            continue
        assert there in FLOOR, f"{name_of(path)} imports {module}, which has no floor"
        down = FLOOR[there] < FLOOR[here] or {here, there} <= VOCABULARY
        assert down or (here, there) in BESIDE, f"{name_of(path)} (floor {FLOOR[here]}) imports {module}"


def test_the_vocabulary_has_no_circles():
    """Floor 0 may import within itself; then there is an order to it."""
    files = {name: ROOT / "dynamicrag" / f"{name}.py" for name in VOCABULARY}
    needs = {name: {part_of(module) for module in imports(path)} - {name} for name, path in files.items()}
    while needs:
        free = {name for name, wants in needs.items() if not wants & set(needs)}
        assert free, f"these import one another: {sorted(needs)}"
        needs = {name: wants for name, wants in needs.items() if name not in free}


@pytest.mark.parametrize(
    ("start", "heavy"),
    [
        (
            "import dynamicrag",
            "numpy pydantic yaml langgraph langchain_core torch codecarbon chromadb sklearn llama_index",
        ),
        (
            "import dynamicrag.predictors as p, pkgutil, importlib\n"
            "for m in pkgutil.iter_modules(p.__path__): importlib.import_module(f'{p.__name__}.{m.name}')",
            "langgraph langchain_core torch codecarbon chromadb llama_index",
        ),
        (
            "import dynamicrag.escalation as p, pkgutil, importlib\n"
            "for m in pkgutil.iter_modules(p.__path__): importlib.import_module(f'{p.__name__}.{m.name}')",
            "langgraph langchain_core torch codecarbon chromadb llama_index",
        ),
        (
            "import dynamicrag.assembly",
            "torch codecarbon chromadb llama_index sentence_transformers langgraph",
        ),
        ("from dynamicrag import DynamicRAG", "torch codecarbon chromadb llama_index sentence_transformers"),
    ],
    ids=["package", "predictors", "escalation", "assembly", "face"],
)
def test_importing_stays_light(start, heavy):
    told = f"' '.join(sorted(sys.modules.keys() & {set(heavy.split())!r}))"
    code = f"{start}\nimport sys\nsys.stdout.write({told})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == ""
