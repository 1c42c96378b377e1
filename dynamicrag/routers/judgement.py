"""The trained judgement of a learnt escalation: a prior for every path, and scores of drafts.

One file, without code::

    judgement.state().save("routers/escalation")
    Judgement.load("routers/escalation", embed)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np

from dynamicrag.cost.vector import Dimension
from dynamicrag.errors import PolicyError
from dynamicrag.escalation.base import EscalationPolicy
from dynamicrag.escalation.beliefs import BeliefModel, Beliefs, Marks
from dynamicrag.escalation.scorer import Scorer
from dynamicrag.features.base import Embed, Seen
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.state import State, whole
from dynamicrag.routers.paths import PathEstimator, chains
from dynamicrag.text.words import words

OF_TEXT = ("query_words", "answer_words")
"""Measures of query and answer, inputs of the learnt scorer besides the signals."""
MEND = "train it again ('dynamicrag train escalation')"
PARTS = ("scorer", "hopeless", "beliefs", "policy")


class Drafted(NamedTuple):
    """A draft: the position of its path, its answer, and its signals."""

    path: int
    answer: str
    signals: Mapping[str, float]


def draft_measures(
    signals: Mapping[str, float], names: Sequence[str], question: str, answer: str
) -> list[float]:
    """Return a draft's signals and measures of its text, in order; all NaN if there is no signal."""
    own = [signals.get(name, np.nan) for name in names]
    if np.isnan(own).all():
        return own + [np.nan] * len(OF_TEXT)
    return [*own, float(len(words(question))), float(np.log1p(len(words(answer))))]


@dataclass(frozen=True, slots=True)
class Judgement:
    """The trained models about drafts.

    Attributes:
        prior: Estimates the quality of every path before any draft, and has their costs.
        signals: Names of the signals that the scorers read, before :data:`OF_TEXT`.
        scorer: From signals to P(the draft is right).
        hopeless: From signals to P(nothing answers the question); ``None`` if every training question had
            an answer.
        beliefs: The model of scores that changes the beliefs in all paths.
        policy: Decides from beliefs.
        dimension: Dimension of the costs in training.
        lam: λ: default quality that one unit of the dimension is worth.
    """

    prior: PathEstimator
    signals: tuple[str, ...]
    scorer: Scorer
    hopeless: Scorer | None
    beliefs: BeliefModel
    policy: EscalationPolicy
    dimension: Dimension
    lam: float

    def believe(
        self, query: Seen, drafts: Sequence[Drafted], cost: Floats, room: Marks | None = None
    ) -> Beliefs:
        """Return the beliefs in every path after some drafts, (1, k).

        Args:
            query: The question with all known signals.
            drafts: The drafts, in order.
            cost: Cost of continuing with each path, (k,); infinite if it cannot be reached.
            room: Whether the limits allow the second path after the first, (k, k); by default they do.
        """
        k = len(cost)
        tried = [draft.path for draft in drafts]
        first = np.array(cost)
        first[tried] = 0.0  # sunk cost
        prior = np.clip(self.prior.estimate(query).mean, 0.0, 1.0)
        pairs = None if room is None else room[None]
        beliefs = self.beliefs.begin(prior, first[None], chains(self.prior.paths), np.full(1, np.inf), pairs)
        for draft in drafts:
            table = np.full((1, k, len(self.signals) + len(OF_TEXT)), np.nan)
            table[0, draft.path] = draft_measures(draft.signals, self.signals, query.text, draft.answer)
            score = self.scorer.predict(table)[:, draft.path]
            blank = self.hopeless.predict(table)[:, draft.path] if self.hopeless else np.full(1, np.nan)
            beliefs = self.beliefs.learn(beliefs, np.array([draft.path]), score, blank)
        return beliefs

    def effects(self, question: str, draft: Drafted) -> list[tuple[str, float]]:
        """Return the change of P(the draft is right) by each signal, heaviest first.

        It is the change of the probability when the signal is missing; changes below a thousandth are left
        out.
        """
        names = [*self.signals, *OF_TEXT]
        k = len(self.prior.paths)
        table = np.full((len(names) + 1, k, len(names)), np.nan)
        table[:, draft.path] = draft_measures(draft.signals, self.signals, question, draft.answer)
        table[range(1, len(table)), draft.path, range(len(names))] = np.nan
        right = self.scorer.predict(table)[:, draft.path]
        found = [(name, float(right[0] - right[row])) for row, name in enumerate(names, 1)]
        return sorted((f for f in found if abs(f[1]) >= 1e-3), key=lambda f: -abs(f[1]))

    def state(self) -> State:
        """Return the complete state of the judgement."""
        own = {"prior": self.prior, **{part: getattr(self, part) for part in PARTS}}
        parts = {name: part.state() for name, part in own.items() if part is not None}
        facts = {"signals": list(self.signals), "dimension": self.dimension, "lam": self.lam}
        return State.of({"escalation": facts}, parts)

    @classmethod
    def load(cls, path: Path | str, embed: Embed | None = None) -> "Judgement":
        """Load a judgement from a file written by ``state().save(path)``.

        Raises:
            PolicyError: The file is missing, damaged, edited, of another version, or of another router.
        """
        state, where = State.load(path), str(path)
        if "escalation" not in state.meta:
            raise PolicyError(f"{where}: this router was not trained to judge drafts; {MEND}")
        with whole(where, "trained escalation"):
            facts = state.meta["escalation"]
            return cls(
                prior=PathEstimator.from_state(state.part("prior"), embed, where),
                signals=tuple(map(str, facts["signals"])),
                scorer=Scorer.from_state(state.part("scorer")),
                hopeless=Scorer.from_state(state.part("hopeless")) if "hopeless" in state.meta else None,
                beliefs=BeliefModel.from_state(state.part("beliefs")),
                policy=EscalationPolicy.from_state(state.part("policy"), where),
                dimension=cast("Dimension", facts["dimension"]),
                lam=float(facts["lam"]),
            )
