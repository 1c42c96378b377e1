"""Reads the abilities of listed models from a profile file."""

import math
from collections.abc import Iterable, Mapping, Sequence
from statistics import linear_regression, median

from dynamicrag.cost.ability import Abilities, Ability, Line, accuracy, logit
from dynamicrag.cost.assume import SizeClass, class_of, size_in
from dynamicrag.cost.family import Family, families, family
from dynamicrag.cost.known import known
from dynamicrag.errors import PolicyError, unknown

_ROW = ("score", "benchmark", "source", "date")
_BENCHMARK = ("shift", "source")


def read_abilities(
    benchmarks: object,
    rows: object,
    where: str,
    classes: Sequence[SizeClass],
    class_of_model: Mapping[str, str],
) -> Abilities:
    """Return the abilities of a profile file.

    Args:
        benchmarks: Section ``benchmarks``: the shift of each to MMLU, in logits.
        rows: Section ``abilities``: published accuracies by model.
        where: The file, for errors.
        classes: Size classes, smallest first.
        class_of_model: Size class by spec.

    Raises:
        PolicyError: A key or a benchmark is unknown, a value is missing, or an accuracy is impossible.
    """
    shifts = {
        name: _shift(entry, f"{where}: benchmarks.{name}")
        for name, entry in known(benchmarks, f"{where}: benchmarks").items()
    }
    listed: dict[Family, Ability] = {}
    unsized: set[Family] = set()
    by_size: list[tuple[float, float]] = []
    of_size: dict[str, list[float]] = {}
    for name, entry in known(rows, f"{where}: abilities").items():
        place = f"{where}: abilities.{name}"
        ability = _ability(entry, place, shifts)
        for each in (name, *entry.get("also", ())):
            if family(each) in listed:
                raise PolicyError(f"{place}: {each!r} is listed twice")
            listed[family(each)] = ability
        if not entry.get("line", True):
            continue
        if size := size_in(name):
            by_size.append((size.billions, ability.theta))
            of_size.setdefault(class_of(size, classes).name, []).append(ability.theta)
        else:
            unsized.add(family(name))
    of_class: dict[str, list[float]] = {}
    for spec, name in class_of_model.items():
        found = next((listed[each] for each in families(spec) if each in listed), None)
        if found is not None:
            of_class.setdefault(name, []).append(found.theta)
    medians = _rising([each.name for each in classes], {**of_size, **of_class})
    return Abilities(listed, frozenset(unsized), _line(by_size), medians)


def _ability(entry: object, where: str, shifts: Mapping[str, float]) -> Ability:
    row = known(entry, where, (*_ROW, "also", "line"), _ROW)
    if not isinstance(row.get("line", True), bool):
        raise PolicyError(f"{where}.line: must be true or false, got {row['line']!r}")
    if row["benchmark"] not in shifts:
        raise PolicyError(unknown(f"{where}.benchmark", "benchmark", row["benchmark"], shifts))
    also = row.get("also", [])
    if not isinstance(also, list) or not all(isinstance(each, str) for each in also):
        raise PolicyError(f"{where}.also: must be a list of names, got {also!r}")
    try:
        theta = logit(accuracy(row["score"])) + shifts[row["benchmark"]]
    except ValueError as error:
        raise PolicyError(f"{where}.score: {error}, got {row['score']!r}") from None
    return Ability(theta, f"{row['score']:g} on {row['benchmark']} ({row['source']}, {row['date']})")


def _rising(names: Iterable[str], abilities: Mapping[str, list[float]]) -> dict[str, float]:
    """Return the median by class; no class has less than a smaller one."""
    found: dict[str, float] = {}
    for name in names:
        if name in abilities:
            found[name] = max(median(abilities[name]), *found.values(), -math.inf)
    return found


def _line(points: Sequence[tuple[float, float]]) -> Line | None:
    sizes = [size for size, _ in points]
    if len({*sizes}) < 2:
        return None
    slope, start = linear_regression([math.log10(size) for size in sizes], [theta for _, theta in points])
    return Line(slope, start, min(sizes), max(sizes))


def _shift(entry: object, where: str) -> float:
    shift = known(entry, where, _BENCHMARK, _BENCHMARK)["shift"]
    if isinstance(shift, bool) or not isinstance(shift, int | float) or not math.isfinite(shift):
        raise PolicyError(f"{where}.shift: must be a number, got {shift!r}")
    return float(shift)
