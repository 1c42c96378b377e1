"""The sources of feedback: their weights, and the feedback that a query gives by itself.

==========  ====================================================  ======  ==============================
source      what it is                                            weight  what it is worth
==========  ====================================================  ======  ==============================
``user``    thumbs, ratings and preferences of people             1       the measure of all others
``gold``    F1 of an answer against gold answers                  1       objective; strict with sentences
``drafts``  an escalation's drafts, compared by belief            .2      costs nothing; biased, see below
``verifier``  the calibrated belief that the accepted draft       0       costs nothing; partly repeats
            is right                                                      the prior
``judge``   a model's mark for a sample of the answers            0       costs a call; judges favour
                                                                          long and own answers
==========  ====================================================  ======  ==============================

Any other name is the caller's own source, of weight 1 unless the policy lists it. A weight of 0 switches a
source off: nothing of it is learnt, and the package does not produce it.

The belief in a draft joins the shipped prior with the signals of the verifiers. A learner that starts from
the same prior would count that prior twice, so ``verifier`` is off by default, and ``drafts`` has a small
weight. ``drafts`` is also selective: a draft is only followed by another if the belief in it was low, so part
of the difference is regression to the mean.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dynamicrag.cost.vector import Dimension
from dynamicrag.learning.duels import drafts_of, duels
from dynamicrag.store.logged import Feedback, LoggedQuery

USER, GOLD, DRAFTS, VERIFIER, JUDGE = "user", "gold", "drafts", "verifier", "judge"
WEIGHTS: Mapping[str, float] = {USER: 1.0, GOLD: 1.0, DRAFTS: 0.2, VERIFIER: 0.0, JUDGE: 0.0}
"""Weights of the named sources if the policy does not list them."""


@dataclass(frozen=True, slots=True)
class JudgeSource:
    """A model that marks a sample of the answers.

    Attributes:
        model: Its name in the policy.
        share: Share of the answers that it marks, above 0 and at most 1.
        weight: Weight of its marks for the learners; at 0 the marks are only stored.
        budget: Largest total amount that it may spend, by dimension; without limits, no amount.
        account: Name under which processes share the budget and remember its spending; ``""`` for a budget
            of this process alone.
    """

    model: str
    share: float = 0.05
    weight: float = 0.5
    budget: Mapping[Dimension, float] = field(default_factory=dict)
    account: str = ""


@dataclass(frozen=True, slots=True)
class Sources:
    """The sources that a policy learns from.

    Attributes:
        weights: Weight of a reward by its source, 0 and above.
        judge: The judge, if there is one.
    """

    weights: Mapping[str, float] = field(default_factory=dict)
    judge: JudgeSource | None = None

    def weight(self, source: str) -> float:
        """Return the weight of a source's rewards; 0 if it is switched off."""
        if source == JUDGE and self.judge is not None:
            return self.judge.weight
        return self.weights.get(source, WEIGHTS.get(source, 1.0))


def own_feedback(query: LoggedQuery, sources: Sources) -> list[Feedback]:
    """Return the feedback that a finished query gives by itself: of ``verifier`` and of ``drafts``."""
    drafts, found = drafts_of(query), list[Feedback]()
    if sources.weight(VERIFIER) and query.path.get("verification") == "accept" and drafts:
        found.append(Feedback(query.id, "belief", VERIFIER, query.at, score=drafts[-1].belief))
    if sources.weight(DRAFTS):
        found += [
            Feedback(query.id, "duel", DRAFTS, query.at, stage="generator", a=a, b=b, y=y)
            for a, b, y in duels(drafts)
        ]
    return found
