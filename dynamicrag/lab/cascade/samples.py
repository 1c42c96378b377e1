"""Files of agreement samples.

::

    {"dataset": "date", "llm": "GPT3", "config": "cot1", "idx": 0, "results": ["05/01/2021", …],
     "correct": [1, …], "maj_frac": 1.0, "out_tokens": [29, …]}

A line holds all samples of one model with one prompt (``config``), which is named for its method: ``cot…``
chain of thought, ``pot…`` program of thought. A line whose ``results`` are empty, ``null`` or missing is left
out, and a note names it.
"""

import sys
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dynamicrag.errors import InputError
from dynamicrag.lab.json_lines import parse_line, read_lines
from dynamicrag.lab.left_out import left_out
from dynamicrag.plain_values import shown

COMMON = 0.5
"""Share of the questions that a default prompt must have samples of."""


@dataclass(frozen=True, slots=True)
class Sampled:
    """All samples of one model and prompt to one question.

    Attributes:
        results: The answers.
        right: Whether each is right.
        tokens: Tokens of each; NaN where they are not known.
    """

    results: Sequence[str]
    right: Sequence[float]
    tokens: Sequence[float]


Key = tuple[str, str]
Samples = Mapping[Key, Mapping[tuple[str, str], Sampled]]
"""By question (dataset and idx), by model and prompt."""


@dataclass(frozen=True, slots=True)
class SampleFile:
    """A file of agreement samples.

    Attributes:
        name: Its name.
        samples: By question and by model and prompt.
        texts: The questions.
        notes: Notes for the reader.
    """

    name: str
    samples: Samples
    texts: Mapping[Key, str]
    notes: Sequence[str] = ()

    def configs(self, llm: str, share: float = COMMON) -> list[str]:
        """Return a model's prompts with samples of at least this share of the questions."""
        counts = Counter(config for own in self.samples.values() for name, config in own if name == llm)
        return sorted(config for config, count in counts.items() if count >= share * len(self.samples))

    @property
    def models(self) -> list[str]:
        """Names of the models."""
        return sorted({name for own in self.samples.values() for name, _ in own})

    def costed(self, llm: str) -> bool:
        """Return whether the tokens of every sample of a model are known."""
        return all(
            np.isfinite(one.tokens).all()
            for own in self.samples.values()
            for (name, _), one in own.items()
            if name == llm
        )


def read_samples(path: Path) -> SampleFile:
    """Read a file.

    Raises:
        InputError: It cannot be read, or a line of it cannot be used.
    """
    samples: dict[Key, dict[tuple[str, str], Sampled]] = defaultdict(dict)
    texts: dict[Key, str] = {}
    lines, empty = 0, list[str]()
    for number, line in enumerate(read_lines(path), 1):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        record = parse_line(line, where, "a line of agreement samples")
        lines += 1
        _check_keys(record, ("llm", "config", "idx"), where)
        key = (str(record.get("dataset", "")), str(record["idx"]))
        if record.get("results") in (None, []):
            empty.append(f"{record['llm']} {record['config']} {' '.join(key)}")
            continue
        _check_keys(record, ("correct",), where)
        samples[key][str(record["llm"]), str(record["config"])] = _sampled(record, where)
        texts[key] = str(record.get("question") or f"{key[0]} {key[1]}")
    if not samples:
        why = f"; none of its {lines:,} lines has results" if lines else ""
        raise InputError(f"{path}: holds no samples{why}")
    notes = left_out(path.name, empty, lines, "lines", "have no results")
    return SampleFile(path.name, dict(samples), texts, notes)


def _check_keys(record: Mapping[str, Any], keys: Sequence[str], where: str) -> None:
    for key in keys:
        if key not in record:
            raise InputError(f"{where}: {key!r} is missing; expected a line of agreement samples")


def _sampled(record: Mapping[str, Any], where: str) -> Sampled:
    results = record["results"]
    if not isinstance(results, list):
        raise InputError(f"{where}.results: expected a list of answers, got {shown(results)}")
    right = _numbers(record["correct"], f"{where}.correct")
    if len(right) != len(results):
        raise InputError(f"{where}.correct: expected a number for each of the {len(results)} results")
    if not all(0 <= one <= 1 for one in right):
        raise InputError(f"{where}.correct: expected numbers from 0 to 1, got {shown(record['correct'])}")
    tokens = _numbers(record.get("out_tokens", []), f"{where}.out_tokens")
    if tokens and len(tokens) != len(results):
        # samples without an answer are not among the results, but were paid for
        tokens = [sum(tokens) / len(results)] * len(results)
    return Sampled(list(map(str, results)), right, tokens or [np.nan] * len(results))


def _numbers(value: Any, where: str) -> list[float]:
    own = value if isinstance(value, list) else [value]
    if not all(isinstance(one, int | float) and abs(one) <= sys.float_info.max for one in own):
        raise InputError(f"{where}: expected finite numbers, got {shown(value)}")
    return [float(one) for one in own]
