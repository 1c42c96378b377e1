"""Agreement samples: many answers of a weak model to each question, some of a strong one.

::

    {"dataset": "date", "llm": "GPT3", "config": "cot1", "idx": 0, "results": ["05/01/2021", …],
     "correct": [1, …], "maj_frac": 1.0, "out_tokens": [29, …]}

A line is all samples of one model with one prompt (``config``), which is named for its method: ``cot…``
chain of thought, ``pot…`` program of thought. The weak model's options are growing numbers of samples,
as many of each prompt; the draft is their majority's answer, and the signals are of agreement alone:
nothing of the task, the question or the answer's text. Mixture of thought: Yue et al. 2024, "Large
Language Model Cascades with Mixture of Thoughts Representations", arXiv 2310.03094.
"""

import gzip
import json
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dynamicrag.errors import InputError, unknown
from dynamicrag.evaluation.cascade.trials import Candidates, Trials
from dynamicrag.predictors.checks import Floats

GROWTH = (1, 2, 5, 10, 20)
"""Samples of each prompt that the weak model may come to."""
PRICE = {"weak": 1.0, "strong": 30.0}
"""Price of a token, or a call, where none is given: OpenAI's for GPT-3.5-turbo and GPT-4 in mid 2023, $0.002
and $0.06 per 1,000 output tokens."""
SIGNALS = (
    "share", "cot_share", "pot_share", "least_share", "cross", "certainty", "few_answers", "margin",
)  # fmt: skip
OF_METHOD = ("cot_share", "pot_share")
"""Signals that the scorer is not given: which method answers better is the task's, and the rest is the same
whichever does."""
PROMPT, GREEDY = re.compile(r"(cot|pot)[^_=]*"), re.compile(r"greedy.*")
"""Prompts that are taken where none are named: of the weak model, of the strong one."""
NOTHING = {"", "none", "null", "nan", "error", "timeout", "n/a"}
"""Results of programs that did not run, and the like: no votes for an answer."""


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
    for where, record in _records(path):
        missing = [key for key in ("llm", "config", "idx", "results", "correct") if key not in record]
        if missing:
            raise InputError(f"{where}: {missing[0]!r} is missing; expected a line of agreement samples")
        key = (str(record.get("dataset", "")), str(record["idx"]))
        samples[key][str(record["llm"]), str(record["config"])] = _sampled(record, where)
        texts[key] = str(record.get("question") or f"{key[0]} {key[1]}")
    if not samples:
        raise InputError(f"{path}: holds no samples")
    return SampleFile(path.name, dict(samples), texts)


def make_trials(
    files: Sequence[SampleFile], weak: str, strong: str, price: Mapping[str, float] | None = None
) -> list[Trials]:
    """Return the trials of files, with the same options and signals.

    Args:
        files: What is learnt from and judged by.
        weak: The weak model: ``NAME``, or ``NAME:cot1+pot1`` to take these prompts alone.
        strong: The strong model, likewise; by default its greedy prompts, each an option.
        price: Price of one token, or call, by model.

    Raises:
        InputError: A model or prompt that is not there.
    """
    weak, of_weak = _named(files, "--weak", weak, greedy=False)
    strong, of_strong = _named(files, "--strong", strong, greedy=True)
    given = dict(price or {})
    for name in given:
        if name not in (weak, strong):
            raise InputError(unknown("--option-cost", "model", name, (weak, strong)))
    paid = {weak: given.get(weak, PRICE["weak"]), strong: given.get(strong, PRICE["strong"])}
    tokens = all(file.costed(name) for file in files for name in (weak, strong))
    sizes = [
        len(own[weak, config].results) for f in files for own in f.samples.values() for config in of_weak
    ]
    growth = [number for number in GROWTH if number <= max(sizes)]
    note = (
        f"cost: {'output tokens' if tokens else 'calls'}, one of {strong} counted as {paid[strong]:g}, "
        f"of {weak} as {paid[weak]:g}; change it with --option-cost {strong}=NUMBER"
    )
    unit = f"{weak} {'tokens' if tokens else 'calls'}"
    return [
        _trials(file, (weak, of_weak), (strong, of_strong), growth, paid, tokens=tokens, unit=unit, note=note)
        for file in files
    ]


