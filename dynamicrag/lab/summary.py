"""Records of a run to the figures that sum it up."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.cost.vector import UNKNOWN
from dynamicrag.topology import TOPOLOGY
from dynamicrag.verify.unanswerable import is_refusal

Record = dict[str, Any]
SCORES = ("f1", "em", "contains")


def summarise(records: Sequence[Record]) -> dict[str, Any]:
    """Return the figures of one policy's run.

    Costs are over all questions, failed ones too; quality is over those with gold answers, where a
    failed one counts as wrong.

    Returns:
        ``questions``, ``errors``, ``escalations`` (numbers); ``types`` (quality per type, ``""`` for all);
        every cost dimension (``mean``, ``p50``, ``p95``, ``total``, and ``kinds``: the total by provenance;
        all ``None`` where one is unknown); ``first_token_seconds`` (the median,
        or ``None``); ``options`` (share of the questions that took each option, by stage).
    """
    types = sorted({record["type"] for record in records if record.get("type")})
    first = [record["first_token_seconds"] for record in records if record.get("first_token_seconds")]
    return {
        "questions": len(records),
        "errors": sum("error" in record for record in records),
        "escalations": sum(len(record.get("escalations", ())) for record in records),
        "types": {
            name: _quality([record for record in records if name in ("", record.get("type"))])
            for name in ["", *types]
        },
        **{dimension: _cost(records, dimension) for dimension in DIMENSIONS},
        "first_token_seconds": percentile(first, 50) if first else None,
        "options": _options(records),
    }


def saving(ours: float | None, theirs: float | None) -> float | None:
    """Return what part of the baseline's cost was saved; negative is more.

    ``None`` if the baseline cost nothing, or either cost is unknown.
    """
    return None if ours is None or not theirs else 1 - ours / theirs


def percentile(values: Iterable[float], q: float) -> float:
    """Return the ``q``-th percentile, between neighbours linearly; 0 of no values."""
    ordered = sorted(values)
    if not ordered:
        return 0.0
    at = (len(ordered) - 1) * q / 100
    below = int(at)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (at - below)


def _quality(records: Sequence[Record]) -> dict[str, float]:
    result: dict[str, float] = {"questions": len(records)}
    judged = [record for record in records if record.get("answers")]
    if judged:
        for score in SCORES:
            result[score] = sum(record.get(score, 0.0) for record in judged) / len(judged)
    result["judged"] = len(judged)
    result["abstained"] = _share(records, _abstained)
    result["retrieved"] = _share(records, _retrieved)
    return result


def _share(records: Sequence[Record], holds: Callable[[Record], bool]) -> float:
    return sum(map(holds, records)) / len(records) if records else 0.0


def _abstained(record: Record) -> bool:
    """Return whether no answer was given: by the policy, or in the model's own words."""
    return bool(record.get("abstained")) or is_refusal(record.get("answer", "unknown"))


def _retrieved(record: Record) -> bool:
    return any(decision["stage"] == "retriever" for decision in record.get("decisions", ()))


def _cost(records: Sequence[Record], dimension: str) -> dict[str, Any]:
    # a record that was kept before the dimension was counted says nothing of it
    figures = [record["cost"].get(dimension, {"value": None}) for record in records]
    values = [figure["value"] for figure in figures if figure["value"] is not None]
    if len(values) < len(figures):
        return {**dict.fromkeys(("mean", "p50", "p95", "total")), "kinds": {UNKNOWN: None}}
    kinds: dict[str, float] = {}
    for figure in figures:
        if figure["value"]:
            kinds[figure["kind"]] = kinds.get(figure["kind"], 0.0) + figure["value"]
    total = sum(values)
    return {
        "mean": total / max(1, len(values)),
        "p50": percentile(values, 50),
        "p95": percentile(values, 95),
        "total": total,
        "kinds": kinds,
    }


def _options(records: Sequence[Record]) -> dict[str, dict[str, float]]:
    counts: dict[str, dict[str, int]] = {stage: {} for stage in TOPOLOGY}
    for record in records:
        for decision in record.get("decisions", ()):
            for option in decision["options"]:
                counts[decision["stage"]].setdefault(option, 0)
        # an escalated stage took two options, each once
        for stage, option in {(d["stage"], d["chosen"]) for d in record.get("decisions", ())}:
            counts[stage][option] += 1
    total = max(1, len(records))
    return {
        stage: {option: number / total for option, number in chosen.items()}
        for stage, chosen in counts.items()
        if chosen
    }
