"""The policy file: YAML in, a validated :class:`~dynamicrag.policy.policy.Policy` out.

Every error names the file, the place, the valid values and the nearest spelling.
"""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from dynamicrag.cost.profiles import shipped
from dynamicrag.drafts.moves import VerificationSection
from dynamicrag.errors import PolicyError, unknown
from dynamicrag.plain_values import check_plain, shown
from dynamicrag.plain_yaml import parse_yaml, read_text
from dynamicrag.plugins import load_plugins
from dynamicrag.policy.mistakes import fields, message
from dynamicrag.policy.policy import Policy
from dynamicrag.stages.base import STAGES
from dynamicrag.stages.section import StageSection
from dynamicrag.topology import TOPOLOGY, VERIFICATION

PRESETS = ("frugal", "balanced", "quality", "support", "always-large")


def load_policy(
    policy: str | Path | Mapping[str, Any],
    corpus: str | Path | Sequence[str | Path] | None = None,
    *,
    models: Collection[str] = (),
    retrievers: Collection[str] = (),
    trust: bool = True,
) -> Policy:
    """Read and validate a policy.

    Args:
        policy: A preset's name, a YAML file, or its content as a mapping.
        corpus: Files or folders that replace the path of the first corpus.
        models: Names of the caller's models, used if the policy has none.
        retrievers: Names of the caller's retrievers, used as options if the policy has none.
        trust: Whether the policy's plugins are imported, which runs them.

    Raises:
        PolicyError: The preset or file is unknown, or its content is invalid.
    """
    if isinstance(policy, Mapping):
        data: Any = _checked(policy)
        about = {
            "name": "observed" if policy.get("observe") else _named_by_content(data),
            "source": "",
            "folder": Path(),
        }
    else:
        path, preset = _find(policy)
        about = {"name": path.stem, "source": str(policy), "folder": Path() if preset else path.parent}
        data = _read(path, str(policy))
    if not isinstance(data, dict):
        raise PolicyError(f"{about['source']}: expected a mapping with 'version', 'models' and 'stages'")
    if reserved := {"name", "source", "folder"} & set(data):
        raise PolicyError(unknown(str(about["source"]), "key", reserved.pop(), fields(Policy)))
    if corpus is not None:
        data = _with_corpus(data, corpus)
    data = _with_objects(data, models, retrievers)
    plugins = _plugins(data)
    if trust:
        load_plugins(plugins, f"{about['source']}: plugins" if about["source"] else "plugins")
    with unimported([] if trust else plugins):
        stages = _stages(data.get("stages"), str(about["source"]))
        try:
            return Policy.model_validate({**data, **about, "stages": stages})
        except ValidationError as error:
            raise PolicyError(message(error, str(about["source"]), Policy)) from None


def _named_by_content(data: Any) -> str:
    """Return the name of a policy given as a mapping: equal for equal content, in any order of its sections.

    Feedback, accounts and reports are stored by it, so two policies must not have one name.
    """
    if not isinstance(data, dict):
        return "policy"  # refused later, with what is valid
    stages = data.get("stages")
    ordered = {**data, "stages": dict(sorted(stages.items()))} if isinstance(stages, dict) else data
    content = json.dumps(dict(sorted(ordered.items(), key=str)), default=str)
    return f"policy-{hashlib.sha256(content.encode()).hexdigest()[:6]}"


@contextmanager
def unimported(plugins: Sequence[str]) -> Iterator[None]:
    """Add to errors within that plugins, which were not imported, may define the name."""
    try:
        yield
    except PolicyError as error:
        if not plugins:
            raise
        raise PolicyError(
            f"{error}. It may come from a plugin ({', '.join(plugins)}): they were not imported, "
            "which would run them; --trust does"
        ) from None


def section_kinds() -> dict[str, type[StageSection]]:
    """Return the section class of every stage, in the topology's order."""
    return {name: VerificationSection if name == VERIFICATION else STAGES[name].section for name in TOPOLOGY}


