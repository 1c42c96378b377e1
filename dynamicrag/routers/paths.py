"""The parts of a joint router: whole paths, and estimates for each before and after retrieval.

Retrieval signals are unknown when the first stages are decided. A single estimator would have to impute
them by the training queries' means, and weigh the other features as if the signals were known. So there are
two estimators, each fitted on the signals known at its time::

    estimator.state().save("routers/joint")
    PathEstimator.load("routers/joint", embed)
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dynamicrag.errors import PolicyError, unknown
from dynamicrag.features.base import Embed, FeatureSet, Seen
from dynamicrag.features.retrieval import retrieval
from dynamicrag.predictors.base import Predictor
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.estimate import Estimate
from dynamicrag.predictors.state import MEND, State, whole
from dynamicrag.routers.estimator import About, Estimator
from dynamicrag.topology import TOPOLOGY, VERIFICATION
from dynamicrag.types import StagePath

RETRIEVAL_SIGNALS = frozenset(retrieval("", ()))
"""Names of the retrieval signals."""
REFINE = "refine"


def varied(paths: Sequence[StagePath]) -> tuple[str, ...]:
    """Return the stages at which paths differ; paths that skip a stage are ignored there."""
    return tuple(stage for stage in TOPOLOGY if len({path[stage] for path in paths if stage in path}) > 1)


def parting(path: StagePath, wanted: StagePath) -> str | None:
    """Return the first stage at which a path differs from a wanted one; ``None`` if it matches."""
    return next((stage for stage in TOPOLOGY if stage in wanted and path.get(stage) != wanted[stage]), None)


def mends(path: StagePath) -> bool:
    """Return whether a path's draft was refined before it was accepted."""
    return path.get(VERIFICATION) == REFINE


def originals(paths: Sequence[StagePath]) -> list[int]:
    """Return, for every path that refines a draft, the position of that draft's path; otherwise -1."""
    bare = [frozenset((stage, o) for stage, o in path.items() if stage != VERIFICATION) for path in paths]
    drafts = {bare[i]: i for i, path in enumerate(paths) if not mends(path)}
    return [drafts.get(bare[i], -1) if mends(path) else -1 for i, path in enumerate(paths)]


def chains(paths: Sequence[StagePath]) -> NDArray[np.intp]:
    """Return chain numbers of paths that share a draft, unrefined and refined, (k,); otherwise -1."""
    chain = np.full(len(paths), -1, dtype=np.intp)
    for number, draft in enumerate(originals(paths)):
        if draft >= 0:
            chain[[draft, number]] = draft
    return chain


def check_option(paths: Sequence[StagePath], stage: str, options: Iterable[str], where: str) -> None:
    """Refuse an option of a stage that is on none of the trained paths.

    Raises:
        PolicyError: There is such an option.
    """
    known = list(dict.fromkeys(path[stage] for path in paths if stage in path))
    for option in options:
        if option not in known:
            message = unknown(f"{where}.state", f"option of {stage}", option, known)
            mend = f"{MEND}, or move it to 'parts'" if stage == "retriever" else f"{MEND}, or remove it"
            raise PolicyError(f"{message}; no path that this router was trained on goes through it: {mend}")


def check_takeable(paths: Sequence[StagePath], options: Mapping[str, Sequence[str]], where: str) -> None:
    """Refuse a policy that lacks options of every path.

    Raises:
        PolicyError: No path can be taken.
    """
    if not any(all(o in options[stage] for stage, o in path.items()) for path in paths):
        shown = "; ".join(", ".join(f"{s}={o}" for s, o in path.items()) for path in paths[:6])
        raise PolicyError(
            f"{where}.state: none of the paths that it was trained on can be taken with the policy's "
            f"options; {MEND}, or add the options of one of: {shown}"
        )


def before_retrieval(query: Seen) -> Seen:
    """Return a query without its retrieval signals."""
    return Seen(
        query.text, {name: value for name, value in query.signals.items() if name not in RETRIEVAL_SIGNALS}
    )


def has_retrieval_signals(query: Seen) -> bool:
    """Return whether anything was retrieved for a query."""
    return not RETRIEVAL_SIGNALS.isdisjoint(query.signals)


