"""The sentences of the report: the meaning and the basis of its figures."""

from collections.abc import Mapping

from dynamicrag.cost.amounts import SPACE, amount, digits, percent
from dynamicrag.lab.report.accounts import Accounts
from dynamicrag.lab.report.calibrations import ModelRates
from dynamicrag.lab.report.drift import Compared, Drift
from dynamicrag.lab.report.feedback import Learner
from dynamicrag.lab.report.figures import parts_of
from dynamicrag.lab.report.make import Report
from dynamicrag.lab.report.quantities import quantities
from dynamicrag.lab.report.savings import ENOUGH, Comparison, Saving
from dynamicrag.lab.view.amounts import reach
from dynamicrag.records import Figure

SAVING = (
    "The part of the baseline's cost that was not spent. The line is the 95\u00a0% interval: how far the "
    "figure would move with other questions of the same kind. It does not say how good the joules are."
)
OVER_TIME = (
    "The colours show the active energy, which the query's own work added, by stage. With the grey on top, "
    "the query's share of idling and of the constant part, it is the full energy."
)
DISTRIBUTION = "The share of a policy's queries by their active energy, on one scale for all policies."
STAGES = "Active energy per query, on average. Routing's own work and withdrawn drafts are included."
OPTIONS = "The share of the queries that ended with each option. The rest up to 100 % skipped the stage."
LATENCY = "From the median to the 95th percentile, on the clock of a machine that may have been busy."
CALLS = (
    "Fitted from the latest metered calls of each local model: the cost of a prompt token that has to be "
    "computed, of a generated token, and of the call itself. Off by: the median error of calls that were "
    "held out. Routers use these figures in place of the profile's."
)
COSTS = "Over all queries, failed ones too. Active is what a query's own work added."
GROUPS = "Means per query unless they say otherwise; times are medians."
DRIFT = (
    "Recent queries beside those that the policy was calibrated on. A figure has moved where the two "
    "95\u00a0% intervals lie apart, the recent one widened for the number of figures that are compared."
)
FEEDBACK = (
    "The mean score of answers by each source, with the number of scores. Routers choose an option by the "
    "question, so a model that receives the hard ones scores lower here than it deserves."
)
MEANING = "Every figure says where it comes from. A sum is called by the least certain of its parts."

ACCOUNTS: Mapping[str, str] = {
    "queries": "calls made for queries",
    "ingestion": "embedding documents for the index",
    "warming": "the models' first calls, which read what all prompts begin with",
    "idle": "load that no call claimed: loading models, waiting, the rest of the program",
    "constant": "the part that does not follow the load (memory)",
    "unexplained": "beyond this program's CPU time; a sensor sees other programs too",
    "pending": "metered, but not yet split when the last query was kept",
}
_KINDS: Mapping[str, str] = {
    "measured": "read off a sensor or a clock, or counted: energy by RAPL or NVML, seconds, tokens",
    "calibrated": "computed from tokens, with coefficients fitted on this machine to earlier metered calls",
    "modelled": "CPU time of the process times the power that the CPU is said to draw; no sensor was read",
    "estimated": (
        "computed from tokens and published coefficients, for models that run elsewhere; with a low and a "
        "high where the source gives them. Money is estimated from list prices"
    ),
}
_METERS: Mapping[str, str] = {
    "codecarbon": "CodeCarbon, once a second, for each process alone",
    "cpu": "CPU time of each process at a fixed number of joules a CPU-second",
    "none": "no meter ran: joules are computed from the CPU time that calls declare",
}


def provenance(figure: Figure, unit: str) -> str:
    """Return the provenance of a figure, and the bounds of an estimate."""
    value, parts = figure["value"], parts_of(figure)
    if value is None:
        return f"{amount(unit, sum(parts.values()))} known" if parts else ""
    if not value:
        return ""
    kinds = figure["kind"]
    if len(parts) > 1:
        kinds = ", ".join(f"{percent(part / value)} {kind}" for kind, part in parts.items())
    return f"{kinds}; {reach(unit, figure['low'], figure['high'])}" if "low" in figure else kinds


def learner_line(learner: Learner) -> str:
    """Return the amount of feedback that a router has learnt from, as a sentence."""
    waiting = f"; {learner.waiting:,} came after its latest decision" if learner.waiting else ""
    return (
        f"{learner.policy}: the router {learner.router} of {learner.stage} had read {learner.feedback:,} "
        f"scores and preferences{waiting}."
    )


