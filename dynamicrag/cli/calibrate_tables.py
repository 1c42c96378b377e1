"""A calibration on the terminal."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dynamicrag.cli.console import plain
from dynamicrag.cli.tables import plain_table, show
from dynamicrag.cli.units import percent, short

if TYPE_CHECKING:
    from rich.console import Console


def print_report(out: "Console", report: Mapping[str, Any]) -> None:
    """Print the target, the held-out figures, what was promised, and what was set."""
    spent = report["cost"]
    scores = list(report["policies"]["calibrated"]["scores"])[:1]
    out.print(f"{report['table']} · {report['questions']:,} questions · target: {report['target']['text']}")
    out.print("learnt on one half, shown on the other, and the reverse; each question is held out once",
              style="dim")  # fmt: skip
    table = plain_table("", "quality>", "95 %>", *(f"{s}>" for s in scores), f"{spent}>", "ratio>", "95 % >",
                        "difference>", "95 %  >", "gap>")  # fmt: skip
    table.columns[0].no_wrap = True
    for name, own in {**report["policies"], **report["paths"]}.items():
        if name == next(iter(report["paths"])):
            table.add_section()
        ends = own["intervals"]
        table.add_row(
            plain(name), f"{own['quality']:.3f}", _reach(ends["quality"]),
            *(f"{own['scores'][score]:.3f}" for score in scores), short(own["costs"][spent]),
            f"{own['ratio']:.2f}", _reach(ends["ratio"]), f"{own['difference']:+.3f}",
            _reach(ends["difference"], "+"), percent(own["gap_closed"]),
            style="bold cyan" if name == "calibrated" else "dim" if name in report["paths"] else "",
        )  # fmt: skip
    show(out, table, "95 % ", "95 %", *scores, "gap")
    base = report["baseline"]
    about = f"ratio, difference, gap: to {base['name']}, which is {base['path']}"
    out.print(f"{about}; joint and per-stage are at the policy's own weights", style="dim")
    promised = report["promised"]["calibrated"]
    told = [f"{n} {short(own['promised'])} → {short(own['realised'])}" for n, own in promised.items()]
    out.print(f"promised → realised: {', '.join(told)}")
    _print_setting(out, report)
    for note in report["notes"]:
        out.print(plain(f"note: {note}"), style="yellow")
    out.print(plain(f"wrote {report['policy']}"), style="green", soft_wrap=True)


def _print_setting(out: "Console", report: Mapping[str, Any]) -> None:
    own = report["setting"]
    if own["path"]:
        what = f"always {own['path']}"
    elif own["lambda"] is not None:
        what = f"λ {own['lambda']:.3g}"
    else:
        what = "nothing; the policy stands as it is, and nothing that was learnt is expected to do better"
    limits = ", ".join(f"{name} {value:g}" for name, value in own["thresholds"].items())
    out.print(plain(f"set: {what}{f'; thresholds {limits}' if limits else ''}"))
    for name, goal in report["reached"].items():
        style = "green" if goal["ok"] else "bold yellow"
        out.print(f"{name}: {short(goal['came'])}, wanted {goal['wanted']:g}", style=style)
    if own["missed"]:
        out.print(plain(f"the target is not reached: {own['missed']}"), style="bold yellow")


def _reach(ends: Sequence[float] | None, sign: str = "") -> str:
    return "–" if ends is None else f"{ends[0]:{sign}.2f}–{ends[1]:{sign}.2f}"
