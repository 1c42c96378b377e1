"""Question files."""

import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from dynamicrag.lab.questions import ENDINGS, read_questions
from tests.fuzz.target import Target
from tests.fuzz.values import damaged, mutated

LINES = [
    {"query_id": "q1", "question": "Who opened it?", "answers": ["Ada"], "gold": ["a.md"], "type": "single"},
    {"query_id": 2, "query": "And when?", "answers": "1871", "answerable": True},
    {"question": "Which colour?", "answers": [], "type": "unanswerable"},
]


def lines_of(records: Any) -> bytes:
    """Return records as JSON lines, with all that JSON's dialects allow."""
    rows = records if isinstance(records, list) else [records]
    return "\n".join(json.dumps(row, default=str) for row in rows).encode()


def _read(made: tuple[bytes, str], folder: Path) -> object:
    where = folder / f"questions{made[1]}"
    where.write_bytes(made[0])
    return read_questions(where)


QUESTIONS = Target(
    "questions",
    st.tuples(
        st.one_of(
            mutated(LINES).map(lines_of),
            damaged(lines_of(LINES)),
            st.binary(max_size=80),
            st.text().map(lambda text: text.encode("utf-8", "surrogatepass")),
        ),
        st.sampled_from((*ENDINGS, ".csv", "")),
    ),
    _read,
    ("questions",),
)
