"""Groups of questions with the same meaning, so that no group is in training and test at once.

Near-duplicates are found by the words that stand side by side in them: texts that share at least half of
their rare shingles (Broder 1997, "On the resemblance and containment of documents") are taken for one
question. A shingle that many texts share is a template's, not a question's; so is any paragraph but the
last if another text has it too: an instruction, or the worked examples of a few-shot prompt.
"""

import re
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

SHINGLE = 3
"""Words in a shingle."""
ALIKE = 0.5
"""Share of common shingles from which two texts are one question."""
ENOUGH = 4
"""Rare shingles that it takes to compare by them; with fewer, only equal texts are alike."""
MANY = 10
"""Texts that may share a shingle before it is a template's; fewer in a table of under 200."""

PRIME = np.uint64(0x9E3779B97F4A7C15)
"""Multiplier of hashes: odd, and without a pattern (2⁶⁴ divided by the golden ratio)."""

_TOKEN = re.compile(r"\w+|[^\w\s.,;:?!]")  # of brackets and operators some questions consist

Labels = NDArray[np.intp]


def near_duplicates(texts: Sequence[str]) -> Labels:
    """Return a label per text, (n,); similar texts share one, directly or through others."""
    own = _without_shared_beginnings(texts)
    pairs = np.array(_equal(own), dtype=np.intp).reshape(-1, 2)
    return _components(len(texts), np.concatenate([pairs, _resembling(own)]))


def together(labels: Labels, groups: Sequence[str]) -> Labels:
    """Return labels that also keep together what shares a group; an empty name is no group."""
    first: dict[str, int] = {}
    pairs = [(first.setdefault(group, row), row) for row, group in enumerate(groups) if group]
    seen: dict[int, int] = {}
    pairs += [(seen.setdefault(int(label), row), row) for row, label in enumerate(labels)]
    return _components(len(labels), pairs)


def known_before(known: Sequence[str], asked: Sequence[str]) -> NDArray[np.bool_]:
    """Return whether each text asked is similar to a known one, (len(asked),)."""
    labels = near_duplicates([*known, *asked])
    return np.isin(labels[len(known) :], labels[: len(known)])


def _without_shared_beginnings(texts: Sequence[str]) -> list[tuple[str, ...]]:
    parts = [[part for part in text.split("\n\n") if part.strip()] or [text] for text in texts]
    often = Counter(part for own in parts for part in set(own[:-1]))
    return [
        tuple(_TOKEN.findall(" ".join([*(p for p in own[:-1] if often[p] == 1), own[-1]]).lower()))
        or (text.strip(),)
        for text, own in zip(texts, parts, strict=True)
    ]


def _equal(texts: Iterable[Hashable]) -> list[tuple[int, int]]:
    first: dict[Hashable, int] = {}
    return [(first.setdefault(text, row), row) for row, text in enumerate(texts)]


def _resembling(texts: Sequence[Sequence[str]]) -> NDArray[np.intp]:
    """Return the pairs of texts that share at least half of their rare shingles, (p, 2)."""
    from scipy.sparse import csr_matrix

    number: dict[str, int] = {}
    made = [_shingles(np.array([number.setdefault(t, len(number)) for t in own])) for own in texts]
    kinds, which = np.unique(np.concatenate(made), return_inverse=True)
    rows = np.repeat(np.arange(len(texts)), [len(own) for own in made])
    held = csr_matrix((np.ones(len(rows), np.int32), (rows, which)), shape=(len(texts), len(kinds)))
    held.data[:] = 1  # a shingle counts once a text
    often = np.asarray(held.sum(axis=0)).ravel()
    few = often <= min(MANY, max(2, len(texts) // 20))
    rare = np.asarray(held[:, few].sum(axis=1)).ravel()
    telling = held[:, few & (often > 1)]
    shared = (telling @ telling.T).tocoo()
    one, two, both = shared.row, shared.col, shared.data
    alike = (one < two) & (np.minimum(rare[one], rare[two]) >= ENOUGH)
    alike &= both >= ALIKE * (rare[one] + rare[two] - both)
    return np.stack([one[alike], two[alike]], axis=1).astype(np.intp)


def _shingles(tokens: NDArray[np.intp]) -> NDArray[np.uint64]:
    """Return a text's shingles as numbers of 64 bits, by a hash with hardly any collisions."""
    mixed = tokens.astype(np.uint64)
    codes = mixed[: max(len(mixed) - SHINGLE + 1, 0)]
    for step in range(1, SHINGLE):
        codes = (codes + PRIME) * PRIME
        codes = (codes ^ (codes >> np.uint64(29))) + mixed[step : step + len(codes)]
    return codes


def _components(number: int, pairs: ArrayLike) -> Labels:
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    ends = np.array(pairs, dtype=np.intp).reshape(-1, 2)
    graph = coo_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(number, number))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.intp)
