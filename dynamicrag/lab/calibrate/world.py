"""Recorded paths as arrays: the quality and cost of every path on every question."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.errors import InputError
from dynamicrag.features.base import Seen
from dynamicrag.lab.outcomes.split import Labels, near_duplicates
from dynamicrag.lab.outcomes.table import OutcomeTable
from dynamicrag.lab.outcomes.whole_paths import check_paths, unmended
from dynamicrag.predictors.checks import Floats
from dynamicrag.routers.paths import varied
from dynamicrag.topology import TOPOLOGY, VERIFICATION
from dynamicrag.walk.recording import RecordedDraft

Steps = Mapping[str, str]
Rows = NDArray[np.intp]
SCORES = ("em", "f1", "contains")
TOKENS = "input_tokens+output_tokens"


@dataclass(frozen=True)
class World:
    """Questions and paths.

    Attributes:
        table: Name of the table.
        names: Names of the paths.
        paths: The paths, as far as they differ.
        whole: The paths with all of their stages but verification.
        stages: The stages at which they differ.
        seen: The part of every question that routers may see.
        labels: Near-duplicates have the same label, (n,).
        quality: Quality of each path, (n, k).
        costs: Its cost by dimension, (n, k) each; tokens where no other cost is known.
        scores: Further scores, by name, (n, k) each.
        signals: Names of the signals that any draft has.
        drafts: The answers with their signals, n times k.
        answerable: Whether a question has an answer in the corpus, (n,); true where that is not known.
        notes: Notes for the reader.
    """

    table: str
    names: tuple[str, ...]
    paths: tuple[Steps, ...]
    whole: tuple[Steps, ...]
    stages: tuple[str, ...]
    seen: Sequence[Seen]
    labels: Labels
    quality: Floats
    costs: Mapping[str, Floats]
    scores: Mapping[str, Floats]
    signals: frozenset[str]
    drafts: Sequence[Sequence[RecordedDraft]]
    answerable: NDArray[np.bool_]
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, table: OutcomeTable, least: int) -> "World":
        """Put a table of whole paths into arrays, without paths that mend a draft.

        Questions on which a path was not recorded are left out, and a note says how many.

        Raises:
            InputError: The table is not of several whole paths, too small, or no path was ever right.
        """
        table, notes = unmended(table)
        paths = check_paths(table, least)
        known = _costs(table, notes)
        complete = np.isfinite([table.quality, *known.values()]).all(axis=(0, 2))
        rows = np.flatnonzero(complete)
        if len(rows) < len(table):
            notes.append(
                f"{len(table) - len(rows)} of {len(table):,} questions lack a path's outcome: left out"
            )
            if len(rows) < least:
                raise InputError(
                    f"{table.name}: only {len(rows)} questions have an outcome of every path; at least "
                    f"{least} are needed. Go on recording with the same command"
                )
            table = table.take(rows)
        if not table.quality.max() > 0:
            raise InputError(
                f"{table.name}: no path was ever right. Are the answers in the corpus it was recorded on?"
            )
        hopeless = float((table.quality.max(axis=1) <= 0).mean())
        if hopeless > 1 / 3:
            notes.append(
                f"on {hopeless:.0%} of the questions no path is right: their answers may not be in the corpus"
            )
        stages = varied(list(paths.values()))
        scores = {name: table.fact(name) for name in SCORES if name in table.facts}
        outcomes = [[row.outcomes[name] for name in paths] for row in table.rows]
        return cls(
            table=table.name,
            names=tuple(paths),
            paths=tuple({s: path[s] for s in stages if s in path} for path in paths.values()),
            whole=tuple({s: o for s, o in path.items() if s != VERIFICATION} for path in paths.values()),
            stages=stages,
            seen=table.seen(),
            labels=near_duplicates([row.text for row in table.rows]),
            quality=table.quality,
            costs={name: cost[rows] for name, cost in known.items()},
            scores={name: score for name, score in scores.items() if np.isfinite(score).all()},
            signals=frozenset(name for row in outcomes for own in row for name in own.signals),
            drafts=[[RecordedDraft(own.signals, own.answer or "") for own in row] for row in outcomes],
            answerable=np.array([row.answerable is not False for row in table.rows]),
            notes=tuple(notes),
        )

    def __len__(self) -> int:
        return len(self.seen)

    def take(self, rows: Rows) -> "World":
        """Return some questions."""
        return replace(
            self,
            seen=[self.seen[i] for i in rows],
            labels=self.labels[rows],
            quality=self.quality[rows],
            costs={name: cost[rows] for name, cost in self.costs.items()},
            scores={name: score[rows] for name, score in self.scores.items()},
            drafts=[self.drafts[i] for i in rows],
            answerable=self.answerable[rows],
        )

    def options(self, stage: str) -> list[str]:
        """Return the recorded options of a stage, in the order of the paths."""
        return list(dict.fromkeys(path[stage] for path in self.paths if stage in path))

    def column(self, steps: Steps) -> int | None:
        """Return the number of a path; stages that its own options pass by do not count."""
        passed = TOPOLOGY.passed(steps)
        wanted = {stage: steps[stage] for stage in self.stages if stage in steps and stage not in passed}
        return next((i for i, path in enumerate(self.paths) if dict(path) == wanted), None)

    def agreeing(self, steps: Steps) -> list[int]:
        """Return the paths that continue some decisions."""
        passed = TOPOLOGY.passed(steps)
        own = {stage: option for stage, option in steps.items() if stage not in passed}
        return [i for i, path in enumerate(self.paths) if all(path.get(s) == o for s, o in own.items())]

    @property
    def best(self) -> int:
        """The path that is best on average."""
        return int(self.quality.mean(axis=0).argmax())

    @property
    def texts(self) -> list[str]:
        """The questions."""
        return [query.text for query in self.seen]

    @property
    def spent(self) -> str:
        """The cost that is reported where one must do."""
        return next(name for name in ("joules", "usd", "seconds", *self.costs) if name in self.costs)


def _costs(table: OutcomeTable, notes: list[str]) -> dict[str, Floats]:
    """Return the costs above 0 by dimension, (n, k) each; tokens where no other cost is known."""
    recorded = {name: table.fact(name) for name in DIMENSIONS if name in table.facts}
    known = {name: cost for name, cost in recorded.items() if np.nanmax(cost) > 0}
    for name in [name for name in known if DIMENSIONS[name].follows is not None]:
        # a table that was begun before the dimension was counted must not lose its first questions
        if (np.isnan(known[name]) & np.isfinite(known.get("joules", known[name]))).any():
            del known[name]
            notes.append(f"{name} was recorded for some of the questions only: left out")
    if not known and set(TOKENS.split("+")) <= set(table.facts):
        known = {TOKENS: sum((table.fact(part) for part in TOKENS.split("+")), np.zeros(1))}
    if not known:
        raise InputError(f"{table.name}: no path has a cost above 0 in it; there is nothing to save")
    return known
