"""``dynamicrag routers``: all routers in the design space of the survey."""

import re
from typing import Any

from dynamicrag.cli.options import JsonOption
from dynamicrag.cli.result import Output
from dynamicrag.lab.view.page import Column, Table

HINT = (
    "A trained router takes the file that 'dynamicrag train' wrote: {knn: {state: FILE}}; 'train stage "
    "--add-to' gives it new options. It does not learn while it answers: learn() is for programs that feed "
    "rewards to a predictor. A router that learns from feedback needs no file. --json has the papers in full."
)


def routers(json: JsonOption = None) -> None:
    """Show when each router decides, what it uses, how it computes, and where it is from.

    The axes are those of the survey "Dynamic Model Routing and Cascading".
    """
    out = Output(json)
    matrix = design_space()
    out.give(matrix, _table(matrix))
    if out.in_words:
        out.print(HINT, style="dim")


def design_space() -> dict[str, dict[str, Any]]:
    """Return the axes of every router, by name: of a stage or of all of them first, then predictors."""
    from dynamicrag.predictors.base import PREDICTORS
    from dynamicrag.predictors.online import Learner
    from dynamicrag.routers.base import ROUTERS
    from dynamicrag.routers.joint import Joint

    rules: dict[str, Any] = {**{name: ROUTERS[name] for name in ROUTERS}, Joint.registered: Joint}
    learnt: dict[str, Any] = {name: PREDICTORS[name] for name in PREDICTORS if name not in rules}
    return {
        name: {
            "when": list(kind.when), "uses": list(kind.uses), "how": kind.how, "paper": kind.paper,
            "trained": not issubclass(kind, Learner) if name in learnt else kind.trained,
            "learns_online": kind.online, "learns_from_feedback": issubclass(kind, Learner),
            "takes_new_options": kind.grows,
            "what": (kind.__doc__ or "").strip().partition("\n")[0],
        }
        for name, kind in {**rules, **learnt}.items()
    }  # fmt: skip


def _table(matrix: dict[str, dict[str, Any]]) -> Table:
    rows = []
    for name, row in matrix.items():
        when = [word.removesuffix("-generation") for word in row["when"]]
        source = re.match(r".*?\d{4}", row["paper"])
        grows = ("--add-to" if row["trained"] else "any") if row["takes_new_options"] else "train again"
        online = "feedback" if row["learns_from_feedback"] else "learn()" if row["learns_online"] else "no"
        cells = (", ".join(when), ", ".join(row["uses"]) or "nothing", row["how"], online, grows)
        rows.append([name, *cells, source.group() if source else ""])
    titles = ("router", "when", "uses", "how", "online", "new options", "from")
    columns = [Column(title, number=False, spare=int(title == "how")) for title in titles]
    return Table(columns, rows, most=len(rows))
