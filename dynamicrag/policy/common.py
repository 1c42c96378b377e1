"""The resources that all policies of one object share: its books, its budget, and the caller's objects."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dynamicrag.cost.bookkeeper import Bookkeeper
from dynamicrag.cost.budget import Budget
from dynamicrag.cost.calibration import Calibration
from dynamicrag.cost.ledger import Ledger
from dynamicrag.cost.meters import check_meter, shared_attribution
from dynamicrag.cost.profiles import Profiles, here, load_profiles
from dynamicrag.cost.shared_purse import SharedPurse
from dynamicrag.learning.background import Background
from dynamicrag.learning.writer import FeedbackWriter
from dynamicrag.policy.build_embedders import default_embedder
from dynamicrag.policy.objects import Objects, Taken
from dynamicrag.policy.policy import Policy
from dynamicrag.policy.sharing import Shared
from dynamicrag.retrieval.base import Retriever
from dynamicrag.retrieval.embedder import Embedder
from dynamicrag.store.address import data_dir

if TYPE_CHECKING:
    from dynamicrag.cost.runs import Runs
    from dynamicrag.store.log import Log

__all__ = ["Common", "common_of"]


@dataclass(frozen=True, slots=True)
class Common:
    """The shared resources."""

    known: Profiles
    ledger: Ledger
    budget: Budget
    bookkeeper: Bookkeeper
    feedback: FeedbackWriter
    after: Background
    embedder: Embedder
    objects: Objects
    routers: Taken
    retrievers: Mapping[str, Retriever]
    verifiers: Taken
    shared: Shared
    trust: bool

    def beside(self, policy: Policy) -> "Common":
        """Return a copy for a further policy: with its limits, and copies of objects that a policy binds."""
        limits = policy.objective.budget
        return replace(
            self,
            budget=self.budget.beside(limits.per_query, limits.exhausted),
            retrievers={name: copy.copy(each) for name, each in self.retrievers.items()},
            verifiers=self.verifiers.copied(),
        )


def common_of(policy: Policy, objects: Objects, trust: bool) -> Common:
    """Return the resources of an object, as its first policy sets them."""
    known = load_profiles()
    host = here(known.host, policy.host.country, policy.host.coefficients, policy.where("host"))
    meter = check_meter(policy.host.meter, policy.where("host", "meter"))
    runs, log = _store(policy)
    ledger = Ledger(shared_attribution(meter), host, Calibration(runs.known_calls() if runs else {}))
    budget = _budget(policy)
    return Common(
        known=known,
        ledger=ledger,
        budget=budget,
        bookkeeper=Bookkeeper(ledger, budget, runs, log),
        feedback=FeedbackWriter(log),
        after=Background("an answer's own feedback is lost"),
        embedder=objects.own_embedder() or default_embedder(),
        objects=objects,
        routers=objects.own_routers(),
        retrievers=objects.own_retrievers(),
        verifiers=objects.own_verifiers(),
        shared=Shared(),
        trust=trust,
    )


def _store(policy: Policy) -> "tuple[Runs | None, Log | None]":
    """Return the accounts and the decision log in the run store; none if the policy stores no queries."""
    if not policy.runs.keep:
        return None, None
    from dynamicrag.cost.runs import Runs  # SQLAlchemy takes a while to import
    from dynamicrag.store.log import Log

    runs = Runs(policy.runs.address, policy.runs.keep)
    return runs, Log(runs.database, policy.runs.keep)


def _budget(policy: Policy) -> Budget:
    section = policy.objective.budget
    purse = SharedPurse(data_dir() / "budgets.sqlite", section.account) if section.account else None
    return Budget(section.per_query, section.total, section.exhausted, purse)
