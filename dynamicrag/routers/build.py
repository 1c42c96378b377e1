"""A router from its spec: a registered one, or any trained predictor by its name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dynamicrag.cost.vector import Dimension
from dynamicrag.errors import PolicyError, unknown
from dynamicrag.features.base import Embed
from dynamicrag.predictors.base import PREDICTORS
from dynamicrag.predictors.selection import Exploration
from dynamicrag.predictors.state import MEND
from dynamicrag.registry import checked, parse_spec
from dynamicrag.routers.base import ROUTERS, Router
from dynamicrag.routers.estimator import Estimator
from dynamicrag.routers.learned import Learned


@dataclass(frozen=True, slots=True)
class RouterContext:
    """What routers are built with.

    Attributes:
        folder: What the paths of trained routers are relative to.
        weights: Quality that one unit of each cost dimension is worth.
        embed: The embedding model.
    """

    folder: Path = Path()
    weights: Mapping[Dimension, float] = field(default_factory=dict)
    embed: Embed | None = None


class _Explore:
    """How a learnt router explores; see :class:`Exploration`."""

    def __init__(self, *, epsilon: float = 0.0, temperature: float = 0.0, seed: int = 0) -> None:
        self.how = Exploration(epsilon, temperature)
        self.seed = seed


def names() -> list[str]:
    """Return the names of all routers."""
    return sorted({*ROUTERS, *PREDICTORS})


def build_router(spec: object, where: str, context: RouterContext) -> Router:
    """Build the router that ``spec`` names.

    A predictor's name takes ``state``, the file that ``dynamicrag train`` wrote, and ``explore``:
    ``{epsilon, temperature, seed}``. Hyperparameters and ``features`` may be given too: they must be
    those that it was trained with.

    Raises:
        PolicyError: An unknown router or parameter, or a state that is missing, damaged or another's.
    """
    name, params = parse_spec(spec, where)
    if name in ROUTERS:
        return ROUTERS.build(spec, where)
    if name not in PREDICTORS:
        raise PolicyError(unknown(where, "router", name, names()))
    return _learned(name, params, f"{where}.{name}", context)


def _learned(name: str, params: dict[str, Any], where: str, context: RouterContext) -> Router:
    path = params.pop("state", None)
    if not isinstance(path, str):
        raise PolicyError(f"{where}: 'state' is missing: the file of the trained router; {MEND}")
    explore = params.pop("explore", {})
    if not isinstance(explore, dict):
        raise PolicyError(f"{where}.explore: expected {{epsilon, temperature, seed}}, got {explore!r}")
    features = params.pop("features", None)
    file = context.folder / path
    estimator = Estimator.load(file, context.embed)
    if estimator.predictor.registered != name:
        raise PolicyError(
            f"{where}.state: {file} holds a trained {estimator.predictor.registered!r}; name that, or {MEND}"
        )
    _same(checked(PREDICTORS[name], params, where), estimator.predictor.params(), where)
    if features is not None:
        _same({"features": features}, {"features": estimator.features.specs}, where)
    try:
        how = _Explore(**checked(_Explore, explore, f"{where}.explore"))
    except ValueError as error:
        raise PolicyError(f"{where}.explore: {error}") from None
    return Learned(estimator, context.weights, how.how, how.seed)


def _same(given: Mapping[str, Any], trained: Mapping[str, Any], where: str) -> None:
    for key, value in given.items():
        if value != trained[key]:
            raise PolicyError(
                f"{where}.{key}: it was trained with {trained[key]!r}, not with {value!r}; {MEND}, "
                "or take this out"
            )
