"""The summary of a run of questions under one policy."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.cost.vector import UNKNOWN
from dynamicrag.lab.report.figures import Statistics, statistics
from dynamicrag.lab.run import Record
from dynamicrag.records import Figure
from dynamicrag.topology import TOPOLOGY
from dynamicrag.verify.unanswerable import is_refusal


@dataclass(frozen=True, slots=True)
class Quality:
    """Quality on some questions.

    Attributes:
        questions: Number of questions.
        f1: Mean token F1 over the questions with gold answers, where a failed one counts as wrong; ``None``
            without any.
        em: Share of exact matches, likewise.
        contains: Share of answers that hold a gold answer, likewise.
        abstained: Share of questions without an answer.
        retrieved: Share of questions that documents were searched for.
    """

    questions: int
    f1: float | None
    em: float | None
    contains: float | None
    abstained: float
    retrieved: float


@dataclass(frozen=True, slots=True)
class RunSummary:
    """The summary of a run.

    Attributes:
        questions: Number of questions.
        errors: Number of questions that failed; their costs are in all figures.
        escalations: Number of escalations.
        types: Quality by type of question; ``""`` for all.
        costs: Statistics by cost dimension.
        options: Share of the questions that took each option, by stage; an escalated stage took several.
    """

    questions: int
    errors: int
    escalations: int
    types: Mapping[str, Quality]
    costs: Mapping[str, Statistics]
    options: Mapping[str, Mapping[str, float]]


def summarise(records: Sequence[Record]) -> RunSummary:
    """Return the summary of a run."""
    types = sorted({record["type"] for record in records if record.get("type")})
    unknown = Figure(value=None, kind=UNKNOWN)  # of a record that was kept before the dimension was counted
    return RunSummary(
        questions=len(records),
        errors=sum("error" in record for record in records),
        escalations=sum(len(record.get("escalations", ())) for record in records),
        types={
            name: _quality([record for record in records if name in ("", record.get("type"))])
            for name in ["", *types]
        },
        costs={
            name: statistics([record["cost"].get(name, unknown) for record in records]) for name in DIMENSIONS
        },
        options=_options(records),
    )


def _quality(records: Sequence[Record]) -> Quality:
    judged = [record for record in records if record.get("answers")]

    def mean(score: Callable[[Record], float]) -> float | None:
        return sum(map(score, judged)) / len(judged) if judged else None

    return Quality(
        questions=len(records),
        f1=mean(lambda record: record.get("f1", 0.0)),
        em=mean(lambda record: record.get("em", 0.0)),
        contains=mean(lambda record: record.get("contains", 0.0)),
        abstained=_share(records, _abstained),
        retrieved=_share(records, _retrieved),
    )


def _share(records: Sequence[Record], holds: Callable[[Record], bool]) -> float:
    return sum(map(holds, records)) / len(records) if records else 0.0


def _abstained(record: Record) -> bool:
    """Return whether no answer was given: by the policy, or in the model's own words."""
    return bool(record.get("abstained")) or is_refusal(record.get("answer", "unknown"))


def _retrieved(record: Record) -> bool:
    return any(decision["stage"] == "retriever" for decision in record.get("decisions", ()))


def _options(records: Sequence[Record]) -> dict[str, dict[str, float]]:
    counts: dict[str, dict[str, int]] = {stage: {} for stage in TOPOLOGY}
    for record in records:
        decisions = record.get("decisions", ())
        for decision in decisions:
            for option in decision["options"]:
                counts[decision["stage"]].setdefault(option, 0)
        for stage, option in {(decision["stage"], decision["chosen"]) for decision in decisions}:
            counts[stage][option] += 1
    total = max(1, len(records))
    return {
        stage: {option: number / total for option, number in chosen.items()}
        for stage, chosen in counts.items()
        if chosen
    }
