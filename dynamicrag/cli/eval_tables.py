"""An evaluation on the terminal: routers, baselines, options, groups."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from dynamicrag.cli.console import joined, plain
from dynamicrag.cli.tables import plain_table
from dynamicrag.cli.units import bare, short
from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.lab.view.amounts import digits

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from dynamicrag.lab.routing.evaluate import Evaluation

ROWS = 16
SURE = 0.05
_SHOWN = ("oracle", "oracle_cheapest", "best_single", "cheapest", "random")


def print_evaluation(out: "Console", found: "Evaluation") -> None:
    """Print an evaluation.

    Args:
        out: Where.
        found: From :func:`~dynamicrag.lab.routing.evaluate.evaluate`.
    """
    data = found["data"]
    unit = unit_of(data)
    out.print(joined((plain(_title(found)), "bold")))
    out.print()
    out.print(_routers(found, unit))
    out.print(plain(_legend(found)), style="dim")
    if data["cost"] and any(own["quality_at"] for own in found["routers"].values()):
        out.print()
        out.print(joined((f"Quality at a mean {plain(data['cost']['name'])} of", "bold")))
        out.print(_at(found))
        out.print(plain(_lambdas(found)), style="dim")
    out.print()
    out.print(joined(("Options", "bold")))
    out.print(_options(found, unit))
    for line in _complement(found):
        out.print(plain(line), style="dim")
    best = found["ranking"][0]
    groups = found["routers"][best]["groups"]
    if len(groups) > 1:
        out.print()
        out.print(joined((f"By group ({plain(best)})", "bold")))
        out.print(_groups(groups, unit))
    for note in found["notes"]:
        out.print(f"note: {plain(note)}", style="yellow")


def unit_of(data: Mapping[str, Any]) -> Callable[[float], str]:
    """Return how a cost is written."""
    name = data["cost"]["name"] if data["cost"] else ""
    return partial(bare, name) if name in DIMENSIONS else short


def _title(found: "Evaluation") -> str:
    data = found["data"]
    how = f"{data['folds']} folds" if data["folds"] else f"learnt from {data['train']}"
    by = " by group" if data["split"] == "group" else ""
    cost = f"cost: {data['cost']['name']} a query" if data["cost"] else "no cost"
    families = ", ".join(f if isinstance(f, str) else next(iter(f)) for f in found["features"]["families"])
    size = f"{data['queries']:,} queries, {len(data['options'])} options"
    return " · ".join([data["test"] or data["train"], size, how + by, cost, families])


def _routers(found: "Evaluation", unit: Callable[[float], str]) -> "Table":
    priced = ("cost>", "saved>", "−.01>") if found["data"]["cost"] else ()
    table = plain_table("router", "quality>", "95 %", *priced, *_extra(found), "µs>", "train s>")
    for column in table.columns:
        column.no_wrap = True
    names = found["ranking"]
    for name in names[:ROWS]:
        own = found["routers"][name]
        sure = own["gain"] > 0 and own.get("p_holm", 1.0) < SURE
        timing = [f"{own['decision_us']:,.0f}", short(own["train_seconds"])]
        table.add_row(
            name_of(name) + "*" * sure,
            *_figures(own, unit, found),
            *timing,
            style="bold green" if sure else "",
        )
    if len(names) > ROWS:
        table.add_row(f"… and {len(names) - ROWS} more: --json has them", style="dim")
    table.add_section()
    for name in _SHOWN:
        own = found["baselines"][name]
        table.add_row(name_of(name), *_figures(own, unit, found), "", "", style="dim")
    return table


def _extra(found: "Evaluation") -> Sequence[str]:
    if "weak" in found["data"]:
        return ("APGR>", "CPT50>", "CPT80>")
    if any("accuracy" in own for own in found["routers"].values()):
        return ("balanced>",)
    return ("gap>", "area>") if found["data"]["cost"] else ("gap>",)


def _figures(own: Mapping[str, Any], unit: Callable[[float], str], found: "Evaluation") -> Sequence[str]:
    shown = {
        "APGR>": share_of(own.get("apgr")),
        "CPT50>": percent_of(own.get("cpt50")),
        "CPT80>": percent_of(own.get("cpt80")),
        "balanced>": share_of(own.get("balanced_accuracy")),
        "gap>": percent_of(own["gap_closed"]),
        "area>": share_of(own["area"]),
    }
    savings = (own["saving"], own["saving_within_point"])
    priced = [unit(own["cost"]), *map(percent_of, savings)] if found["data"]["cost"] else []
    quality = [share_of(own["quality"]), reach(own["intervals"]["quality"])]
    return [*quality, *priced, *(shown[name] for name in _extra(found))]


def _legend(found: "Evaluation") -> str:
    features = found["features"]
    single = found["baselines"]["best_single"]
    calls = max(single["calls"], key=lambda name: single["calls"][name])
    about = {
        "APGR>": "APGR, CPT: RouteLLM's, ranked by predicted gain",
        "balanced>": "quality: the share of right labels; balanced: the mean of both labels' shares",
        "gap>": "gap: closed of that between best single option and oracle",
        "area>": "area: mean quality along the curve",
    }
    said = ["quality, cost: at λ = 0"]
    if found["data"]["cost"]:
        said.append(f"saved: of the cost of the best single option ({calls}), at its quality and at .01 less")
    said.append("*: better than it for sure, all routers considered")
    made = f"features {digits(features['us'] / 1000)} ms a query"
    if features.get("embedding_us"):
        made += f" + embedding {digits(features['embedding_us'] / 1000)} ms"
    return "; ".join([*said, *(about[name] for name in _extra(found) if name in about), made]) + "."


def _lambdas(found: "Evaluation") -> str:
    """Return what keeps the first router to each cost."""
    best, cost = found["ranking"][0], found["data"]["cost"]["name"]
    each = [
        f"{price}: {'out of reach' if lam is None else f'{lam:.4g}'}"
        for price, lam in found["routers"][best]["lambda_at"].items()
    ]
    told = f"λ that keeps the mean cost of {best} to it, as expected: {'; '.join(each)}"
    return told + (f"; in a policy, objective: {{weights: {{{cost}: λ}}}}" if cost in DIMENSIONS else "")


def _at(found: "Evaluation") -> "Table":
    names = found["ranking"][:ROWS]
    prices = list(found["routers"][names[0]]["quality_at"])
    table = plain_table("router", *(f"{price}>" for price in prices))
    for name in [*names, "random", "oracle_cheapest"]:
        own = found["routers"].get(name) or found["baselines"][name]
        cells = [
            f"{share_of(own['quality_at'][price])} {reach(own['intervals']['quality_at'][price])}"
            for price in prices
        ]
        table.add_row(name_of(name), *cells, style="" if name in found["routers"] else "dim")
    return table


def _options(found: "Evaluation", unit: Callable[[float], str]) -> "Table":
    best = found["ranking"][0]
    calls = found["routers"][best]["calls"]
    priced = ["cost>"] if found["data"]["cost"] else []
    called = f"calls by {name_of(best)}>"
    table = plain_table("option", "quality>", *priced, "only right>", "missed>", "95 %", called)
    options = found["complementarity"]["options"]
    ordered = sorted(options, key=lambda name: -options[name]["quality"])
    for name in ordered[:ROWS]:
        own = options[name]
        ends = reach(own["intervals"]["oracle_loss"]) if "intervals" in own else ""
        missed = share_of(own.get("oracle_loss"))
        table.add_row(
            name_of(name), share_of(own["quality"]), *([unit(own["cost"])] if priced else []),
            percent_of(own["only_right"]), missed, ends, percent_of(calls[name]),
        )  # fmt: skip
    if len(ordered) > ROWS:
        table.add_row(f"… and {len(ordered) - ROWS} more: --json has them", style="dim")
    return table


def _complement(found: "Evaluation") -> list[str]:
    about, lines = found["complementarity"], []
    lines.append(
        "only right: above all others by more than .5. missed: what the oracle would lose without it. "
        f"On {percent_of(about['none_right'])} of the queries none is right."
    )
    whole = about["subsets"][-1]["oracle"]
    steps = [f"{len(s['options'])}: {share_of(s['oracle'])}" for s in about["subsets"][:4]]
    if len(about["subsets"]) > 2:
        two = " + ".join(about["subsets"][1]["options"])
        lines.append(
            f"Oracle over the best of {', '.join(steps)} … all: {share_of(whole)}; the best two are {two}."
        )
    gone = about["could_go"]
    if gone["options"]:
        ends = gone["intervals"]
        lines.append(
            f"Could go together at no loss of quality (below .01) at any price: "
            f"{', '.join(gone['options'])}; the oracle loses "
            f"{share_of(gone['oracle_loss'])} {reach(ends['oracle_loss'])}, {found['ranking'][0]} "
            f"{share_of(gone['routed_loss'])} {reach(ends['routed_loss'])}."
        )
    elif len(about["options"]) > 1:
        lines.append("No option could go at no loss of quality (below .01) at every price.")
    return lines


def _groups(groups: Mapping[str, Any], unit: Callable[[float], str]) -> "Table":
    table = plain_table("group", "queries>", "quality>", "best single>", "oracle>", "cost>")
    ordered = sorted(groups, key=lambda name: -groups[name]["queries"])
    for name in ordered[:ROWS]:
        own = groups[name]
        table.add_row(
            name_of(name or "(none)", 36), f"{own['queries']:,}", share_of(own["quality"]),
            share_of(own["best_single"]), share_of(own["oracle"]), unit(own["cost"]),
        )  # fmt: skip
    if len(ordered) > ROWS:
        table.add_row(f"… and {len(ordered) - ROWS} more: --json has them", style="dim")
    return table


def name_of(name: str, most: int = 26) -> str:
    """Return a name, cut where it is long."""
    cut = plain(name)
    return cut if len(cut) <= most else cut[: most - 1] + "…"


def share_of(value: float | None) -> str:
    """Return a share as ``.806``."""
    if value is None:
        return "–"
    text = f"{abs(value):.3f}".removeprefix("0")
    return f"−{text}" if value < 0 and float(text) else text


def percent_of(share: float | None) -> str:
    """Return a share as ``81 %``."""
    if share is None:
        return "–"
    value = round(100 * share)
    return f"{'−' if value < 0 else ''}{abs(value)} %"


def reach(ends: Sequence[float] | None) -> str:
    """Return an interval as ``.78–.84``."""
    return "" if ends is None else f"{share_of(ends[0])}–{share_of(ends[1])}"
