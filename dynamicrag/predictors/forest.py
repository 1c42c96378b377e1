"""Many randomised trees, averaged."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynamicrag.predictors.base import PREDICTORS, Predictor
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.estimate import Estimate

AT_ONCE = 1024
"""Batch size of queries in the trees."""


@PREDICTORS.register("forest")
class Forest(Predictor):
    """Predicts each option's mean quality over the leaves of the query.

    Extremely randomized trees, Geurts, Ernst and Wehenkel 2006; random forests route in Srivatsa et al. 2024
    (arXiv 2405.00467). One forest serves all options: a split is useful if it separates queries on which
    *some* option does better. For unobserved outcomes, the trees are grown with the option's mean; the leaves
    then average only observed outcomes.

    scikit-learn grows the trees; they are stored as plain arrays, all trees one after another.

    Args:
        trees: Number of trees.
        leaf: Minimum number of training queries in a leaf.
        depth: Maximum depth of a leaf.
        seed: Seed of the splits.
    """

    paper = "Geurts et al. 2006, Extremely randomized trees; Srivatsa et al. 2024, arXiv 2405.00467"
    fitted = ("roots", "feature", "threshold", "children", "values")

    def __init__(self, *, trees: int = 100, leaf: int = 15, depth: int = 16, seed: int = 0) -> None:
        super().__init__(seed=seed)
        if min(trees, leaf, depth) < 1:
            raise ValueError("trees, leaf and depth: expected 1 or more")
        self.trees = trees
        self.leaf = leaf
        self.depth = depth

    def _fit(self, X: Floats, quality: Floats, groups: NDArray[Any] | None) -> None:  # noqa: ARG002
        from sklearn.ensemble import ExtraTreesRegressor

        known = ~np.isnan(quality)
        level = np.nanmean(quality, axis=0)
        filled = np.where(known, quality, level)
        # on one thread: scikit-learn's workers reset the process's warning filters, with races
        grown = ExtraTreesRegressor(
            n_estimators=self.trees,
            min_samples_leaf=self.leaf,
            max_depth=self.depth,
            max_features=1 / 3,
            random_state=self.seed,
        ).fit(X, filled if filled.shape[1] > 1 else filled.ravel())
        self._flatten([estimator.tree_ for estimator in grown.estimators_])
        leaves = self._leaves(X.astype(np.float32))
        self.values = np.empty((len(self.feature), quality.shape[1]), dtype=np.float32)
        for column, seen in enumerate(known.T):
            reached = leaves[seen]
            count = np.bincount(reached.ravel(), minlength=len(self.values))
            total = np.bincount(
                reached.ravel(),
                np.repeat(quality[seen, column], reached.shape[1]),
                minlength=len(self.values),
            )
            # one observation at the option's mean, so that a leaf without observations has a value too
            self.values[:, column] = (total + level[column]) / (count + 1)

    def _flatten(self, trees: list[Any]) -> None:
        """Join the trees into arrays over all nodes; a leaf is its own child on both sides."""
        sizes = [tree.node_count for tree in trees]
        self.roots = np.cumsum([0, *sizes[:-1]]).astype(np.intp)
        self.feature = np.concatenate([np.maximum(tree.feature, 0) for tree in trees]).astype(np.intp)
        self.threshold = np.concatenate([tree.threshold for tree in trees])
        self.children = np.empty(2 * sum(sizes), dtype=np.intp)
        for root, tree in zip(self.roots, trees, strict=True):
            own = np.arange(tree.node_count)
            for side, child in enumerate((tree.children_left, tree.children_right)):
                ends = root + np.where(child < 0, own, child)
                self.children[2 * root + side : 2 * (root + len(own)) : 2] = ends

    def _leaves(self, X: NDArray[np.float32]) -> NDArray[np.intp]:
        """Return the leaf of every query in every tree, (n, trees)."""
        node = np.tile(self.roots, (len(X), 1))
        starts = np.arange(len(X))[:, None] * X.shape[1]
        flat = X.ravel()
        for _ in range(self.depth):
            right = flat[starts + self.feature[node]] > self.threshold[node]
            below = self.children[2 * node + right]
            if np.array_equal(below, node):
                break
            node = below
        return node

    def _predict(self, X: Floats) -> Estimate:
        means, spreads = [], []
        for start in range(0, len(X), AT_ONCE):
            votes = self.values[self._leaves(X[start : start + AT_ONCE].astype(np.float32))]
            means.append(votes.mean(axis=1, dtype=np.float64))
            spreads.append(votes.std(axis=1, dtype=np.float64))
        return Estimate(np.concatenate(means), np.concatenate(spreads))
