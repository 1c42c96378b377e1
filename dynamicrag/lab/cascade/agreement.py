"""Agreement samples as trials: growing numbers of a weak model's answers, and some of a strong model.

The weak model's options are growing numbers of samples, as many of each prompt. The draft is the majority's
answer. The signals tell of agreement alone: nothing of the task, the question or the answer's text.

Source: Yue et al. 2024, "Large Language Model Cascades with Mixture of Thoughts Representations",
arXiv 2310.03094.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from dynamicrag.errors import InputError, unknown
from dynamicrag.lab.cascade.samples import SampleFile
from dynamicrag.lab.cascade.trials import Candidates, Trials
from dynamicrag.lab.cascade.votes import SIGNALS, Votes
from dynamicrag.lab.left_out import left_out

GROWTH = (1, 2, 5, 10, 20)
"""Numbers of samples of each prompt that are the weak model's options."""
PRICE = {"weak": 1.0, "strong": 30.0}
"""Price of a token, or a call, where none is given: OpenAI's for GPT-3.5-turbo and GPT-4 in mid 2023, $0.002
and $0.06 per 1,000 output tokens."""
OF_METHOD = ("cot_share", "pot_share")
"""Signals that the learnt scorer is not given: the better method depends on the task."""
PROMPT, GREEDY = re.compile(r"(cot|pot)[^_=]*"), re.compile(r"greedy.*")
"""Prompts that are taken where none is named: of the weak model, of the strong model."""


def make_trials(
    files: Sequence[SampleFile], weak: str, strong: str, price: Mapping[str, float] | None = None
) -> list[Trials]:
    """Return the trials of files, with the same options and signals.

    Args:
        files: The training data and, where there is another, the test data.
        weak: The weak model: ``NAME``, or ``NAME:cot1+pot1`` to take these prompts alone.
        strong: The strong model, likewise; by default its greedy prompts, each an option.
        price: Price of one token, or call, by model.

    Raises:
        InputError: A model or prompt is not there.
    """
    weak, of_weak = _named(files, "--weak", weak, greedy=False)
    strong, of_strong = _named(files, "--strong", strong, greedy=True)
    given = dict(price or {})
    for name in given:
        if name not in (weak, strong):
            raise InputError(unknown("--option-cost", "model", name, (weak, strong)))
    paid = {weak: given.get(weak, PRICE["weak"]), strong: given.get(strong, PRICE["strong"])}
    needed = [*((weak, config) for config in of_weak), *((strong, config) for config in of_strong)]
    files = [_complete(file, needed) for file in files]
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
    (small, of_weak), (large, of_strong) = weak, strong
    keys = sorted(file.samples)
    options = [f"{small} ×{number * len(of_weak)}" for number in growth]
    options += [large if len(of_strong) == 1 else f"{large}:{config}" for config in of_strong]
    quality, cost = np.empty((2, len(keys), len(options)))
    signals = np.full((*quality.shape, len(SIGNALS)), np.nan)
    answers: list[list[tuple[float, bool]]] = []
    for row, key in enumerate(keys):
        own = file.samples[key]
        for column, number in enumerate(growth):
            votes = Votes([(config, own[small, config]) for config in of_weak], number)
            quality[row, column], signals[row, column] = votes.right, votes.signals()
            cost[row, column] = price[small] * (votes.tokens if tokens else votes.number)
        answers.append(votes.candidates())
        for column, config in enumerate(of_strong, len(growth)):
            one = own[large, config]
            quality[row, column] = one.right[0]
            cost[row, column] = price[large] * (one.tokens[0] if tokens else 1.0)
    wide = max(map(len, answers))
    padded = np.array([own + [(np.nan, False)] * (wide - len(own)) for own in answers])
    chain = np.array([0] * len(growth) + [-1] * len(of_strong), dtype=np.intp)
    return Trials(
        name=file.name, options=options, texts=[file.texts[key] for key in keys], quality=quality, cost=cost,
        unit=unit, signals=signals, names=SIGNALS, unanswerable=np.zeros(len(keys)),
        refused=np.zeros(quality.shape), chain=chain, strong=chain < 0,
        answers=Candidates(padded[..., 0], padded[..., 1] > 0), unscored=OF_METHOD, notes=(note, *file.notes),
    )  # fmt: skip


def _complete(file: SampleFile, needed: Sequence[tuple[str, str]]) -> SampleFile:
    """Return a file with the questions that have samples of all these models and prompts."""
    whole = {key: own for key, own in file.samples.items() if all(one in own for one in needed)}
    wanted = ", ".join(" ".join(one) for one in needed)
    if not whole:
        raise InputError(f"{file.name}: no question has samples of all of {wanted}; name fewer prompts")
    names = [" ".join(key) for key in file.samples if key not in whole]
    notes = left_out(file.name, names, len(file.samples), "questions", f"lack samples of one of {wanted}")
    return replace(file, samples=whole, notes=[*file.notes, *notes])


def _named(files: Sequence[SampleFile], flag: str, wanted: str, *, greedy: bool) -> tuple[str, list[str]]:
    """Return a model and those of its prompts that were asked for, by default those that all files have."""
    llm, _, parts = wanted.partition(":")
    for file in files:
        if llm not in file.models:
            raise InputError(unknown(f"{flag} ({file.name})", "model", llm, file.models))
    every = sorted(set.intersection(*(set(file.configs(llm, 0)) for file in files)))
    common = sorted(set.intersection(*(set(file.configs(llm)) for file in files)))
    chosen = list(dict.fromkeys(part for part in parts.split("+") if part))
    for config in chosen:
        if config not in every:
            raise InputError(unknown(f"{flag} {llm}", "config", config, every))
    if not common and not chosen:
        raise InputError(
            f"{flag} {llm}: no config has samples of half of the questions in "
            f"{', '.join(f.name for f in files)}; name one, such as {llm}:{(every or ['cot1'])[0]}"
        )
    # cot1_t=0.8 and cot1_40 are other runs of the prompt cot1
    plain_names = GREEDY if greedy else PROMPT
    base = [config for config in common if plain_names.fullmatch(config)]
    return llm, chosen or base or common
