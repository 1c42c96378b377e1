"""A learnt policy as a file whose comments say where each of its numbers comes from."""

import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.lab.calibrate.results import Standing
from dynamicrag.lab.calibrate.run import CalibrationResult
from dynamicrag.lab.calibrate.world import World
from dynamicrag.policy.policy import Policy
from dynamicrag.registry import parse_spec
from dynamicrag.retrieval.base import RETRIEVERS

ORDER = (
    "version", "corpora", "models", "helper", "objective", "outside", "host", "runs", "calibrated", "joint",
    "stages",
)  # fmt: skip
BANDS = ("joules", "seconds", "usd")
GUARD = 2.0
"""Budget of a query, as a multiple of the highest expected cost of a taken path."""
Content = dict[str, Any]
Comments = Mapping[str, Sequence[str]]


def content(policy: Policy, folder: Path) -> Content:
    """Return the content of a policy's file, with paths relative to another folder."""
    data: Content = policy.model_dump(mode="json", exclude_unset=True)
    for section in data.get("corpora", {}).values():
        section["path"] = [os.path.relpath(policy.folder / path, folder) for path in section["path"]]
    data.setdefault("stages", {})
    return data


def only(data: Content, stage: str, recorded: Iterable[str]) -> None:
    """Leave a stage its recorded options with the parts they are built of, and no router."""
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
    """Return the origin of figures: tables, dates, rows, machine."""
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
        world: The recording that it was calibrated on.
        made: The calibration.
        folder: The folder of the file.
        state: The joint router's state, relative to ``folder``.
    """
    data, comments = content(policy, folder), {}
    setting, learnt = made.setting, made.report.learnt
    data["calibrated"] = band(world, made.report.policies["calibrated"])
    comments["calibrated"] = [
        "its figures on held-out questions; 'dynamicrag report --policy' holds queries against them"
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
            f"no way to choose between paths reached the target for less than always {_named(path)}"
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
        name = parse_spec(learnt.router, "router")[0]
        data["joint"] = {name: {"state": state, "features": list(learnt.features)}}
        comments["joint"] = [
            f"learnt from the {len(world.names)} recorded paths; decides {', '.join(world.stages)}. Options "
            "that were not recorded are left out"
        ]
    budget = {
        dimension: _short(GUARD * setting.highest[dimension])
        for dimension in DIMENSIONS
        if dimension in made.report.target.limits
    }
    if budget:
        objective["budget"] = {**objective.get("budget", {}), "per_query": budget}
        comments.setdefault("objective", []).append(
            f"budget: {GUARD:g} times the highest expected cost of a taken path; the weights keep the mean"
        )
    if setting.thresholds:
        section = data["stages"]["verification"]
        own = parse_spec(section["router"], "router")[1]
        section["router"] = {"thresholds": {**own, **setting.thresholds}}
        comments["verification"] = ["thresholds set on the signals of recorded drafts"]
    return data, comments


def band(world: World, own: Standing) -> Content:
    """Return a policy's held-out figures as :class:`dynamicrag.policy.calibrated.Calibrated` has them.

    Args:
        world: The questions.
        own: The figures.
    """
    found: Content = {"date": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", "rows": len(world)}
    for name in BANDS:
        ends = own.intervals.costs.get(name)
        if ends is not None:
            low, high = ends
            found[name] = {"mean": _short(own.costs[name]), "low": _short(low), "high": _short(high)}
    shares: dict[str, dict[str, float]] = {}
    for name, share in own.shares.items():
        for stage, option in world.paths[world.names.index(name)].items():
            of = shares.setdefault(stage, {})
            of[option] = _short(of.get(option, 0.0) + share)
    return {**found, "shares": shares}


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
