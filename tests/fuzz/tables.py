"""Outcome tables and agreement samples, and what is made of them."""

from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from dynamicrag.cli.specs import outcomes_in
from dynamicrag.lab.cascade.agreement import make_trials
from dynamicrag.lab.cascade.samples import read_samples
from dynamicrag.lab.outcomes.file import read_table, write_table
from dynamicrag.lab.routing.problem import set_problem
from tests.fuzz.questions import lines_of
from tests.fuzz.target import Target
from tests.fuzz.values import damaged, mutated

ROWS = [
    {
        "query_id": f"q{number}", "query": f"Who was number {number}?", "group": "who",
        "answers": ["me"],
        "answerable": True,
        "origin": {"policy": "abc"},
        "outcomes": {
            name: {
                "quality": quality, "usd": 0.1, "joules": 3.0, "answer": "me",
                "path": {"generator": name},
                "signals": {"first_margin": 0.4}, "kinds": {"joules": "modelled"},
            }
            for name, quality in (("small", 0.5), ("large", 1.0))
        },
    }
    for number in range(4)
]  # fmt: skip
SAMPLES = [
    {
        "dataset": "sums", "llm": llm, "config": config, "idx": idx, "results": ["7", "8"],
        "correct": [1, 0],
        "out_tokens": [3, 4],
    }
    for idx in range(3)
    for llm, config in (("weak", "cot1"), ("weak", "pot1"), ("strong", "greedy_cot1"))
]  # fmt: skip
LABELS = [{"label": 0, "question": "a?"}, {"label": 1, "question": "b?"}]


def _files(rows: Any) -> st.SearchStrategy[bytes]:
    return st.one_of(
        mutated(rows).map(lines_of),
        mutated(rows, 1).map(lines_of),
        damaged(lines_of(rows)),
        st.binary(max_size=80),
    )


def _table(made: bytes, folder: Path) -> object:
    where = folder / "table.jsonl"
    where.write_bytes(made)
    table = read_table(where)
    write_table(table, folder / "again.jsonl.gz")
    again = read_table(folder / "again.jsonl.gz")
    assert [row.id for row in again.rows] == [row.id for row in table.rows]
    outcomes_in([where], [], ["one", "two"], mended=True)
    return set_problem(table)


def _samples(made: bytes, folder: Path) -> object:
    where = folder / "table.jsonl"
    where.write_bytes(made)
    return make_trials([read_samples(where)], "weak", "strong")


TABLES = Target(
    "tables",
    st.one_of(_files(ROWS), _files(ROWS), _files(LABELS)),
    _table,
    ("table.jsonl", "again.jsonl", "--"),
)
SAMPLED = Target("samples", _files(SAMPLES), _samples, ("table.jsonl", "--"))
