"""A few small neural networks."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynamicrag.predictors.base import PREDICTORS, Predictor
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.estimate import Estimate
from dynamicrag.predictors.scaling import Scaling

RATE = 3e-3
BATCH = 64
PATIENCE = 8
"""Epochs without a better error on the held-out queries before training ends."""
HELD_OUT = 0.2


@PREDICTORS.register("mlp")
class Mlp(Predictor):
    """Predicts the quality of all options by networks with one hidden layer, averaged.

    RouterBench's MLP router, Hu et al. 2024 (arXiv 2403.12031), as a deep ensemble, Lakshminarayanan et al.
    2017: the members differ in their first weights and in the queries held out to stop them, and their
    disagreement is the spread. A member starts from the options' means and keeps the best weights on its
    held-out queries, so there it is never worse than ignoring the query.

    Args:
        hidden: Units in the hidden layer.
        members: Number of networks.
        epochs: Largest number of passes over the training queries.
        decay: Weight decay per step, in units of the learning rate.
        seed: Seed of weights, batches and held-out queries.
    """

    paper = "Hu et al. 2024, RouterBench, arXiv 2403.12031; Lakshminarayanan et al. 2017, arXiv 1612.01474"
    fitted = ("level", "inner", "inner_bias", "outer", "outer_bias")
    parts = (("scaling", Scaling),)

    def __init__(
        self, *, hidden: int = 32, members: int = 4, epochs: int = 60, decay: float = 0.1, seed: int = 0
    ) -> None:
        super().__init__(seed=seed)
        if min(hidden, members, epochs) < 1 or decay < 0:
            raise ValueError("hidden, members and epochs: expected 1 or more; decay: 0 or more")
        self.hidden = hidden
        self.members = members
        self.epochs = epochs
        self.decay = decay

    def _fit(self, X: Floats, quality: Floats, groups: NDArray[Any] | None) -> None:  # noqa: ARG002
        self.scaling = Scaling.of(X)
        self.level = np.nanmean(quality, axis=0)
        Z, targets = self.scaling(X), quality - self.level
        dice = [np.random.default_rng((self.seed, member)) for member in range(self.members)]
        trained = [self._train(Z, targets, rng) for rng in dice]
        self.inner, self.inner_bias, self.outer, self.outer_bias = (
            np.stack(layer) for layer in zip(*trained, strict=True)
        )

    def _train(self, Z: Floats, targets: Floats, rng: np.random.Generator) -> list[Floats]:
        """Return the weights of one network: inner (d, h) and (1, h), outer (h, m) and (1, m)."""
        features, options = Z.shape[1], targets.shape[1]
        layers = [
            rng.normal(0.0, np.sqrt(2.0 / features), (features, self.hidden)),
            np.zeros((1, self.hidden)),
            np.zeros((self.hidden, options)),
            np.zeros((1, options)),
        ]
        order = rng.permutation(len(Z))
        cut = int(HELD_OUT * len(Z))
        held, kept = (order[:cut], order[cut:]) if cut else (order, order)
        adam = _Adam(layers, self.decay)
        best, least, waited = [layer.copy() for layer in layers], _loss(layers, Z[held], targets[held]), 0
        for _ in range(self.epochs):
            kept = rng.permutation(kept)
            for start in range(0, len(kept), BATCH):
                batch = kept[start : start + BATCH]
                adam.step(_gradient(layers, Z[batch], targets[batch]))
            loss = _loss(layers, Z[held], targets[held])
            if loss < least:
                best, least, waited = [layer.copy() for layer in layers], loss, 0
            elif (waited := waited + 1) == PATIENCE:
                break
        return best

    def _predict(self, X: Floats) -> Estimate:
        # all members at once: (1, n, d) @ (members, d, h)
        hidden = np.maximum(self.scaling(X)[None] @ self.inner + self.inner_bias, 0.0)
        votes = hidden @ self.outer + self.outer_bias
        return Estimate(votes.mean(axis=0) + self.level, votes.std(axis=0))


def _outputs(layers: list[Floats], Z: Floats) -> tuple[Floats, Floats]:
    inner, inner_bias, outer, outer_bias = layers
    hidden = np.maximum(Z @ inner + inner_bias, 0.0)
    return hidden, hidden @ outer + outer_bias


def _loss(layers: list[Floats], Z: Floats, targets: Floats) -> float:
    """Return the squared error over observed outcomes."""
    return float(np.nansum((_outputs(layers, Z)[1] - targets) ** 2))


def _gradient(layers: list[Floats], Z: Floats, targets: Floats) -> list[Floats]:
    hidden, outputs = _outputs(layers, Z)
    error = np.where(np.isnan(targets), 0.0, outputs - targets) / len(Z)
    back = (error @ layers[2].T) * (hidden > 0)
    return [Z.T @ back, back.sum(axis=0, keepdims=True), hidden.T @ error, error.sum(axis=0, keepdims=True)]


class _Adam:
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019), in place; biases do not decay."""

    def __init__(self, layers: list[Floats], decay: float) -> None:
        self.layers = layers
        self.decay = decay
        self.first = [np.zeros_like(layer) for layer in layers]
        self.second = [np.zeros_like(layer) for layer in layers]
        self.steps = 0

    def step(self, gradient: list[Floats]) -> None:
        self.steps += 1
        shorten = np.sqrt(1 - 0.999**self.steps) / (1 - 0.9**self.steps)
        for layer, slope, first, second in zip(self.layers, gradient, self.first, self.second, strict=True):
            first += 0.1 * (slope - first)
            second += 0.001 * (slope**2 - second)
            if len(layer) > 1:
                layer *= 1 - RATE * self.decay
            layer -= RATE * shorten * first / (np.sqrt(second) + 1e-8)
