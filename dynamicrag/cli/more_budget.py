"""Asks the person at the terminal whether a question may cost more than its budget."""

import asyncio
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from rich.console import Console

from dynamicrag.errors import BudgetExceeded
from dynamicrag.offers import BudgetRequest


def at_terminal() -> bool:
    """Return whether a person can be asked."""
    return sys.stdin is not None and sys.stdin.isatty()


def confirmed(out: Console, request: BudgetRequest) -> bool:
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


async def aconfirmed(out: Console, request: BudgetRequest) -> bool:
    """As :func:`confirmed`. A cancelled wait, for example by Ctrl-C, ends at once, without a further key.

    Reading the terminal cannot be cancelled, so a thread reads that the interpreter does not wait for.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[bool] = loop.create_future()

    def read() -> None:
        try:
            said = confirmed(out, request)
        except Exception as error:  # noqa: BLE001 - it is the caller's
            pass_on(answer.set_exception, error)
        else:
            pass_on(answer.set_result, said)

    def pass_on(to: Callable[[Any], None], value: Any) -> None:
        with suppress(RuntimeError):  # the loop is closed, and nobody waits
            loop.call_soon_threadsafe(lambda: None if answer.done() else to(value))

    threading.Thread(target=read, name="dynamicrag-terminal", daemon=True).start()
    return await answer
