"""``dynamicrag routers``: all routers in the design space of the survey."""

import re
from typing import Any

from dynamicrag.cli.options import JsonOption


def routers(json: JsonOption = None) -> None:
    """Show when each router decides, what it uses, how it computes, and where it is from.

    The axes are those of the survey "Dynamic Model Routing and Cascading".
    """
    from dynamicrag.cli.output import check_target, write_json

    check_target(json)
    matrix = design_space()
    if json is not None:
        write_json(json, matrix)
    if json != "-":
        _show(matrix)


def design_space() -> dict[str, dict[str, Any]]:
    """Return the axes of every router, by name: rules first, then predictors."""
    from dynamicrag.predictors.base import PREDICTORS
    from dynamicrag.routers.base import ROUTERS

    rules: dict[str, Any] = {name: ROUTERS[name] for name in ROUTERS}
    learnt: dict[str, Any] = {name: PREDICTORS[name] for name in PREDICTORS if name not in rules}
    return {
        name: {
            "when": list(kind.when), "uses": list(kind.uses), "how": kind.how, "paper": kind.paper,
            "trained": name in learnt or getattr(kind, "trained", False),
            "learns_online": getattr(kind, "online", False),
            "takes_new_options": getattr(kind, "grows", True),
            "what": (kind.__doc__ or "").strip().partition("\n")[0],
        }
        for name, kind in {**rules, **learnt}.items()
    }  # fmt: skip


def _show(matrix: dict[str, dict[str, Any]]) -> None:
    from dynamicrag.cli.console import console
    from dynamicrag.cli.tables import plain_table

    out = console()
    table = plain_table("router", "when", "uses", "how", "new options", "from")
    for name, row in matrix.items():
        when = [word.removesuffix("-generation") for word in row["when"]]
        source = re.match(r".*?\d{4}", row["paper"])
        grows = "yes" if row["takes_new_options"] else "train again"
        cells = (", ".join(when), ", ".join(row["uses"]) or "nothing", row["how"], grows)
        table.add_row(name, *cells, source.group() if source else "")
    out.print(table)
    out.print(
        "A trained router takes the file that 'dynamicrag train' wrote: {knn: {state: FILE}}. "
        "--json has the papers in full.",
        style="dim",
    )