def accounts_line(books: Accounts) -> str:
    """Return whether the accounts add up to the meter."""
    if not books.metered["value"]:
        return "No meter saw the processes that answered these queries, so there are no accounts to add up."
    metered = (
        f"{amount('joules', books.metered['value'])} ({', '.join(books.meters)}, {books.metered['kind']})"
    )
    processes = f"{books.processes} process" + ("es" if books.processes != 1 else "")
    text = f"The accounts of {processes} add up to what the meter saw: {metered}."
    if books.residual["value"]:
        text = (
            f"The accounts do not add up to the {metered} that the meter saw in {processes}: "
            f"{amount('joules', books.residual['value'])} are in none."
        )
    selected, queries = books.selected["value"] or 0.0, books.accounts["queries"]["value"] or 0.0
    if selected < 0.99 * queries:
        text += (
            f" Of the queries' energy, {amount('joules', selected)} are in this report; the rest is of "
            "queries of the same processes that are not selected, were deleted, or were not settled."
        )
    return text


def basis(comparison: Comparison) -> str:
    """Return the basis of a saving."""
    if comparison.paired:
        return f"{comparison.pairs:,} questions answered under both"
    return "means of different questions, to be taken with care"


def interval(figure: Saving) -> str:
    """Return the interval of a saving, or a dash."""
    return " to ".join(map(percent, figure.interval)) if figure.interval else "–"


def caveats(comparison: Comparison) -> str:
    """Return the caveats of a comparison."""
    found = []
    if not comparison.paired:
        found.append(
            f"Not paired: questions answered under both: {comparison.pairs}, of at least {ENOUGH} that "
            f"pairs need; so this compares the means of {comparison.queries:,} and "
            f"{comparison.baseline_queries:,} different queries."
        )
    if comparison.left_out:
        found.append(
            f"Questions left out, because one of the two never answered them: {comparison.left_out}."
        )
    if comparison.failed:
        found.append(f"Failed queries, whose cost is charged to the answers: {comparison.failed}.")
    whole = getattr(comparison.figures["joules"], "with_ingestion", None)
    if whole is not None:
        found.append(
            f"With all of ingestion charged to both sides, the saving in active joules is {percent(whole)}."
        )
    return " ".join(found)


def uncalibrated(model: ModelRates) -> str:
    """Return why there is no fit of a model."""
    return f"{model.calls} of the {model.needed} metered calls that a fit takes"


def change(figure: Compared) -> str:
    """Return the distance of a figure from its calibration: points of a share, else per cent."""
    was, now = figure.calibrated.value, figure.recent.value
    sign = "+" if now > was else ""
    if figure.unit == "share":
        return f"{sign}{digits(100 * (now - was))}{SPACE}points"
    return f"{sign}{percent((now - was) / abs(was))}" if was else "–"


def verdict(policy: Drift) -> str:
    """Return whether a policy is still as calibrated, and what to do if not."""
    since = policy.since[:10]
    if not policy.enough:
        return (
            f"{policy.queries} queries since the calibration of {since}; {policy.needed} are needed to "
            "judge by."
        )
    if not policy.moved:
        return f"As calibrated on {since}: {policy.queries} queries, and no figure has moved."
    moved = ", ".join(f"{name} {change(policy.figures[name])}" for name in policy.moved)
    return (
        f"no longer as calibrated on {since}: {moved}, over {policy.queries} queries. Record the present "
        "questions again, and calibrate."
    )


def glossary(report: Report) -> dict[str, str]:
    """Return the meaning of the report's words; words that do not occur are left out."""
    totals = [report.overall.costs[name].total for name in quantities()]
    kinds = {kind for figure in totals if figure for kind, value in parts_of(figure).items() if value}
    meters = "; ".join(_METERS.get(meter, meter) for meter in report.accounts.meters)
    return {
        **{kind: f"{text}." for kind, text in _KINDS.items() if kind in kinds},
        "active": (
            "joules that the query's own calls added: metered energy without the constant part and without "
            "idling, split among calls by the CPU time they used."
        ),
        "full": "active, and the query's share of the constant part and of idling while it ran.",
        "meter": f"{meters or 'none'}.",
        "baseline": f"{report.selection.baseline}, the policy that savings are against.",
        "p50, p95": "half of the queries, and 95 of 100, stayed below.",
        "day": "from midnight to midnight UTC.",
    }
