"""Learns from use: a base estimate, and what rewards have shown beyond it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from dynamicrag.cost.vector import Dimension
from dynamicrag.errors import PolicyError, unknown
from dynamicrag.predictors.base import PREDICTORS, Predictor
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.online import Learner
from dynamicrag.predictors.state import State, whole
from dynamicrag.records import Decision
from dynamicrag.retrieval.embedder import Embedder
from dynamicrag.routers.base import Choice, StageContext
from dynamicrag.routers.draws import Explore
from dynamicrag.routers.offer import Estimating, Offer, take
from dynamicrag.routers.pace import Pace
from dynamicrag.routers.row import VERSION, Row
from dynamicrag.routers.vectors import question_vector
from dynamicrag.topology import TOPOLOGY, VERIFICATION
from dynamicrag.types import Option

Reward = Literal["quality", "scalar"]
NOTHING_KNOWN = 0.5
"""Estimate without a base: with a start at 0, no option would look better than the first one tried."""


@dataclass(frozen=True, slots=True)
class Learnt:
    """The state of a learner after a prefix of the feedback. It is never changed, only replaced.

    Attributes:
        predictor: The learner; its options are ``options``.
        options: Names of the options.
        upto: Number of the last feedback that it has learnt from.
        rewards: Number of rewards and preferences that it has learnt.
    """

    predictor: Learner
    options: tuple[str, ...]
    upto: int = 0
    rewards: int = 0

    def state(self) -> State:
        """Return the complete state."""
        facts = {"options": list(self.options), "upto": self.upto, "rewards": self.rewards}
        return State.of(facts, {"predictor": self.predictor.state()})

    @classmethod
    def from_state(cls, state: State, where: str = "state") -> "Learnt":
        """Restore a state.

        Raises:
            PolicyError: It is malformed.
        """
        with whole(where, "state of a learner", "delete it; it is learnt again from the log"):
            predictor = Predictor.from_state(state.part("predictor"), where)
            options = tuple(map(str, state.meta["options"]))
            if not isinstance(predictor, Learner):
                raise ValueError("it holds no learner")
            if len(options) != predictor.options:
                raise ValueError("its options do not fit each other")
            return cls(predictor, options, int(state.meta["upto"]), int(state.meta["rewards"]))

    def fitting(self, options: Sequence[str]) -> "Learnt":
        """Return the state for other options: removed ones are forgotten, and new ones start as such."""
        if set(options) == set(self.options):
            return self
        own = Learnt.from_state(self.state())
        names = list(own.options)
        for name in [each for each in names if each not in options]:
            own.predictor.remove_option(names.index(name))
            names.remove(name)
        for name in [each for each in options if each not in names]:
            own.predictor.add_option()
            names.append(name)
        return replace(own, options=tuple(names))


class Online(Estimating):
    """Adds a learner's estimate to a base estimate, and explores as the learner does.

    The learner sees the reward minus the base estimate, so that it starts from the base and moves away from
    it only as far as rewards show. It learns quality, which selection trades against cost; so weights, prices
    and limits can change without a new start. With ``reward="scalar"`` it learns quality minus weighted
    realised cost, as in MetaLLM and GreenServ, and selection does not subtract cost again.

    Its name in a decision is its learner's.

    Args:
        name: The learner's name.
        params: Its hyperparameters.
        base: Router whose estimate it starts from; ``None`` to start from one half.
        start: The base in words, part of the state's key.
        weights: Quality that one unit of each cost dimension is worth.
        explore: Exploration in the policy's words; keys left out are the learner's own.
        reward: The number that it learns.
        embed: The embedder; ``None`` to learn from signals alone.
        pace: Paces the spending of a total; ``None`` for none.

    Attributes:
        stage: The stage that it decides.
        learnt: The state in force, once the options were checked; folding the log replaces it.
    """

    learnt: Learnt

    def __init__(
        self,
        name: str,
        params: Mapping[str, Any],
        *,
        base: Estimating | None,
        start: str,
        weights: Mapping[Dimension, float],
        explore: Mapping[str, Any],
        reward: Reward,
        embed: Embedder | None,
        pace: Pace | None = None,
    ) -> None:
        kind = PREDICTORS[name]
        self.registered = name
        self.when, self.uses, self.how, self.paper = kind.when, kind.uses, kind.how, kind.paper
        self.online = True
        self.base, self.weights, self.reward = base, dict(weights), reward
        self.embeds = embed is not None
        self.plans = base is not None and base.plans
        self.doubts = base is not None and base.doubts
        self.reads = () if base is None else base.reads
        self.reads_text = base is not None and base.reads_text
        self.unlogged = () if base is None else base.unlogged
        self._pace = pace
        self._params, self._start, self._explore, self._embed = dict(params), start, dict(explore), embed
        self._row = Row(retrieved=False, drafted=False)
        self.stage = self._where = ""

    def check(self, stage: str, options: Sequence[Option], where: str) -> None:
        """Refuse options that the base cannot serve, and start the learner."""
        if self.base is not None:
            self.base.check(stage, options, where)
        elif stage == VERIFICATION:
            raise PolicyError(f"{where}: a learner of verification needs the findings of 'start: prior'")
        self.stage, self._where = stage, f"{where}.{self.registered}"
        self._row = Row(retrieved=stage not in TOPOLOGY.ahead, drafted=stage == VERIFICATION)
        self.learnt = self.fresh([option.name for option in options])
        try:
            self._exploring(self.learnt.predictor)
        except ValueError as error:
            raise PolicyError(f"{where}.{self.registered}.explore: {error}") from None

    def fresh(self, options: Sequence[str]) -> Learnt:
        """Return the state before any reward."""
        kind = PREDICTORS[self.registered]
        assert issubclass(kind, Learner), "only learners are built as this router"
        params = {name: self._placed(name, value) for name, value in self._params.items()}
        learner = kind(**{**kind.beside, **params})
        return Learnt(learner.start(len(self._row), len(options)), tuple(options))

    def _placed(self, name: str, value: Any) -> Any:
        """Return a hyperparameter, with positions in place of the names of features.

        Raises:
            PolicyError: There is no such feature at this stage.
        """
        kind = PREDICTORS[self.registered]
        if not (issubclass(kind, Learner) and name in kind.positions) or value is None:
            return value
        if isinstance(value, list):
            return [self._placed(name, each) for each in value]
        if value not in self._row.names:
            raise PolicyError(unknown(f"{self._where}.{name}", "feature", str(value), self._row.names))
        return self._row.names.index(value)

    @property
    def key(self) -> str:
        """Identity of the state: another algorithm, start, reward or row starts again."""
        params = ",".join(f"{name}={value}" for name, value in sorted(self._params.items()))
        return f"{self.stage}/{self.registered}({params})/{self._start}/{self.reward}/row{VERSION}"

    def row(self, signals: Mapping[str, float], vector: ArrayLike | None, embedder: str = "") -> Floats:
        """Return the learner's features of a decision, (d,); see :class:`~dynamicrag.routers.row.Row`."""
        return self._row(signals, vector, embedder)

    def planned(self, stage: str, options: Sequence[Option]) -> int:
        """See the base class."""
        return 0 if self.base is None else self.base.planned(stage, options)

    def explain(self, decision: Decision, question: str, path: Mapping[str, str]) -> dict[str, Any]:
        """See the base class; the insight is the base's."""
        return {} if self.base is None else self.base.explain(decision, question, path)

    async def choose(self, context: StageContext) -> Choice:
        """See the base class."""
        learnt = self.learnt  # folding may replace it meanwhile
        offer = await self._offer(context, learnt)
        return offer if isinstance(offer, Choice) else take(offer, context, self._exploring(learnt.predictor))

    async def offer(self, context: StageContext) -> Offer | Choice:
        """Return the base's estimates plus the learner's; the base's choice where it does not estimate."""
        return await self._offer(context, self.learnt)

    async def _offer(self, context: StageContext, learnt: Learnt) -> Offer | Choice:
        based = await self._based(context)
        if isinstance(based, Choice):
            return based
        vector = await question_vector(self._embed, context)
        embedder = "" if self._embed is None else self._embed.name
        found = learnt.predictor.predict(self._row(context.features, vector, embedder)[None])
        columns = [learnt.options.index(option.name) for option in context.options]
        quality = based.quality + found.mean[0, columns]
        if self.reward == "quality":
            quality = np.clip(quality, 0.0, 1.0)
        open_ = based.open
        if self._pace is not None:
            open_ = await self._pace.open(quality, based.expected or context.expected, open_)
        why = based.reason or [""] * len(quality)
        return replace(
            based,
            quality=quality,
            open=open_,
            spread=None if found.spread is None else found.spread[0, columns],
            reason=[_reason(text, by, learnt) for text, by in zip(why, quality - based.quality, strict=True)],
            # without a base nothing was predicted before learning
            base=np.full(len(quality), np.nan) if self.base is None else based.quality,
            state=learnt.upto,
        )

    async def _based(self, context: StageContext) -> Offer | Choice:
        weights = context.weights(self.weights)
        price = np.array([cost.weighted(weights) for cost in context.expected])
        if self.base is None:
            offer: Offer | Choice = Offer(np.full(len(price), NOTHING_KNOWN), price, context.allowed)
        else:
            offer = await self.base.offer(context)
        if self.reward == "scalar" and isinstance(offer, Offer):
            return replace(offer, price=np.zeros(len(price)))
        return offer

    def _exploring(self, learner: Learner) -> Explore:
        return Explore(**{**asdict(learner.exploration), **self._explore})


def _reason(why: str, shift: float, learnt: Learnt) -> str:
    if not learnt.rewards:
        return why
    by = f"{shift:+.2f} learnt from {learnt.rewards:,} reward{'' if learnt.rewards == 1 else 's'}"
    return f"{why}; {by}" if why else by
