"""The recording of one question: drafts on whole paths, with their signals."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from dynamicrag.cost.vector import Cost
from dynamicrag.drafts.judging import UNVERIFIED
from dynamicrag.features.base import FEATURES
from dynamicrag.routers.paths import RETRIEVAL_SIGNALS, mends
from dynamicrag.topology import TOPOLOGY
from dynamicrag.turn import Draft
from dynamicrag.types import StagePath
from dynamicrag.verify.base import VERIFIERS

Signals = Mapping[str, float]


class RecordedPaths:
    """The paths of a recording, the same for all of its questions.

    Args:
        paths: The option of every stage, by path, the weakest path first; ``verification: refine`` if the
            draft was refined.
        options: The options of every stage, as the policy has them.
    """

    def __init__(self, paths: Sequence[StagePath], options: Mapping[str, Collection[str]]) -> None:
        self.paths = tuple(paths)
        self._varied = {
            stage
            for stage, names in options.items()
            if len({path[stage] for path in paths if path.get(stage) in names}) > 1
        }
        self._known: dict[tuple[frozenset[tuple[str, str]], bool], tuple[int, ...]] = {}

    def varies(self, stage: str) -> bool:
        """Return whether several of the policy's options at a stage were recorded."""
        return stage in self._varied

    def agreeing(self, path: StagePath, *, refined: bool = False) -> tuple[int, ...]:
        """Return the paths that continue a partial path.

        A stage that was not varied does not count: its recorded option represents the policy's option.

        Args:
            path: Options by stage; skipped stages do not count.
            refined: Whether to look for refined drafts.
        """
        passed = TOPOLOGY.passed(path)
        own = frozenset((s, o) for s, o in path.items() if s in self._varied and s not in passed)
        if (own, refined) not in self._known:
            self._known[own, refined] = tuple(
                number
                for number, other in enumerate(self.paths)
                if mends(other) == refined and all(other.get(s) == o for s, o in own)
            )
        return self._known[own, refined]


@dataclass(frozen=True, slots=True)
class RecordedDraft:
    """The draft of one path.

    Attributes:
        signals: All its signals at the end.
        answer: Its text.
        expected: The path's expected cost on the question.
    """

    signals: Signals = field(default_factory=dict)
    answer: str = ""
    expected: Cost = field(default_factory=Cost)


@dataclass(frozen=True, slots=True)
class Recording:
    """The drafts of one question.

    Attributes:
        text: The question.
        paths: The paths.
        drafts: The draft of each path, in the order of the paths.
    """

    text: str
    paths: RecordedPaths
    drafts: Sequence[RecordedDraft]

    def price(self, path: StagePath) -> Cost:
        """Return the expected cost of a path; for a partial path, of the weakest that continues it."""
        found = self.paths.agreeing(path)
        return self.drafts[found[0]].expected if found else Cost()

    def ahead(self, path: StagePath) -> dict[str, float]:
        """Return the signals known on a path before retrieval and draft."""
        return {n: value for n, value in self._signals(path).items() if n not in later()}

    def brought(self, stage: str, path: StagePath) -> dict[str, float]:
        """Return the signals that become known on a path when a stage has acted."""
        names = evidence(stage)
        return {n: value for n, value in self._signals(path).items() if n in names} if names else {}

    def foreseen(self, names: Collection[str], path: StagePath) -> dict[str, float]:
        """Return signals of any draft that continues a partial path."""
        found: dict[str, float] = {}
        for number in reversed(self.paths.agreeing(path)):
            found |= {n: value for n, value in self.drafts[number].signals.items() if n in names}
        return found

    def judged(self, number: int) -> dict[str, float]:
        """Return the signals of verifiers and token probabilities for a draft."""
        return {n: value for n, value in self.drafts[number].signals.items() if n in verdicts()}

    def draft(self, number: int, model: str) -> Draft:
        """Return a draft in the form of a turn; its message id is its number."""
        return Draft(
            text=self.drafts[number].answer, message_id=str(number), model=model, streamed=False, dropped=[],
            signals={}, refined=mends(self.paths.paths[number]),
        )  # fmt: skip

    def _signals(self, path: StagePath) -> Signals:
        found = self.paths.agreeing(path)
        return self.drafts[found[0]].signals if found else {}


@cache
def evidence(stage: str) -> frozenset[str]:
    """Return the names of a stage's evidence signals."""
    found: set[str] = set()
    for family in TOPOLOGY[stage].evidence if stage in TOPOLOGY else ():
        found |= RETRIEVAL_SIGNALS if family == "retrieval" else set(getattr(FEATURES[family], "wanted", ()))
    return frozenset(found)


@cache
def verdicts() -> frozenset[str]:
    """Return the names of signals known only for a draft."""
    given = {signal.name for name in VERIFIERS for signal in VERIFIERS[name].gives}
    return frozenset({*given, *getattr(FEATURES["response"], "wanted", ()), UNVERIFIED})


@cache
def later() -> frozenset[str]:
    """Return the names of signals not known before the first stage."""
    return verdicts().union(*map(evidence, TOPOLOGY))
