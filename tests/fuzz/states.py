"""Trained routers: files with bytes changed, and whole files whose facts or arrays are of wrong shape."""

import json
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from hypothesis import strategies as st

from dynamicrag.dependencies import Dependencies
from dynamicrag.features.base import FeatureSet, Seen
from dynamicrag.predictors.base import PREDICTORS
from dynamicrag.predictors.state import State
from dynamicrag.routers.build import build_router
from dynamicrag.routers.estimator import About, Estimator
from dynamicrag.types import Option
from tests.fuzz.target import Target
from tests.fuzz.values import damaged, mutated

KINDS = ("knn", "linear", "kmeans", "mlp")
ARRAYS = [
    np.zeros(0), np.zeros((0, 3)), np.zeros((2, 2)), np.full((40, 2), np.nan), np.array(1.0),
    np.array(["a"]),
    np.arange(3), np.array([True]), np.full(5, np.inf), np.zeros((1, 1, 1)), np.array([2**62]),
    np.array([1j]),
]  # fmt: skip


@cache
def trained(kind: str) -> State:
    """Return the state of a small trained router."""
    queries = [Seen(f"Who opened bridge {i}, and when?" if i % 2 else f"Hello {i}") for i in range(30)]
    quality = np.array([[float(i % 2), 1.0] for i in range(30)])
    estimator = Estimator.fit(
        queries, quality, ["small", "large"], features=FeatureSet(["lexical"]),
        predictor=PREDICTORS.build(kind, "t"),
        about=About(stage="generator", quality=[0.5, 1.0], costs={"joules": [10.0, 100.0]}),
    )  # fmt: skip
    return estimator.state()


@cache
def packed(kind: str) -> bytes:
    """Return the file of a small trained router."""
    with TemporaryDirectory() as folder:
        return trained(kind).save(Path(folder) / "r.npz").read_bytes()


@st.composite
def _shapes(draw: Any) -> State:
    state = trained(draw(st.sampled_from(KINDS)))
    plain = json.loads(json.dumps(state.meta))
    meta = draw(st.one_of(st.just(plain), mutated(plain, 1)))
    arrays = dict(state.arrays)
    for name in draw(st.lists(st.sampled_from(sorted(arrays)), max_size=2, unique=True)):
        arrays[name] = draw(st.sampled_from(ARRAYS))
    return State(meta, arrays)


def _read(made: bytes | State, folder: Path) -> object:
    where = folder / "router.npz"
    kind = "knn"
    if isinstance(made, bytes):
        where.write_bytes(made)
    else:
        try:
            made.save(where)
        except (TypeError, ValueError):  # no such file could be written either
            return None
        part = made.meta.get("predictor") if isinstance(made.meta, dict) else None
        named = part.get("predictor") if isinstance(part, dict) else None
        kind = named if isinstance(named, str) and named in PREDICTORS else kind
    options = [Option("small"), Option("large")]
    router = build_router(
        {kind: {"state": str(where)}}, "router", Dependencies(folder=folder, weights={"joules": 0.1})
    )
    router.check("generator", options, "router")
    router.planned("generator", options)
    return router.estimator.estimate([Seen("Who opened it?"), Seen("")])  # type: ignore[attr-defined]


STATES = Target(
    "states",
    st.one_of(
        _shapes(), _shapes(), st.sampled_from(KINDS).map(packed).flatmap(damaged), st.binary(max_size=60)
    ),
    _read,
    ("router",),
    lambda: [packed(kind) for kind in KINDS],
)
