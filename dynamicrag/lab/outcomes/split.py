"""Which questions say the same, so that none is learnt from and judged by at once.

Near-duplicates are found by the words that stand side by side in them: texts that share at least half of
their rare shingles (Broder 1997, "On the resemblance and containment of documents") are taken for one
question. A shingle that many texts share is a template's, not a question's; so is a paragraph before the
last one that another text has too: an instruction, or the worked examples of a few-shot prompt.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

SHINGLE = 3
"""Words in a shingle."""
ALIKE = 0.5
"""Share of common shingles from which two texts are one question."""
ENOUGH = 4
"""Rare shingles that it takes to compare by them; with fewer, only equal texts are alike."""
MANY = 10
"""Texts that may share a shingle before it is a template's; fewer in a table of under 200."""

_TOKEN = re.compile(r"\w+|[^\w\s.,;:?!]")  # of brackets and operators some questions consist

Labels = NDArray[np.intp]


def near_duplicates(texts: Sequence[str]) -> Labels:
    """Return a label per text, (n,); what is alike, or alike to what is alike, shares one."""
    own = _without_shared_beginnings(texts)
    pairs = [*_equal(own), *_resembling([_shingles(tokens) for tokens in own])]
    return _components(len(texts), pairs)


def together(labels: Labels, groups: Sequence[str]) -> Labels:
    """Return labels that also keep together what shares a group; an empty name is no group."""
    first: dict[str, int] = {}
    pairs = [(first.setdefault(group, row), row) for row, group in enumerate(groups) if group]
    seen: dict[int, int] = {}
    pairs += [(seen.setdefault(int(label), row), row) for row, label in enumerate(labels)]
    return _components(len(labels), pairs)


def known_before(known: Sequence[str], asked: Sequence[str]) -> NDArray[np.bool_]:
    """Return which of the texts asked are alike to a known one, (len(asked),)."""
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


def _shingles(tokens: Sequence[str]) -> set[tuple[str, ...]]:
    return {tuple(tokens[at : at + SHINGLE]) for at in range(len(tokens) - SHINGLE + 1)}


def _equal(texts: Iterable[Hashable]) -> list[tuple[int, int]]:
    first: dict[Hashable, int] = {}
    return [(first.setdefault(text, row), row) for row, text in enumerate(texts)]


def _resembling(shingles: Sequence[set[tuple[str, ...]]]) -> list[tuple[int, int]]:
    where: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for row, own in enumerate(shingles):
        for shingle in own:
            where[shingle].append(row)
    most = min(MANY, max(2, len(shingles) // 20))
    rare: Counter[int] = Counter()
    shared: Counter[tuple[int, int]] = Counter()
    for rows in where.values():
        if len(rows) <= most:
            rare.update(rows)
            shared.update(combinations(rows, 2))
    return [
        (one, two)
        for (one, two), both in shared.items()
        if min(rare[one], rare[two]) >= ENOUGH and both >= ALIKE * (rare[one] + rare[two] - both)
    ]


def _components(number: int, pairs: Sequence[tuple[int, int]]) -> Labels:
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    ends = np.array(pairs, dtype=np.intp).reshape(-1, 2)
    graph = coo_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(number, number))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.intp)
