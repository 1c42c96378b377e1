"""Opens the run store that a policy names, or that of the environment."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dynamicrag.cost.runs import Runs
    from dynamicrag.policy.policy import Policy
    from dynamicrag.store.log import Log


def open_runs(policy: "Policy | None" = None) -> "Runs":
    """Return the accounts of queries in the run store.

    Raises:
        RunsError: The store cannot be opened.
    """
    from dynamicrag.cost.runs import Runs

    return Runs(policy.runs.address if policy is not None else None)


def open_log(policy: "Policy | None" = None) -> "Log":
    """Return the decision log in the run store.

    Raises:
        RunsError: The store cannot be opened.
    """
    from dynamicrag.store.log import Log

    return Log(open_runs(policy).database)
