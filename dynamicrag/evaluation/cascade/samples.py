"""Files of agreement samples.

::

    {"dataset": "date", "llm": "GPT3", "config": "cot1", "idx": 0, "results": ["05/01/2021", …],
     "correct": [1, …], "maj_frac": 1.0, "out_tokens": [29, …]}

A line is all samples of one model with one prompt (``config``), which is named for its method: ``cot…``
chain of thought, ``pot…`` program of thought.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dynamicrag.errors import InputError
from dynamicrag.evaluation.json_lines import parse_line, read_lines


@dataclass(frozen=True, slots=True)
class Sampled:
    """All samples of one model and prompt to one question.

    Attributes:
        results: The answers.
        right: Whether each is right.
        tokens: Tokens of each; NaN where not known.
    """

    results: Sequence[str]
    right: Sequence[float]
    tokens: Sequence[float]


Key = tuple[str, str]
Samples = Mapping[Key, Mapping[tuple[str, str], Sampled]]
"""By question (dataset and idx), by model and prompt."""


@dataclass(frozen=True, slots=True)
class SampleFile:
    """A file of agreement samples."""

    name: str
    samples: Samples
    texts: Mapping[Key, str]

    def configs(self, llm: str) -> list[str]:
        """Return the prompts that every question has samples of, by a model."""
        every = [{config for name, config in own if name == llm} for own in self.samples.values()]
        return sorted(set.intersection(*every))

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
    for number, line in enumerate(read_lines(path), 1):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        record = parse_line(line, where, "a line of agreement samples")
        missing = [key for key in ("llm", "config", "idx", "results", "correct") if key not in record]
        if missing:
            raise InputError(f"{where}: {missing[0]!r} is missing; expected a line of agreement samples")
        key = (str(record.get("dataset", "")), str(record["idx"]))
        samples[key][str(record["llm"]), str(record["config"])] = _sampled(record, where)
        texts[key] = str(record.get("question") or f"{key[0]} {key[1]}")
    if not samples:
        raise InputError(f"{path}: holds no samples")
    return SampleFile(path.name, dict(samples), texts)


def _sampled(record: Mapping[str, Any], where: str) -> Sampled:
    results = record["results"]
    if not isinstance(results, list) or not results:
        raise InputError(f"{where}.results: expected a list of answers, got {results!r}")
    right = _numbers(record["correct"], f"{where}.correct")
    if len(right) != len(results):
        raise InputError(f"{where}.correct: expected a number for each of the {len(results)} results")
    tokens = _numbers(record.get("out_tokens", []), f"{where}.out_tokens")
    if tokens and len(tokens) != len(results):
        # samples that gave no answer are not among the results, and paid for all the same
        tokens = [sum(tokens) / len(results)] * len(results)
    return Sampled(list(map(str, results)), right, tokens or [np.nan] * len(results))


def _numbers(value: Any, where: str) -> list[float]:
    own = value if isinstance(value, list) else [value]
    if not all(isinstance(one, int | float) and np.isfinite(one) for one in own):
        raise InputError(f"{where}: expected finite numbers, got {value!r}")
    return [float(one) for one in own]
