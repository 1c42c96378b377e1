"""Asks the person at the terminal whether a question may cost more than its budget."""

import sys
from typing import TYPE_CHECKING

from dynamicrag.errors import BudgetExceeded

if TYPE_CHECKING:
    from rich.console import Console

    from dynamicrag.offers import BudgetRequest


def at_terminal() -> bool:
    """Return whether a person can be asked."""
    return sys.stdin is not None and sys.stdin.isatty()


def confirmed(out: "Console", request: "BudgetRequest") -> bool:
    """Return whether the person at the terminal grants the cheapest offer; the end of input refuses.

    Raises:
        BudgetExceeded: There is no terminal.
    """
    if not at_terminal():
        raise BudgetExceeded(
            f"{request['message']} There is no terminal to ask at; raise objective.budget.per_query"
        )
    out.print()
    out.print(request["message"], style="yellow")
    try:
        return input(f"{request['offers'][0]['sentence']}? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False
