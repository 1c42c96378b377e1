"""Words and letter groups that queries share, in few dimensions."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from dynamicrag.features.base import FEATURES, Features, Seen
from dynamicrag.predictors.checks import Floats
from dynamicrag.text import words

LETTERS = 2000
"""Characters at each end of a text whose letter groups count: long ones say little more, slowly."""
GROUPS = (3, 4, 5)
MARK = "\x00"
"""First character of a letter group as a term; no word has it."""


@FEATURES.register("tfidf")
class Tfidf(Features):
    """TF-IDF of words, word pairs and letter groups, cut to the directions along which queries differ most.

    Latent semantic analysis, Deerwester et al. 1990. Needs no model, and learns the vocabulary of the
    user's own queries. Words and letter groups each have length 1 before the cut, so that neither drowns
    the other. A query with no known term is at the origin.

    Args:
        size: Number of dimensions; fewer where there are fewer queries.
        terms: Most terms to keep, those that most queries hold.
        seed: Seed of the randomised decomposition.
    """

    fitted = ("weights", "directions")

    def __init__(self, *, size: int = 64, terms: int = 20_000, seed: int = 0) -> None:
        if min(size, terms) < 1:
            raise ValueError("size and terms: expected 1 or more")
        self.size = size
        self.terms = terms
        self.seed = seed
        self._keep([])
        self.weights: NDArray[np.float32] = np.empty(0, dtype=np.float32)
        self.directions: NDArray[np.float32] = np.empty((0, 0), dtype=np.float32)

    @property
    def names(self) -> Sequence[str]:
        """A name per feature, in order."""
        return [str(number) for number in range(self.directions.shape[1])]

    def fit(self, queries: Sequence[Seen]) -> Self:
        """Choose the terms, weigh them, and find the directions."""
        from scipy.sparse import csr_matrix
        from sklearn.utils.extmath import randomized_svd

        texts = [query.text for query in queries]
        frequency = Counter(term for text in texts for term in set(_terms(text)))
        # a term of a single query tells it from all others, and nothing more
        common = [term for term, count in frequency.items() if count > 1]
        common.sort(key=lambda term: (-frequency[term], term))
        kept = common[: self.terms]
        self._keep(kept)
        counts = np.array([frequency[term] for term in kept], dtype=np.float64)
        self.weights = (np.log((1 + len(texts)) / (1 + counts)) + 1).astype(np.float32)
        size = min(self.size, len(texts), len(kept))
        if not size:
            self.directions = np.zeros((len(kept), 1), dtype=np.float32)
            return self
        rows = [self._weigh(text) for text in texts]
        ends = np.cumsum([0, *(len(positions) for positions, _ in rows)])
        table = csr_matrix(
            (np.concatenate([v for _, v in rows]), np.concatenate([p for p, _ in rows]), ends),
            shape=(len(texts), len(kept)),
        )
        _, _, directions = randomized_svd(table, size, n_iter=4, random_state=self.seed)
        self.directions = np.ascontiguousarray(directions.T, dtype=np.float32)
        return self

    def transform(self, queries: Sequence[Seen]) -> Floats:
        """Return the features of queries, (n, d)."""
        table = np.zeros((len(queries), self.directions.shape[1]))
        for row, query in enumerate(queries):
            positions, values = self._weigh(query.text)
            table[row] = values @ self.directions[positions]
        return table

    def _weigh(self, text: str) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """Return the positions of a text's known terms and their weights; length 1 per kind of term."""
        counts = Counter(self.index[term] for term in _terms(text) if term in self.index)
        positions = np.fromiter(counts.keys(), dtype=np.intp, count=len(counts))
        often = np.fromiter(counts.values(), dtype=np.float32, count=len(counts))
        values = (1 + np.log(often)) * self.weights[positions]
        letters = self.letters[positions]
        for kind in (letters, ~letters):
            values[kind] /= max(float(np.linalg.norm(values[kind])), 1e-12)
        return positions, values

    def pack(self) -> tuple[Mapping[str, Any], Mapping[str, NDArray[Any]]]:
        """Return what was learnt, as JSON and arrays."""
        return {"terms": list(self.index)}, super().pack()[1]

    def unpack(self, meta: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take what :meth:`pack` returned."""
        super().unpack(meta, arrays)
        self._keep(list(map(str, meta["terms"])))

    def _keep(self, terms: Sequence[str]) -> None:
        self.index = {term: position for position, term in enumerate(terms)}
        self.letters = np.array([term[0] == MARK for term in terms], dtype=bool)


def _terms(text: str) -> Iterable[str]:
    tokens = words(text)
    yield from tokens
    for one, two in pairwise(tokens):
        yield f"{one} {two}"
    letters = f" {' '.join(text.lower().split())} "
    if len(letters) > 2 * LETTERS:
        letters = letters[:LETTERS] + letters[-LETTERS:]
    for size in GROUPS:
        for start in range(len(letters) - size + 1):
            yield MARK + letters[start : start + size]
