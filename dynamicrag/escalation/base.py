"""The contract of an escalation policy: beliefs in, the next step out.

A policy knows no text, verifiers or LangGraph. At every step it receives the beliefs in each option (see
:mod:`dynamicrag.escalation.beliefs`), their costs, the remaining budget, and λ, the quality that one unit of
cost is worth; it names the next option, or ends with or without a draft::

    policy = POLICIES.build({"value": {"hope": 0.1}}, "--policies")
    policy.fit(data)                       # recorded outcomes; see .training_data
    verdict = policy.decide(beliefs, lam)  # step (n,): an option, ACCEPT or ABSTAIN; draft (n,)
    policy.state().save("routers/escalation.npz")

To add a policy, write a file with a subclass that implements ``_decide`` and, if it learns, ``_fit`` and
``fitted``. :meth:`EscalationPolicy.decide` repeats no step, takes no step beyond the budget, and withholds a
draft that is less likely to be right than the question is to have no answer.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from dynamicrag.errors import PolicyError
from dynamicrag.escalation.beliefs import Beliefs, Positions
from dynamicrag.predictors.persistent import Persistent
from dynamicrag.predictors.state import MEND, State
from dynamicrag.registry import Registry

if TYPE_CHECKING:
    from dynamicrag.escalation.training_data import TrainingData

ACCEPT, ABSTAIN = -1, -2


@dataclass(frozen=True, slots=True)
class Verdict:
    """The next step of n queries.

    Attributes:
        step: The option to try, :data:`ACCEPT` or :data:`ABSTAIN`, (n,).
        draft: The option whose draft is accepted, if any, (n,).
    """

    step: Positions
    draft: Positions


class EscalationPolicy(Persistent, ABC):
    """Decides whether a draft is good enough."""

    def fit(self, data: "TrainingData") -> Self:
        """Learn from recorded outcomes."""
        self._fit(data)
        return self

    def decide(self, beliefs: Beliefs, lam: float) -> Verdict:
        """Return the next step of every query.

        Args:
            beliefs: The current beliefs.
            lam: Quality that one unit of cost is worth.

        Raises:
            PolicyError: The policy is not trained.
        """
        for name in self.fitted:
            if not hasattr(self, name):
                raise PolicyError(f"{self.registered!r} is not trained yet; fit it, or load a trained one")
        choice = self._decide(beliefs, lam)
        can, drafted = beliefs.open, beliefs.tried.any(axis=1)
        rows = np.arange(len(beliefs))
        step = np.array(choice.step)
        # without a draft there is nothing to accept, so an option is tried as long as one is open
        none = (step == ACCEPT) & ~drafted
        first = np.where(can, beliefs.mean - lam * np.where(can, beliefs.cost, 0.0), -np.inf).argmax(axis=1)
        step = np.where(none & can.any(axis=1), first, np.where(none, ABSTAIN, step))
        shut = (step >= 0) & ~can[rows, np.maximum(step, 0)]
        step = np.where(shut, np.where(drafted, ACCEPT, ABSTAIN), step)
        draft = np.where(beliefs.tried[rows, choice.draft], choice.draft, beliefs.best)
        step = np.where((step == ACCEPT) & (beliefs.abstain > beliefs.mean[rows, draft]), ABSTAIN, step)
        return Verdict(step.astype(np.intp), draft.astype(np.intp))

    def state(self) -> State:
        """Return the complete state of the policy."""
        return State({"policy": self.registered, "params": self.params()}, self.pack().arrays)

    @classmethod
    def from_state(cls, state: State, where: str = "state") -> "EscalationPolicy":
        """Build a policy of any kind from a state.

        Raises:
            PolicyError: The state is of an unknown policy, or lacks a part.
        """
        try:
            policy = POLICIES.build({state.meta["policy"]: dict(state.meta["params"])}, where)
            policy.unpack(state)
        except (KeyError, TypeError, ValueError) as error:
            raise PolicyError(
                f"{where}: this is not a complete state of a policy ({error!r}); {MEND}"
            ) from None
        return policy

    def _fit(self, data: "TrainingData") -> None:
        """Fit, if the policy learns."""

    @abstractmethod
    def _decide(self, beliefs: Beliefs, lam: float) -> Verdict:
        """Return the next step; an impossible step ends with the current draft."""


POLICIES: Registry[EscalationPolicy] = Registry(
    "escalation policy", "dynamicrag.escalation", EscalationPolicy
)
