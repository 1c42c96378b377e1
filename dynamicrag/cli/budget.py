"""``dynamicrag budget``: the rest of a total budget that processes of this host share."""

from typing import Annotated

import typer

from dynamicrag.cli.options import JsonOption, PolicyOption
from dynamicrag.cli.result import Output
from dynamicrag.cost.amounts import amount
from dynamicrag.errors import InputError
from dynamicrag.lab.view.page import Column, Table
from dynamicrag.lab.view.terminal import print_table
from dynamicrag.store.address import data_dir


def budget(
    policy: PolicyOption = "balanced",
    reset: Annotated[bool, typer.Option("--reset", help="Set what is spent back to zero.")] = False,
    json: JsonOption = None,
) -> None:
    """Show what is spent, reserved and left of a policy's shared total budget."""
    from dynamicrag.cost.budget import Budget
    from dynamicrag.cost.shared_purse import SharedPurse
    from dynamicrag.policy.file import load_policy

    out = Output(json)
    loaded = load_policy(policy)
    section = loaded.objective.budget
    if section.account is None:
        raise InputError(
            f"{loaded.where('objective', 'budget')}: the policy shares no total; name one, such as "
            "'account: team', with a 'total', to share it among the processes of this host"
        )
    purse = SharedPurse(data_dir() / "budgets.sqlite", section.account)
    if reset:
        purse.reset()
    standings = Budget(total=section.total, purse=purse).state()
    rows = {dimension: standing.as_dict() for dimension, standing in standings.items()}
    out.give({"account": section.account, "total": rows})
    titles = (section.account, "limit", "spent", "set aside", "left", "overspent")
    lines = [
        [name, *(amount(name, value, noun=False) for value in row.values())] for name, row in rows.items()
    ]
    print_table(out, Table([*map(Column, titles)], lines))