def _trials(
    file: SampleFile, weak: tuple[str, Sequence[str]], strong: tuple[str, Sequence[str]],
    growth: Sequence[int], price: Mapping[str, float], *, tokens: bool, unit: str, note: str,
) -> Trials:  # fmt: skip
    keys = sorted(file.samples)
    options = [f"{weak[0]} ×{number * len(weak[1])}" for number in growth]
    options += [strong[0] if len(strong[1]) == 1 else f"{strong[0]}:{config}" for config in strong[1]]
    k = len(options)
    quality, cost = np.empty((len(keys), k)), np.empty((len(keys), k))
    signals = np.full((len(keys), k, len(SIGNALS)), np.nan)
    answers: list[list[tuple[float, bool]]] = []
    for row, key in enumerate(keys):
        own = file.samples[key]
        for column, number in enumerate(growth):
            votes = Votes([(config, own[weak[0], config]) for config in weak[1]], number)
            quality[row, column] = votes.right
            signals[row, column] = votes.signals()
            cost[row, column] = price[weak[0]] * (votes.tokens if tokens else votes.number)
        answers.append(votes.candidates())
        for column, config in enumerate(strong[1], len(growth)):
            one = own[strong[0], config]
            quality[row, column] = one.right[0]
            cost[row, column] = price[strong[0]] * (one.tokens[0] if tokens else 1.0)
    wide = max(map(len, answers))
    p, right = np.full((len(keys), wide), np.nan), np.zeros((len(keys), wide), dtype=bool)
    for row, found in enumerate(answers):
        for column, (share, is_right) in enumerate(found):
            p[row, column], right[row, column] = share, is_right
    chain = np.array([0] * len(growth) + [-1] * len(strong[1]), dtype=np.intp)
    return Trials(
        file.name, options, [file.texts[key] for key in keys], [key[0] for key in keys], quality, cost, unit,
        signals, SIGNALS, np.zeros(len(keys)), chain, chain < 0, (), Candidates(p, right), OF_METHOD, (note,),
    )  # fmt: skip


class Votes:
    """The first samples of several prompts, and how far they agree.

    Args:
        samples: Prompts and all their samples.
        number: How many of each are looked at; fewer where there are no more.
    """

    def __init__(self, samples: Sequence[tuple[str, Sampled]], number: int) -> None:
        cast = [(config[:3], one, i) for config, one in samples for i in range(min(number, len(one.results)))]
        self.number = len(cast)
        self.tokens = float(sum(one.tokens[i] for _, one, i in cast))
        self._votes = [(method, plain(one.results[i]), one.right[i]) for method, one, i in cast]
        self._count = Counter(answer for _, answer, _ in self._votes if answer not in NOTHING)
        top = self._count.most_common(2)
        self.answer = top[0][0] if top else ""
        self._first = top[0][1] if top else 0
        self._second = top[1][1] if len(top) > 1 else 0

    @property
    def right(self) -> float:
        """Whether the majority's answer is right: what most of its samples were judged to be."""
        judged = [right for _, answer, right in self._votes if answer == self.answer]
        return float(np.mean(judged) > 0.5) if judged else 0.0

    def candidates(self) -> list[tuple[float, bool]]:
        """Return every distinct answer's share of the votes, and whether it is right."""
        found = []
        for answer, count in self._count.most_common():
            judged = [right for _, own, right in self._votes if own == answer]
            found.append((count / self.number, float(np.mean(judged)) > 0.5))
        return found or [(0.0, False)]

    def signals(self) -> Floats:
        """Return :data:`SIGNALS`, each higher for more agreement."""
        by = {method: [a for m, a, _ in self._votes if m == method] for method in ("cot", "pot")}
        shares = {method: own.count(self.answer) / len(own) for method, own in by.items() if own}
        tops = {Counter(own).most_common(1)[0][0] for own in by.values() if own}
        p = np.array(list(self._count.values()), dtype=float) / self.number
        spread = -float((p * np.log(p)).sum()) / np.log(max(self.number, 2))
        share = self._first / self.number
        return np.array([
            share, shares.get("cot", np.nan), shares.get("pot", np.nan), min(shares.values(), default=share),
            float(len(tops) == 1), 1 - spread, -np.log(max(len(self._count), 1)),
            share - self._second / self.number,
        ])  # fmt: skip


def plain(answer: object) -> str:
    """Return an answer as it is compared: no case, no outer marks, and numbers by their value."""
    text = " ".join(str(answer).lower().split()).strip(" .$\"'")
    try:
        return f"{float(text.replace(',', '').rstrip('%')):.6g}"
    except ValueError:
        return text


def _named(files: Sequence[SampleFile], flag: str, wanted: str, *, greedy: bool) -> tuple[str, list[str]]:
    """Return a model and its prompts, by what was asked for and what all files have."""
    llm, _, parts = wanted.partition(":")
    for file in files:
        if llm not in file.models:
            raise InputError(unknown(f"{flag} ({file.name})", "model", llm, file.models))
    common = sorted(set.intersection(*(set(file.configs(llm)) for file in files)))
    chosen = [part for part in parts.split("+") if part]
    for config in chosen:
        if config not in common:
            raise InputError(unknown(f"{flag} {llm}", "config", config, common))
    if not common:
        raise InputError(
            f"{flag} {llm}: no config has samples of every question in {', '.join(f.name for f in files)}"
        )
    # cot1_t=0.8 and cot1_40 are other runs of the prompt cot1
    plain_names = GREEDY if greedy else PROMPT
    base = [config for config in common if plain_names.fullmatch(config)]
    return llm, chosen or base or common


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


def _records(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    try:
        with (
            gzip.open(path, "rt", encoding="utf-8")
            if path.suffix == ".gz"
            else path.open(encoding="utf-8") as file
        ):
            for number, line in enumerate(file, 1):
                if line.strip():
                    record = json.loads(line)
                    if not isinstance(record, dict):
                        raise InputError(f"{path}:{number}: expected an object, got {type(record).__name__}")
                    yield f"{path}:{number}", record
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not UTF-8 text ({error.reason})") from None
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path}: not JSON lines ({error})") from None
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
