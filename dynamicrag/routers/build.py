"""Builds a router from its spec: a registered router, or any trained predictor by its name."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from dynamicrag.dependencies import Dependencies
from dynamicrag.errors import PolicyError, unknown
from dynamicrag.predictors.base import PREDICTORS
from dynamicrag.predictors.online import Learner
from dynamicrag.predictors.state import MEND
from dynamicrag.registry import checked, parse_spec
from dynamicrag.routers.base import ROUTERS, Router
from dynamicrag.routers.draws import FIELDS, Explore
from dynamicrag.routers.escalation import LearntEscalation
from dynamicrag.routers.estimator import Estimator
from dynamicrag.routers.joint import Joint
from dynamicrag.routers.judgement import MEND as TRAIN
from dynamicrag.routers.judgement import Judgement
from dynamicrag.routers.learned import Learned
from dynamicrag.routers.offer import Estimating
from dynamicrag.routers.online import Online, Reward
from dynamicrag.routers.pace import Pace
from dynamicrag.routers.paths import PathEstimator
from dynamicrag.routers.prior import Prior

PRIOR, NOTHING = "prior", "none"
"""Starts of a learner, besides the file of a trained router."""


def names() -> list[str]:
    """Return the names of all routers."""
    return sorted({*ROUTERS, *PREDICTORS})


def build_router(spec: object, where: str, deps: Dependencies) -> Router:
    """Build the router of ``spec``.

    ``escalation`` takes ``state``, the file written by ``dynamicrag train escalation``. A predictor's
    name takes ``state``, the file written by ``dynamicrag train``, and either ``explore``: ``{epsilon,
    temperature, optimism, sample, extra, seed}``, or ``passing``: the predicted quality required of the
    cheapest option. Hyperparameters and ``features`` are optional, and must equal those of its training.

    An online learner's name without ``state`` takes its hyperparameters, ``start`` (``prior``, ``none``, or
    the file of a trained router), ``explore``, ``reward`` (``quality`` or ``scalar``) and
    ``pace`` (:class:`~dynamicrag.routers.pace.Pace`).

    A caller's router in ``deps.routers`` takes precedence over registered ones.

    Raises:
        PolicyError: An unknown router or parameter, or a state that is missing, damaged or of another router.
    """
    name, params = parse_spec(spec, where)
    if name in deps.routers:
        own: Router = deps.routers[name]
        return own
    if name == LearntEscalation.registered:
        return _escalation(params, f"{where}.{name}", deps)
    if name in ROUTERS:
        return ROUTERS.build(spec, where, deps)
    if name not in PREDICTORS:
        raise PolicyError(unknown(where, "router", name, {*names(), *deps.routers}))
    if issubclass(PREDICTORS[name], Learner) and "state" not in params:
        return _online(name, params, f"{where}.{name}", deps)
    return _learned(name, params, f"{where}.{name}", deps)


def build_joint(spec: object, where: str, deps: Dependencies) -> Joint:
    """Build the router over whole paths of ``spec``: a predictor, as for :func:`build_router`.

    Raises:
        PolicyError: As :func:`build_router`, or the state belongs to a single stage's router.
    """
    name, params = parse_spec(spec, where)
    if name not in PREDICTORS:
        raise PolicyError(unknown(where, "predictor", name, PREDICTORS))
    given = _Given.of(name, params, f"{where}.{name}", deps)
    estimator = PathEstimator.load(given.file, deps.embedder)
    given.check(estimator.before)
    return Joint(estimator, deps.weights, given.explore)


def _escalation(params: dict[str, Any], where: str, deps: Dependencies) -> Router:
    for key in params:
        if key != "state":
            raise PolicyError(unknown(where, "parameter", key, ("state",)))
    if not isinstance(params.get("state"), str):
        raise PolicyError(f"{where}: 'state' is missing: the file of the trained escalation; {TRAIN}")
    judgement = Judgement.load(deps.folder / params["state"], deps.embedder)
    return LearntEscalation(judgement=judgement, weights=deps.weights)


def _learned(name: str, params: dict[str, Any], where: str, deps: Dependencies) -> Router:
    passing = _passing(params, where)
    given = _Given.of(name, params, where, deps)
    estimator = Estimator.load(given.file, deps.embedder)
    given.check(estimator)
    return Learned(estimator, deps.weights, given.explore, passing)


def _online(name: str, params: dict[str, Any], where: str, deps: Dependencies) -> Online:
    start, reward = params.pop("start", PRIOR), params.pop("reward", "quality")
    explore = _exploration(params, where)
    if reward not in get_args(Reward):
        raise PolicyError(unknown(f"{where}.reward", "reward", str(reward), get_args(Reward)))
    pace = None
    if "pace" in params:
        place = f"{where}.pace"
        given = params.pop("pace")
        if not isinstance(given, dict):
            raise PolicyError(f"{place}: expected {{dimension, lower, upper}}, got {given!r}")
        try:
            pace = Pace(**checked(Pace, given, place))
        except (TypeError, ValueError) as error:
            raise PolicyError(f"{place}: {error}") from None
        pace.bind(deps.budget, place)
    base: Estimating | None = None
    if start == PRIOR:
        base = Prior(deps=deps)
    elif start != NOTHING:
        if not isinstance(start, str):
            raise PolicyError(f"{where}.start: expected {PRIOR!r}, {NOTHING!r} or a file, got {start!r}")
        base = Learned(Estimator.load(deps.folder / start, deps.embedder), deps.weights)
    embeds = deps.embeds or (base is not None and base.embeds)
    kind = PREDICTORS[name]
    assert issubclass(kind, Learner), "the caller has checked it"
    named = {key: value for key, value in params.items() if key in kind.positions}
    plain = {key: value for key, value in params.items() if key not in named}
    own = checked(kind, plain, where)
    PREDICTORS.build({name: own}, where.removesuffix(f".{name}"))  # refuses bad values at their place
    return Online(
        name,
        {**own, **named},
        base=base,
        start=start,
        weights=deps.weights,
        explore=explore,
        reward=reward,
        embed=deps.embedder if embeds else None,
        pace=pace,
    )


def _exploration(params: dict[str, Any], where: str) -> dict[str, Any]:
    """Pop the given fields of exploration from the parameters of a router."""
    given = params.pop("explore", {})
    if not isinstance(given, dict):
        raise PolicyError(f"{where}.explore: expected {{{', '.join(FIELDS)}}}, got {given!r}")
    return checked(Explore, given, f"{where}.explore")


def _passing(params: dict[str, Any], where: str) -> float | None:
    """Pop the required quality from the parameters of a router, if given."""
    if "passing" not in params:
        return None
    given = params.pop("passing")
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given <= 1:
        raise PolicyError(f"{where}.passing: expected a quality from 0 to 1, got {given!r}")
    if "explore" in params:
        raise PolicyError(f"{where}: 'passing' excludes 'explore'; remove one of the two")
    return float(given)


@dataclass(frozen=True, slots=True)
class _Given:
    """The policy's settings of a trained router.

    Attributes:
        name: Its predictor.
        where: Place in the policy, for messages.
        file: Its state.
        params: Hyperparameters expected of its training.
        features: Feature families expected of its training, if given.
        explore: Exploration settings.
    """

    name: str
    where: str
    file: Path
    params: Mapping[str, Any]
    features: object
    explore: Explore

    @classmethod
    def of(cls, name: str, params: dict[str, Any], where: str, deps: Dependencies) -> "_Given":
        path = params.pop("state", None)
        if not isinstance(path, str):
            raise PolicyError(f"{where}: 'state' is missing: the file of the trained router; {MEND}")
        explore = _exploration(params, where)
        features = params.pop("features", None)
        try:
            how = Explore(**explore)
        except ValueError as error:
            raise PolicyError(f"{where}.explore: {error}") from None
        own = checked(PREDICTORS[name], params, where)
        return cls(name, where, deps.folder / path, own, features, how)

    def check(self, estimator: Estimator) -> None:
        """Refuse a state from another training."""
        predictor = estimator.predictor
        if predictor.registered != self.name:
            raise PolicyError(
                f"{self.where}.state: {self.file} holds a trained {predictor.registered!r}; "
                f"name that, or {MEND}"
            )
        _same(self.params, predictor.params(), self.where)
        if self.features is not None:
            _same({"features": self.features}, {"features": estimator.features.specs}, self.where)
        if self.explore.needs_spread and predictor.predict(estimator.centre[None]).spread is None:
            key = "sample" if self.explore.sample else "optimism"
            raise PolicyError(
                f"{self.where}.explore.{key}: {self.name!r} does not know how uncertain its estimates are; "
                "use 'epsilon' or 'temperature', or another predictor"
            )


def _same(given: Mapping[str, Any], trained: Mapping[str, Any], where: str) -> None:
    for key, value in given.items():
        if value != trained[key]:
            raise PolicyError(
                f"{where}.{key}: the router was trained with {trained[key]!r}, not with {value!r}; {MEND}, "
                "or remove this"
            )