def _stages(given: object, source: str) -> dict[str, StageSection]:
    """Return the sections of the stages named in a policy, and of those that every query needs.

    Raises:
        PolicyError: A stage is unknown, or a section is invalid.
    """
    where = f"{source}: stages" if source else "stages"
    if given is not None and not isinstance(given, Mapping):
        raise PolicyError(f"{where}: expected a mapping from stages to their sections, got {shown(given)}")
    named, kinds = dict(given or {}), section_kinds()
    for name in named:
        if name not in kinds:
            raise PolicyError(unknown(where, "key", name, kinds))
    sections = {}
    for name, kind in kinds.items():
        content = named.get(name, TOPOLOGY[name].plain)
        if name in named or content is not None:
            try:
                sections[name] = kind.model_validate(content)
            except ValidationError as error:
                raise PolicyError(message(error, source, kind, ("stages", name))) from None
    return sections


def _checked(policy: Mapping[str, Any]) -> dict[str, Any]:
    try:
        check_plain(policy)
    except ValueError as error:
        raise PolicyError(str(error)) from None
    return dict(policy)


def _find(policy: str | Path) -> tuple[Path, bool]:
    """Return the file of a policy, and whether it is a preset."""
    if not isinstance(policy, str | Path):
        raise PolicyError(
            f"policy: expected a preset ({', '.join(PRESETS)}), the path of a YAML file or its content as a "
            f"mapping, got {shown(policy)}"
        )
    text, path = str(policy), Path(policy)
    if not text.strip():
        raise PolicyError(f"policy: the name is empty; valid: {', '.join(PRESETS)}, or a path")
    if text in PRESETS:
        return shipped(f"{text}.yaml"), True
    if path.suffix not in (".yaml", ".yml") and not _is_there(path):
        raise PolicyError(unknown("policy", "preset", text, PRESETS) + "; or a path that ends in .yaml")
    return path, False


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # for example, a name too long for a file
        return False


def _read(path: Path, source: str) -> object:
    try:
        return parse_yaml(read_text(path))
    except FileNotFoundError:
        raise PolicyError(f"{source}: no such policy file; presets: {', '.join(PRESETS)}") from None
    except ValueError as error:
        raise PolicyError(f"{source}: {error}") from None


def _with_corpus(data: dict[str, Any], corpus: str | Path | Sequence[str | Path]) -> dict[str, Any]:
    given = [corpus] if isinstance(corpus, str | Path) else list(corpus)
    paths = [str(Path(path).absolute()) for path in given]
    corpora = data.get("corpora") or {}
    if not isinstance(corpora, Mapping):
        return data  # invalid; validation reports it
    corpora = dict(corpora)
    first = next(iter(corpora), "docs")
    section = corpora.get(first)
    corpora[first] = {**(section if isinstance(section, dict) else {}), "path": paths}
    return {**data, "corpora": corpora}


def _with_objects(
    data: dict[str, Any], models: Collection[str], retrievers: Collection[str]
) -> dict[str, Any]:
    """Add the names of the caller's objects if a policy lacks models, or options of ``retriever``."""
    if models and data.get("models") is None:
        data = {**data, "models": {name: {} for name in models}}
    stages = data.get("stages") or {}
    section = (stages.get("retriever") or {}) if isinstance(stages, Mapping) else None
    if retrievers and isinstance(section, Mapping) and section.get("options") is None:
        section = {**section, "options": list(retrievers)}
        data = {**data, "stages": {**stages, "retriever": section}}
    return data


def _plugins(data: Mapping[str, Any]) -> list[str]:
    """Return the plugins named in a policy; validation reports an invalid list."""
    named = data.get("plugins") or []
    listed = [named] if isinstance(named, str) else named
    return [name for name in listed if isinstance(name, str)] if isinstance(listed, list) else []
