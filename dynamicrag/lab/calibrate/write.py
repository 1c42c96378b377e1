"""A learnt policy as a file, with where each of its numbers comes from."""

import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.lab.calibrate.run import CalibrationResult
from dynamicrag.lab.calibrate.world import World
from dynamicrag.policy import Policy
from dynamicrag.registry import parse_spec
from dynamicrag.retrieval.base import RETRIEVERS

ORDER = (
    "version", "corpora", "models", "helper", "objective", "outside", "host", "runs", "calibrated", "joint",
    "stages",
)  # fmt: skip
BANDS = ("joules", "seconds", "usd")
GUARD = 2.0
"""A query may cost so many times what the dearest path that is taken is expected to."""
Content = dict[str, Any]
Comments = Mapping[str, Sequence[str]]


def content(policy: Policy, folder: Path) -> Content:
    """Return what a policy says, with paths that are relative to another folder."""
    data: Content = policy.model_dump(mode="json", exclude_unset=True)
    for section in data.get("corpora", {}).values():
        section["path"] = [os.path.relpath(policy.folder / path, folder) for path in section["path"]]
    data.setdefault("stages", {})
    return data


def only(data: Content, stage: str, recorded: Iterable[str]) -> None:
    """Leave a stage its recorded options, what these are built of as parts, and no router."""
    section = data["stages"].setdefault(stage, {})
    options = section.get("options") or list(data["models"])
    kept = [option for option in options if option in set(recorded)]
    section["options"] = {name: options[name] for name in kept} if isinstance(options, dict) else kept
    if stage == "retriever" and isinstance(options, dict):
        every = {**section.pop("parts", {}), **options}
        needed = _built_of(kept, every) - set(kept)
        if needed:
            section["parts"] = {name: spec for name, spec in every.items() if name in needed}
    section.pop("router", None)


def _built_of(names: Iterable[str], every: Mapping[str, Any]) -> set[str]:
    parts = {part for name in names for part in RETRIEVERS.build(every[name] or name, name).of}
    return parts | _built_of(parts, every) if parts else parts


def source(world: World, files: Sequence[Path]) -> str:
    """Return where figures come from: tables, dates, rows, machine."""
    tables = ", ".join(
        f"{file.name} of {datetime.fromtimestamp(file.stat().st_mtime, UTC):%Y-%m-%d}" for file in files
    )
    return (
        f"{tables}: {len(world):,} questions, {len(world.names)} paths; computed on {os.cpu_count()} CPU "
        f"cores ({platform.machine()})"
    )


def calibrated(
    policy: Policy, world: World, made: CalibrationResult, folder: Path, state: str
) -> tuple[Content, dict[str, list[str]]]:
    """Return the content of a calibrated policy, and comments by section.

    Args:
        policy: The policy that was calibrated.
        world: What it was calibrated on.
        made: The calibration.
        folder: Where the file will be.
        state: The joint router's state, relative to ``folder``.
    """
    data, comments = content(policy, folder), {}
    setting = made.setting
    data["calibrated"] = band(world, made.report["policies"]["calibrated"])
    comments["calibrated"] = [
        "what it came to on the questions that were held out; 'dynamicrag report --policy' holds queries "
        "against it"
    ]
    objective = data.setdefault("objective", {})
    if setting.stands:
        comments["stages"] = ["as they were: nothing that was learnt is expected to do better"]
    elif setting.lam is None:
        path = world.paths[setting.path or 0]
        for stage in world.stages:
            only(data, stage, world.options(stage))
            fixed = path.get(stage, world.options(stage)[0])
            data["stages"][stage]["router"] = {"fixed": {"option": fixed}}
        comments["stages"] = [
            f"no way to choose between paths came to the target for less than always {_named(path)}"
        ]
        data.pop("joint", None)
    else:
        for stage in world.stages:
            only(data, stage, world.options(stage))
        weights = dict(policy.objective.weights) or {name: 1.0 for name in made.weights if name in DIMENSIONS}
        objective["weights"] = {name: _short(setting.lam * weight) for name, weight in weights.items()}
        comments["objective"] = [
            f"λ = {setting.lam:.4g} times the weights {_named(weights)}: set on all questions, each "
            "predicted from the other folds'"
        ]
        name = parse_spec(made.report["learnt"]["router"], "router")[0]
        data["joint"] = {name: {"state": state, "features": made.report["learnt"]["features"]}}
        comments["joint"] = [
            f"learnt from the {len(world.names)} recorded paths; decides {', '.join(world.stages)}. Options "
            "that were not recorded are left out"
        ]
    budget = {
        dimension: _short(GUARD * setting.dearest[dimension])
        for dimension in DIMENSIONS
        if dimension in made.report["target"]["limits"]
    }
    if budget:
        objective["budget"] = {**objective.get("budget", {}), "per_query": budget}
        comments.setdefault("objective", []).append(
            f"budget: {GUARD:g} times the dearest that a taken path is expected to cost; the mean is kept by "
            "the weights"
        )
    if setting.thresholds:
        section = data["stages"]["verification"]
        own = parse_spec(section["router"], "router")[1]
        section["router"] = {"thresholds": {**own, **setting.thresholds}}
        comments["verification"] = ["thresholds set on the signals of recorded drafts"]
    return data, comments


def band(world: World, came: Mapping[str, Any]) -> Content:
    """Return what the calibrated policy came to, as :class:`dynamicrag.calibrated.Calibrated` has it.

    Args:
        world: What it was calibrated on.
        came: Its held-out figures, of :func:`~dynamicrag.lab.calibrate.standing.standings`.
    """
    told: Content = {"date": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", "rows": len(world)}
    for name in BANDS:
        ends = came["intervals"]["costs"].get(name)
        if ends is not None:
            low, high = ends
            told[name] = {"mean": _short(came["costs"][name]), "low": _short(low), "high": _short(high)}
    shares: dict[str, dict[str, float]] = {}
    for name, share in came["shares"].items():
        for stage, option in world.paths[world.names.index(name)].items():
            of = shares.setdefault(stage, {})
            of[option] = _short(of.get(option, 0.0) + share)
    return {**told, "shares": shares}


def text(data: Content, head: Sequence[str], comments: Comments) -> str:
    """Return a policy file; ``comments`` are by section, or by stage."""
    lines = [f"# {line}" for line in head]
    for key in sorted(data, key=ORDER.index):
        lines += [f"# {line}" for line in comments.get(key, ())]
        if key != "stages":
            lines.append(_dumped({key: data[key]}))
            continue
        lines.append("stages:")
        for stage, section in data[key].items():
            lines += [f"  # {line}" for line in comments.get(stage, ())]
            lines += [f"  {line}" for line in _dumped({stage: section}).splitlines()]
    return "\n".join(lines) + "\n"


def _dumped(part: Content) -> str:
    return str(yaml.safe_dump(part, sort_keys=False, allow_unicode=True, width=104)).rstrip()


def _named(values: Mapping[Any, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in values.items())


def _short(value: float) -> float:
    return float(f"{value:.4g}")
