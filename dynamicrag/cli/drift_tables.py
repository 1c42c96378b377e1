"""The report's part on drift, in the terminal."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dynamicrag.cli.console import joined, plain
from dynamicrag.cli.tables import plain_table
from dynamicrag.lab.report.drift import moved
from dynamicrag.lab.report.drift_panel import change, shown, verdict

if TYPE_CHECKING:
    from rich.console import Console


def print_drift(out: "Console", policies: Mapping[str, Any]) -> None:
    """Print what has moved since calibration, policy by policy."""
    for policy, compared in policies.items():
        out.print()
        out.print(joined((f"{plain(policy)} against its calibration", "bold")))
        if compared["figures"]:
            table = plain_table("", "calibrated>", "95 %>", "recent>", "95 %, widened>", "change>", "")
            for name, figure in compared["figures"].items():
                unit = figure["unit"]
                cells = []
                for side in ("calibrated", "recent"):
                    value, low, high = (shown(unit, figure[side][key]) for key in ("value", "low", "high"))
                    cells += [value, f"{low} to {high}"]
                said = "moved" if figure["moved"] else ""
                table.add_row(
                    plain(name), *cells, change(figure), said, style="yellow" if figure["moved"] else ""
                )
            out.print(table)
        out.print(plain(verdict(compared)), style="yellow" if moved(compared) else "dim", soft_wrap=True)
