"""An evaluation of escalation on the terminal: policies, verifiers, conformal sets."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dynamicrag.cli.console import joined, plain
from dynamicrag.cli.eval_tables import name_of, percent_of, reach, share_of, unit_of
from dynamicrag.cli.tables import plain_table, show
from dynamicrag.lab.routing.page_words import between, points

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

SURE = 0.05
_SHOWN = ("router", "always_strong", "always_weak", "best_single", "oracle")
_AT = ("0.2", "0.31")


def print_cascade(out: "Console", found: Mapping[str, Any]) -> None:
    """Print an evaluation.

    Args:
        out: Where.
        found: From :func:`~dynamicrag.lab.cascade.evaluate.evaluate`.
    """
    data = found["data"]
    unit = unit_of(data)
    how = f"{data['folds']} folds" if data["folds"] else f"learnt from {data['train']}"
    size = f"{data['queries']:,} queries, {len(data['options'])} options"
    title = " · ".join([data["test"] or data["train"], size, how, f"cost: {data['cost']['name']} a query"])
    out.print(joined((plain(title), "bold")))
    out.print()
    show(out, _policies(found, unit), "best", "at 20 %", "saved", "95 %")
    out.print(plain(_LEGEND), style="dim")
    out.print()
    out.print(joined(("Verification over the router alone, at equal mean cost", "bold")))
    show(out, _over_router(found, unit), "router")
    best = found["ranking"][0]
    if found["policies"][best]["stages"]:
        out.print()
        out.print(joined((f"What escalation changed ({plain(best)}; added to the means)", "bold")))
        out.print(_stages(found["policies"][best]["stages"], unit))
    blank = found["baselines"]["router"]["unanswerable"]
    if blank is not None:
        out.print()
        numbers = f"{blank['unanswerable']:,}; {blank['answerable']:,} others"
        out.print(joined((f"Unanswerable questions ({numbers})", "bold")))
        show(out, _unanswerable(found), "95 %  ", "95 % ", "95 %")
        out.print(plain(_OF_UNANSWERABLE), style="dim")
    out.print()
    out.print(joined(("Verifiers", "bold")))
    show(out, _verifiers(found, unit), "95 % ", "drafts", "95 %")
    out.print(plain(_OF_VERIFIERS), style="dim")
    out.print()
    out.print(joined((f"Conformal sets of {found['conformal']['of']}", "bold")))
    show(out, _conformal(found), "95 %", "mean size")
    solvable = percent_of(found["conformal"]["solvable"])
    out.print(f"coverage: of the {solvable} of the queries that have a right one.", style="dim")
    for note in found["notes"]:
        out.print(f"note: {plain(note)}", style="yellow")


_LEGEND = (
    "quality, cost, escalated: at the λ at which hardly any quality was lost in what was learnt from; all "
    "drafts and samples are paid for. saved: of the best single option's cost, at its quality. at 20 %, "
    "31 %: quality when as many are escalated. best: the curve's highest point, in hindsight. *: better than "
    "the best single option for sure, all policies considered."
)


_OF_UNANSWERABLE = (
    "abstained, invented: of the unanswerable; a draft that failed is neither. wrongly abstained: of the "
    "others. Before are the router and single options, which accept every draft and abstain where it does; "
    "after are the policies."
)
_OF_VERIFIERS = (
    "AUROC of the signal, below .5 where it speaks against; ECE of its calibrated probability, learnt from "
    "other rows, and raw of the signal itself where it can be taken for one. cost: of its verifier, a draft; "
    "of draft: as a share of what the draft costs without verification. learnt: from all signals, at all "
    "verifiers' cost."
)


def _policies(found: Mapping[str, Any], unit: Callable[[float], str]) -> "Table":
    abstains = any(own["chosen"]["abstained"] for own in found["policies"].values())
    extra = ("abstained>",) if abstains else ()
    table = plain_table(
        "policy", "quality>", "95 %", "cost>", "escalated>", *extra, "saved>", "at 20 %>", "at 31 %>", "best>"
    )
    for column in table.columns:
        column.no_wrap = True
    for name in found["ranking"]:
        own = found["policies"][name]["chosen"]
        sure = own["gain"] > 0 and own.get("p_holm", 1.0) < SURE
        cells = _row(found["policies"][name], unit, abstains=abstains)
        table.add_row(name_of(name) + "*" * sure, *cells, style="bold green" if sure else "")
    table.add_section()
    for name in _SHOWN:
        table.add_row(name, *_row(found["baselines"][name], unit, abstains=abstains), style="dim")
    return table


def _row(own: Mapping[str, Any], unit: Callable[[float], str], *, abstains: bool) -> list[str]:
    chosen, at = own["chosen"], own["quality_at_share"]
    return [
        share_of(chosen["quality"]), reach(chosen["intervals"]["quality"]), unit(chosen["cost"]),
        percent_of(chosen["escalated"]), *([percent_of(chosen["abstained"])] if abstains else []),
        percent_of(own["saving"]), *(share_of(at[s]["quality"]) if s in at else "" for s in _AT),
        share_of(own["best"]["quality"]),
    ]  # fmt: skip


def _over_router(found: Mapping[str, Any], unit: Callable[[float], str]) -> "Table":
    table = plain_table("policy", "cost>", "quality>", "router>", "difference>", "95 %")
    for name in found["ranking"]:
        own = found["policies"][name]
        over = own["over_router"]
        table.add_row(
            name_of(name), unit(over["cost"]), share_of(own["chosen"]["quality"]), share_of(over["router"]),
            points(over["difference"]), between(over["interval"]),
        )  # fmt: skip
    return table


def _stages(groups: Sequence[Mapping[str, Any]], unit: Callable[[float], str]) -> "Table":
    table = plain_table("stages", "queries>", "quality>", "95 %", "cost>")
    for own in groups:
        table.add_row(
            " + ".join(own["stages"]), f"{own['queries']:,}", points(own["gain"]), between(own["interval"]),
            unit(own["cost"]),
        )  # fmt: skip
    return table


def _unanswerable(found: Mapping[str, Any]) -> "Table":
    table = plain_table("policy", "abstained>", "95 %", "invented>", "95 % ", "wrongly abstained>", "95 %  ")
    for name in found["ranking"]:
        table.add_row(name_of(name), *_unanswered(found["policies"][name]["unanswerable"]))
    table.add_section()
    for name in _SHOWN:
        table.add_row(name, *_unanswered(found["baselines"][name]["unanswerable"]), style="dim")
    return table


def _unanswered(own: Mapping[str, Any]) -> list[str]:
    """Return shares with their counts, each before its interval."""
    cells = []
    for key in ("abstained", "invented", "wrongly_abstained"):
        share, ends = own[key]["share"], own[key]["interval"]
        cells.append("–" if share is None else f"{own[key]['count']:,} = {percent_of(share)}")
        cells.append("" if ends is None else f"{percent_of(ends[0])} to {percent_of(ends[1])}")
    return cells


def _verifiers(found: Mapping[str, Any], unit: Callable[[float], str]) -> "Table":
    table = plain_table(
        "signal", "AUROC>", "95 %", "ECE raw>", "ECE>", "95 % ", "cost>", "of draft>", "drafts>"
    )
    ordered = sorted(found["verifiers"].items(), key=lambda item: -abs((item[1]["auroc"] or 0.5) - 0.5))
    for name, own in ordered:
        ends = own["intervals"]
        table.add_row(
            name_of(name), share_of(own["auroc"]), reach(ends["auroc"]), share_of(own["ece_raw"]),
            share_of(own["ece"]), reach(ends["ece"]), "–" if own["cost"] is None else unit(own["cost"]),
            percent_of(own["cost_share"]), f"{own['drafts']:,}",
        )  # fmt: skip
    return table


def _conformal(found: Mapping[str, Any]) -> "Table":
    routed = found["conformal"]["of"] == "answers"
    extra = ("one: right>", "routed>", "escalated>") if routed else ()
    table = plain_table("target>", "coverage>", "95 %", "mean size>", "one>", *extra)
    for own in found["conformal"]["levels"].values():
        more = [
            share_of(own["single_quality"]), share_of(own["routed"]["quality"]),
            percent_of(own["routed"]["escalated"]),
        ] if routed else []  # fmt: skip
        table.add_row(
            share_of(own["target"]), share_of(own["coverage"]), reach(own["interval"]), f"{own['size']:.2f}",
            percent_of(own["single"]), *more,
        )  # fmt: skip
    return table
