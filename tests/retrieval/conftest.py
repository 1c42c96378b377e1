from collections.abc import Callable
from pathlib import Path

import pytest

from dynamicrag.retrieval import Corpus
from tests.forked import Forked

from . import child as children
from .fakes import corpus

SENTENCES = [
    "The bridge of {n} was built of steel and opened in 18{n}.",
    "Trains crossed it every {n} minutes, carrying coal to the harbour.",
    "A storm broke pier {n}, and engineers rebuilt it within the year.",
    "Visitors to town {n} photograph it from the southern bank.",
]


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """A folder of twelve documents, some of several chunks."""
    folder = tmp_path / "docs"
    (folder / "sub").mkdir(parents=True)
    for n in range(10, 22):
        lines = " ".join(s.format(n=n) for s in SENTENCES * (n % 3 + 1))
        (folder / ("sub" if n % 2 else ".") / f"town{n}.md").write_text(f"# Town {n}\n\n{lines}\n")
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "indexes"


@pytest.fixture
def ingested(docs: Path, root: Path) -> Corpus:
    made = corpus(docs, root)
    made.ingest()
    yield made
    made.close()


@pytest.fixture
def child(docs: Path, root: Path) -> Callable[..., Forked]:
    """Start a process that ingests; see ``child.py``."""
    return lambda *args: Forked(children.main, docs, root, *args)
