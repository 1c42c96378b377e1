"""Fresh learners for the replays, at their start."""

from collections.abc import Callable, Mapping, Sequence

from dynamicrag.errors import InputError
from dynamicrag.lab.simulate.starts import Start
from dynamicrag.predictors.base import PREDICTORS, Predictor
from dynamicrag.predictors.checks import Floats
from dynamicrag.predictors.crossfit import build
from dynamicrag.predictors.online import Learner
from dynamicrag.registry import parse_spec

Fresh = Callable[[Sequence[int]], Predictor]
"""Returns a learner at its start, for the positions of its options."""


def check_learners(specs: Mapping[str, object], start: str, where: str) -> None:
    """Refuse predictors that cannot learn from such a start.

    Raises:
        InputError: One learns from no single reward, or needs a table to start from.
        PolicyError: A name or parameter is unknown.
    """
    for shown, spec in specs.items():
        own = build(spec, 0, where)
        name, _ = parse_spec(spec, where)
        if not own.online:
            able = ", ".join(each for each in PREDICTORS if PREDICTORS[each].online)
            raise InputError(f"{where} {shown}: learns from no single reward; those that do: {able}")
        if not isinstance(own, Learner) and start in ("none", "prior"):
            able = ", ".join(each for each in PREDICTORS if issubclass(PREDICTORS[each], Learner))
            raise InputError(
                f"{where} {name}: needs recorded outcomes to start from; give a table with --start, or take "
                f"one of these: {able}"
            )


def starter(spec: object, start: Start, X: Floats, recorded: Floats | None) -> Fresh:
    """Return the maker of fresh learners.

    Args:
        spec: The learner's spec.
        start: The start.
        X: Features of the stream, (n, d).
        recorded: Features of the recorded questions, (m, d); ``None`` without a table.
    """

    def fresh(columns: Sequence[int]) -> Predictor:
        own = build(spec, 0, "--router")
        if start.recorded is not None and recorded is not None:
            return own.fit(recorded, start.recorded[1][:, list(columns)])
        assert isinstance(own, Learner)
        return own.start(X.shape[1], len(columns))

    return fresh
