"""The figures of an evaluation of the shipped recording, summed by their keys, to be held against a file."""

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

_EXAMPLES = Path(__file__).parents[2] / "examples"
CORPUS, RECORDING = _EXAMPLES / "corpus", _EXAMPLES / "outcomes.jsonl.gz"


def check(found: dict[str, Any], expected: Path) -> None:
    """Compare all figures of a JSON result with those in a file: by key their number, the nulls, the sum."""
    sums: dict[str, list[float]] = defaultdict(lambda: [0, 0, 0.0])
    for keys, value in _leaves(found):
        own = sums[".".join(keys[-2:])]
        own[value is None] += 1
        own[2] += value or 0.0
    wanted = json.loads(expected.read_text())
    assert sorted(sums) == sorted(wanted)
    for key, (known, unknown, total) in wanted.items():
        assert sums[key][:2] == [known, unknown], key
        assert sums[key][2] == pytest.approx(total, rel=1e-6, abs=1e-9), key


def _leaves(value: Any, keys: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], float | None]]:
    if isinstance(value, dict):
        for key, own in value.items():
            yield from _leaves(own, (*keys, key))
    elif isinstance(value, list):
        for own in value:
            yield from _leaves(own, keys)
    elif value is None or isinstance(value, int | float):
        yield keys, value