@dataclass(frozen=True, slots=True)
class PathEstimator:
    """Estimates the quality of whole paths.

    Attributes:
        paths: The option of every stage, in the estimators' order of options.
        before: Estimator on the signals before retrieval.
        after: Estimator on these and the retrieval signals; ``None`` if no feature uses them.
    """

    paths: tuple[StagePath, ...]
    before: Estimator
    after: Estimator | None

    @classmethod
    def fit(
        cls,
        queries: Sequence[Seen],
        quality: Floats,
        paths: Mapping[str, StagePath],
        *,
        features: Callable[[], FeatureSet],
        predictor: Callable[[], Predictor],
        about: About | None = None,
        groups: ArrayLike | None = None,
    ) -> "PathEstimator":
        """Fit both estimators.

        As :meth:`Estimator.fit`, with factories of unfitted features and predictors; ``paths`` are in the
        order of ``quality``.

        Raises:
            InputError: As :meth:`Predictor.fit`.
            PolicyError: All features need retrieval.
        """
        labels = None if groups is None else np.asarray(groups)

        def fitted(seen: Sequence[Seen], rows: Sequence[int]) -> Estimator:
            return Estimator.fit(
                seen, quality[rows], list(paths), features=features(), predictor=predictor(), about=about,
                groups=None if labels is None else labels[rows],
            )  # fmt: skip

        before = fitted([before_retrieval(query) for query in queries], range(len(queries)))
        retrieved = [i for i, query in enumerate(queries) if has_retrieval_signals(query)]
        after = fitted([queries[i] for i in retrieved], retrieved) if retrieved else None
        if after is not None and after.features.names == before.features.names:
            after = None
        return cls(tuple(dict(path) for path in paths.values()), before, after)

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages at which the paths differ."""
        return varied(self.paths)

    def at(self, query: Seen) -> tuple[Estimator, Seen]:
        """Return the estimator for the known signals of a query, and the query in its form."""
        if self.after is not None and has_retrieval_signals(query):
            return self.after, query
        return self.before, before_retrieval(query)

    def estimate(self, query: Seen) -> Estimate:
        """Estimate the quality of every path on one query, (1, k) each."""
        estimator, known = self.at(query)
        return estimator.estimate([known])

    def embedded(self, query: Seen) -> str | None:
        """Return the text of a query that :meth:`estimate` embeds, if any."""
        return self.at(query)[0].features.embedded(query.text)

    def both(self, queries: Sequence[Seen]) -> tuple[Floats, Floats]:
        """Return the expected qualities before and after retrieval, (n, k) each."""
        early = self.before.estimate([before_retrieval(query) for query in queries]).mean
        if self.after is None:
            return early, early
        late = self.after.estimate(list(queries)).mean
        return early, np.where(np.array([[has_retrieval_signals(query)] for query in queries]), late, early)

    def state(self) -> State:
        """Return the complete state of the estimator."""
        parts = {"before": self.before.state()}
        if self.after is not None:
            parts["after"] = self.after.state()
        return State.of({"paths": [dict(path) for path in self.paths]}, parts)

    @classmethod
    def load(cls, path: Path | str, embed: Embed | None = None) -> "PathEstimator":
        """Load an estimator from a file written by ``state().save(path)``.

        Raises:
            PolicyError: The file is missing, damaged, edited, of another version, or for a single stage.
        """
        state, where = State.load(path), str(path)
        if "paths" not in state.meta:
            raise PolicyError(
                f"{where}: this router decides one stage, not whole paths; give it as the router of its "
                "stage, or train a joint one ('dynamicrag train joint')"
            )
        return cls.from_state(state, embed, where)

    @classmethod
    def from_state(cls, state: State, embed: Embed | None = None, where: str = "state") -> "PathEstimator":
        """Build an estimator from a state.

        Raises:
            PolicyError: The state lacks a part.
        """
        with whole(where, "trained joint router"):
            parts = {
                part: Estimator.from_state(state.part(part), embed, where)
                for part in ("before", "after")
                if part in state.meta
            }
            paths = tuple(
                {str(stage): str(option) for stage, option in p.items()} for p in state.meta["paths"]
            )
            return cls(paths, parts["before"], parts.get("after"))
