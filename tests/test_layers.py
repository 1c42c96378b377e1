"""Imports point down, never up or sideways; and light things stay light."""

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.parsed import MODULES, ROOT, imports_in

FLOORS: list[set[str]] = [
    {
        "errors",
        "offers",
        "extras",
        "lazy_names",
        "types",
        "topology",
        "call_options",
        "registry",
        "portal",
        "records",
        "text",
        "turn",
        "traces",
    }
    | {
        "borders",
        "plain_values",
        "plain_yaml",
        "whole_file",
        "dependencies",
        "plugins",
        "whereabouts",
    },
    {"cost", "store"},
    {"predictors", "escalation"},
    {"features", "llm", "priors", "retrieval", "verify"},
    {"routers", "stages", "drafts"},
    {"walk", "learning"},
    {"policy"},
    {"graph"},
    {"faces"},
    {"lab"},
    {"serve"},
    {"testing"},
    {"cli"},
    {"__main__"},
]
FLOOR = {name: number for number, names in enumerate(FLOORS) for name in names}
BESIDE = {
    ("cost", "store"),
    ("learning", "walk"),
    ("escalation", "predictors"),
    ("stages", "routers"),
    ("drafts", "routers"),
    ("drafts", "stages"),
    ("verify", "llm"),
    ("priors", "features"),
}  # the only ways sideways, and one way only
VOCABULARY = FLOORS[0]


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def part_of(module: str) -> str:
    """Return the package or module directly below ``dynamicrag``; ``""`` for itself."""
    return [*module.split("."), ""][1]


def imports(path: Path) -> Iterator[str]:
    """Yield every module of the package that is imported anywhere in a file.

    Under ``TYPE_CHECKING`` and within functions too: a floor that knows the names of one above leans on it.
    """
    for node in imports_in(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "dynamicrag")
        else:
            assert node.level == 0, f"{path}: imports are absolute"
            if node.module == "dynamicrag":
                yield from (f"dynamicrag.{alias.name}" for alias in node.names)
            elif node.module and node.module.startswith("dynamicrag."):
                yield node.module


def misplaced(path: Path) -> Iterator[str]:
    """Yield what is wrong with a file's place among the floors, and with its imports."""
    name, here = name_of(path), part_of(name_of(path))
    if here == "":
        return  # the package's own face names what it offers
    if here not in FLOOR:
        yield f"dynamicrag.{here} has no floor"
        return
    for module in imports(path):
        there = part_of(module)
        if there not in FLOOR:
            yield f"{name} imports {module}, which has no floor"
            continue
        down = FLOOR[there] < FLOOR[here] or {here, there} <= VOCABULARY
        if there != here and not down and (here, there) not in BESIDE:
            yield f"{name} (floor {FLOOR[here]}) imports {module}"


def test_imports_point_down():
    found = [problem for path in MODULES for problem in misplaced(path)]
    assert not found, "\n".join(found)


def test_no_two_files_import_each_other():
    """Nor in a longer circle: there is an order in which every file can be read after all that it names.

    Imports within functions and under ``TYPE_CHECKING`` count: two files that know each other are one.
    """
    files = {name_of(path): path for path in MODULES}
    needs = {name: {*imported_files(path, files)} - {name} for name, path in files.items()}
    while needs:
        free = {name for name, wants in needs.items() if not wants & needs.keys()}
        assert free, f"these import one another, or lean on files that do: {circle(needs)}"
        needs = {name: wants for name, wants in needs.items() if name not in free}


def imported_files(path: Path, files: Mapping[str, Path]) -> Iterator[str]:
    """Yield the files of the package that a file imports; a package stands for its ``__init__``."""
    for node in imports_in(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in files)
        else:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield from (
                    name for name in (inner if inner in files else str(node.module),) if name in files
                )


def circle(needs: Mapping[str, set[str]]) -> str:
    """Return one circle among files that all lead into one."""
    way = [min(needs)]
    while (step := min(needs[way[-1]] & needs.keys())) not in way:
        way.append(step)
    return " -> ".join([*way[way.index(step) :], step])


@pytest.mark.parametrize(
    ("start", "heavy"),
    [
        (
            "import dynamicrag",
            "numpy pydantic yaml langgraph langchain_core torch codecarbon chromadb sklearn llama_index "
            "opentelemetry",
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
            "import dynamicrag.policy.assembly",
            "torch codecarbon chromadb llama_index sentence_transformers langgraph sqlalchemy opentelemetry",
        ),
        pytest.param(
            "from dynamicrag import DynamicRAG",
            "torch codecarbon chromadb llama_index sentence_transformers sqlalchemy",
            marks=pytest.mark.slow,
        ),
    ],
    ids=["package", "predictors", "escalation", "policy.assembly", "face"],
)
def test_importing_stays_light(start, heavy):
    told = f"' '.join(sorted(sys.modules.keys() & {set(heavy.split())!r}))"
    code = f"{start}\nimport sys\nsys.stdout.write({told})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == ""
