"""What the figures of the report mean, in plain words: text, which a page has still to escape."""

from collections.abc import Mapping
from typing import Any

from dynamicrag.lab.report.figures import parts_of, quantities
from dynamicrag.lab.report.savings import ENOUGH
from dynamicrag.lab.view.amounts import amount, percent

SAVING = (
    "The part of the baseline's cost that was not spent. The line is the 95\u00a0% interval: how far the "
    "figure would move with other questions of the same kind. It does not say how good the joules are."
)
OVER_TIME = (
    "Coloured is the active energy, what the query's own work added, by stage. With the grey on top, the "
    "query's share of idling and of the constant part, it is the full energy."
)
DISTRIBUTION = "Which share of a policy's queries took how much active energy, on one scale for all policies."
STAGES = "Active energy per query, on average, with routing's own work and withdrawn drafts in it."
OPTIONS = (
    "The share of the queries that ended with each option; what is missing to 100 % never came to the stage."
)
LATENCY = "From the median to the 95th percentile, as the clock ran, on a machine that may have been busy."
CALLS = (
    "Fitted from the latest metered calls of each local model: what a token of the prompt takes that has to "
    "be computed, a generated token of the answer, and the call itself. Off by: the median error of calls "
    "that were held out. Routers see these figures in place of the profile's."
)
GROUPS = "Means per query unless they say otherwise. Active is what the query's own work added."
DRIFT = (
    "Recent queries beside what the policy was calibrated to. A figure has moved where the two 95\u00a0% "
    "intervals lie apart, the recent one widened for the number of figures that are looked at."
)
MEANING = "Every figure says how it came about. A sum is called by the least certain of its parts."

KINDS: Mapping[str, str] = {
    "measured": "read off a sensor or a clock, or counted: energy by RAPL or NVML, seconds, tokens",
    "calibrated": "reckoned from tokens, with coefficients fitted on this machine to earlier metered calls",
    "modelled": "CPU time of the process times the power the CPU is said to draw; no sensor was read",
    "estimated": (
        "reckoned from tokens and published coefficients, for what is computed elsewhere; with a low and a "
        "high where the source gives them. Money is estimated from list prices"
    ),
}
METERS: Mapping[str, str] = {
    "codecarbon": "CodeCarbon, once a second, for each process alone",
    "cpu": "CPU time of each process at a fixed number of joules a CPU-second",
    "none": "no meter ran: joules are reckoned from the CPU time that calls declare",
}


def accounts_line(books: Mapping[str, Any]) -> str:
    """Return whether the accounts add up to the meter."""
    metered = books["metered"]
    if not metered["value"]:
        return "No meter saw the processes that answered these queries, so there are no accounts to add up."
    sure = f"{amount('joules', metered['value'])} ({', '.join(books['meters'])}, {metered['kind']})"
    number = f"{books['processes']} process" + ("es" if books["processes"] != 1 else "")
    text = (
        f"The accounts do not add up to the {sure} that the meter saw in {number}: "
        f"{amount('joules', books['residual']['value'])} are in none."
        if books["residual"]["value"]
        else f"The accounts of {number} add up to what the meter saw: {sure}."
    )
    selected, queries = books["selected"]["value"], books["accounts"]["queries"]["value"]
    if selected < 0.99 * queries:
        text += (
            f" Of the queries' energy, {amount('joules', selected)} are in this report; the rest is of "
            "queries of the same processes that are not selected, were deleted, or were not settled."
        )
    return text


def basis(comparison: Mapping[str, Any]) -> str:
    """Return what a saving rests on."""
    if comparison["paired"]:
        return f"{comparison['pairs']:,} questions answered under both"
    return "means of different questions, to be taken with care"


def interval(figure: Mapping[str, Any]) -> str:
    """Return the interval of a saving, or a dash."""
    return " to ".join(map(percent, figure["interval"])) if figure["interval"] else "–"


def caveats(comparison: Mapping[str, Any]) -> list[str]:
    """Return what a reader must know of a comparison."""
    found = []
    if not comparison["paired"]:
        found.append(
            f"Not paired: questions answered under both: {comparison['pairs']}, of at least {ENOUGH} that "
            f"pairs need; so this compares the means of {comparison['queries']:,} and "
            f"{comparison['baseline_queries']:,} queries, whatever was asked."
        )
    if comparison["left_out"]:
        found.append(f"Questions left out, for one of the two never answered them: {comparison['left_out']}.")
    if comparison["failed"]:
        found.append(f"Failed queries, charged to the answers that were had: {comparison['failed']}.")
    with_ingestion = comparison["figures"]["joules"].get("with_ingestion")
    if with_ingestion is not None:
        found.append(
            f"With all of ingestion charged to both sides, the saving in active joules is "
            f"{percent(with_ingestion)}."
        )
    return found


def uncalibrated(entry: Mapping[str, Any]) -> str:
    """Return why there is no fit of a model."""
    return f"{entry['calls']} of the {entry['needed']} metered calls that a fit takes"


def glossary(report: Mapping[str, Any]) -> dict[str, str]:
    """Return the words and what they mean here, those that do not occur left out."""
    overall, books = report["overall"], report["accounts"]
    kinds = {
        kind
        for quantity in quantities().values()
        if overall[quantity.name]["total"]
        for kind, value in parts_of(overall[quantity.name]["total"]).items()
        if value
    }
    meters = "; ".join(METERS.get(meter, meter) for meter in books["meters"])
    return {
        **{kind: text for kind, text in KINDS.items() if kind in kinds},
        "active": (
            "joules that the query's own calls added: metered energy without the constant part and without "
            "idling, split among calls by the CPU time they used"
        ),
        "full": "active, and the query's share of the constant part and of idling while it ran",
        "meter": meters or "none",
        "baseline": f"{report['selection']['baseline']}, the policy that savings are against",
        "p50, p95": "half of the queries, and 95 of 100, stayed below",
        "day": "from midnight to midnight UTC",
    }
