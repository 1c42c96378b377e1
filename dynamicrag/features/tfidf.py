"""TF-IDF of words and letter groups, in few dimensions."""

from collections.abc import Sequence
from typing import Self
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from dynamicrag.features.base import FEATURES, Features, Seen
from dynamicrag.predictors.checks import Floats
from dynamicrag.text.words import words

LETTERS = 2000
"""Characters at each end of a text whose letter groups count: more adds time but little information."""
GROUPS = (3, 4, 5)
PRIME = np.uint64(0x9E3779B97F4A7C15)
"""Multiplier of the hash of terms; odd and patternless (2⁶⁴ divided by the golden ratio)."""

Terms = NDArray[np.uint64]
Weighed = tuple[NDArray[np.intp], NDArray[np.float32]]


@FEATURES.register("tfidf")
class Tfidf(Features):
    """TF-IDF of words, word pairs and letter groups, cut to the directions along which queries differ most.

    Latent semantic analysis, Deerwester et al. 1990. Needs no model, and learns the vocabulary of the user's
    own queries. Words and letter groups each have length 1 before the cut, so that neither drowns the other.
    A query with no known term is at the origin. Terms are numbers of 64 bits, made from them (Weinberger et
    al. 2009, "Feature hashing"): with 2⁶⁴ values collisions are very rare.

    Args:
        size: Number of dimensions; fewer if there are fewer queries.
        terms: Largest number of terms, the most frequent ones.
        seed: Seed of the randomised decomposition.
    """

    opaque = True
    fitted = ("vocabulary", "weights", "directions")

    def __init__(self, *, size: int = 64, terms: int = 20_000, seed: int = 0) -> None:
        if min(size, terms) < 1:
            raise ValueError("size and terms: expected 1 or more")
        self.size = size
        self.terms = terms
        self.seed = seed
        self.vocabulary: Terms = np.empty(0, dtype=np.uint64)  # ascending
        self.weights: NDArray[np.float32] = np.empty(0, dtype=np.float32)
        self.directions: NDArray[np.float32] = np.empty((0, 0), dtype=np.float32)

    @property
    def names(self) -> Sequence[str]:
        """A name per feature, in order."""
        return [str(number) for number in range(self.directions.shape[1])]

    def fit(self, queries: Sequence[Seen]) -> Self:
        """Choose the terms, weigh them, and find the directions."""
        self.fit_transform(queries)
        return self

    def fit_transform(self, queries: Sequence[Seen]) -> Floats:
        """Fit on training queries, and return their features, (n, d); every text is read once."""
        from scipy.sparse import csr_matrix
        from sklearn.utils.extmath import randomized_svd

        counted = [_counted(query.text) for query in queries]
        found, held = np.unique(np.concatenate([terms for terms, _ in counted]), return_counts=True)
        # a term of a single query only identifies that query
        common = np.flatnonzero(held > 1)
        kept = np.sort(common[np.argsort(-held[common], kind="stable")][: self.terms])
        self.vocabulary = found[kept]
        self.weights = (np.log((1 + len(queries)) / (1 + held[kept])) + 1).astype(np.float32)
        size = min(self.size, len(queries), len(kept))
        if not size:
            self.directions = np.zeros((len(kept), 1), dtype=np.float32)
            return np.zeros((len(queries), 1))
        rows = [self._weigh(*own) for own in counted]
        ends = np.cumsum([0, *(len(positions) for positions, _ in rows)])
        table = csr_matrix(
            (np.concatenate([v for _, v in rows]), np.concatenate([p for p, _ in rows]), ends),
            shape=(len(queries), len(kept)),
        )
        _, _, directions = randomized_svd(table, size, n_iter=2, random_state=self.seed)
        self.directions = np.ascontiguousarray(directions.T, dtype=np.float32)
        return np.stack([self._place(*row) for row in rows])

    def transform(self, queries: Sequence[Seen]) -> Floats:
        """Return the features of queries, (n, d)."""
        rows = [self._place(*self._weigh(*_counted(query.text))) for query in queries]
        return np.array(rows).reshape(len(queries), self.directions.shape[1])

    def _place(self, positions: NDArray[np.intp], values: NDArray[np.float32]) -> Floats:
        return np.asarray(values @ self.directions[positions], dtype=np.float64)

    def _weigh(self, terms: Terms, often: NDArray[np.intp]) -> Weighed:
        """Return the positions of a text's known terms and their weights; length 1 per kind of term."""
        if not len(self.vocabulary):
            return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.float32)
        where = np.minimum(np.searchsorted(self.vocabulary, terms), len(self.vocabulary) - 1)
        known = self.vocabulary[where] == terms
        positions = where[known]
        values = (1 + np.log(often[known])).astype(np.float32) * self.weights[positions]
        letters = (terms[known] & np.uint64(1)).astype(bool)
        for kind in (letters, ~letters):
            values[kind] /= max(float(np.linalg.norm(values[kind])), 1e-12)
        return positions, values


def _counted(text: str) -> tuple[Terms, NDArray[np.intp]]:
    """Return a text's terms, ascending, with their counts; odd terms are groups of letters."""
    tokens = np.array([crc32(word.encode("utf-8", "surrogatepass")) for word in words(text)], dtype=np.uint64)
    single = _mixed(tokens)
    pairs = _mixed(single[:-1] + tokens[1:])
    letters = f" {' '.join(text.lower().split())} "
    if len(letters) > 2 * LETTERS:
        letters = letters[:LETTERS] + letters[-LETTERS:]
    codes = np.frombuffer(letters.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    groups, mixed = [], codes
    for size in range(2, max(GROUPS) + 1):
        mixed = _mixed(mixed[: max(len(codes) - size + 1, 0)]) + codes[size - 1 :]
        if size in GROUPS:
            groups.append(_mixed(mixed + np.uint64(size)) | np.uint64(1))
    even = np.concatenate([single, pairs]) & ~np.uint64(1)
    return np.unique(np.concatenate([even, *groups]), return_counts=True)


def _mixed(numbers: Terms) -> Terms:
    """Return numbers with every bit mixed, as in splitmix64 (Steele et al. 2014)."""
    spread = (numbers + PRIME) * PRIME
    return np.asarray((spread ^ (spread >> np.uint64(29))) * PRIME ^ (spread >> np.uint64(32)))
