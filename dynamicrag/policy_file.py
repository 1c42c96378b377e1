"""The policy file: YAML in, a validated :class:`~dynamicrag.policy.Policy` out.

Whatever is wrong is said with the file, the place, what is valid and the nearest spelling.
"""

from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from dynamicrag.cost.profiles import shipped
from dynamicrag.errors import PolicyError, unknown
from dynamicrag.policy import Policy

PRESETS = ("frugal", "balanced", "quality", "support", "always-large")


class _Loader(yaml.SafeLoader):
    """Refuses a key that is given twice; YAML would keep the last in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Any] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"key {key.value!r} twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def load_policy(
    policy: str | Path | Mapping[str, Any], corpus: str | Path | Sequence[str | Path] | None = None
) -> Policy:
    """Read and validate a policy.

    Args:
        policy: A preset's name, a YAML file, or its content as a mapping.
        corpus: Files or folders that replace the path of the first corpus.

    Raises:
        PolicyError: There is no such preset or file, or something in it is wrong.
    """
    if isinstance(policy, Mapping):
        data: Any = dict(policy)
        about = {"name": "policy", "source": "", "folder": Path()}
    else:
        path, preset = _find(policy)
        about = {"name": path.stem, "source": str(policy), "folder": Path() if preset else path.parent}
        data = _read(path, str(policy))
    if not isinstance(data, dict):
        raise PolicyError(f"{about['source']}: expected a mapping with 'version', 'models' and 'stages'")
    if reserved := {"name", "source", "folder"} & set(data):
        raise PolicyError(unknown(str(about["source"]), "key", reserved.pop(), _fields(Policy)))
    if corpus is not None:
        data = _with_corpus(data, corpus)
    try:
        return Policy.model_validate({**data, **about})
    except ValidationError as error:
        raise PolicyError(_message(error, str(about["source"]))) from None


def _find(policy: str | Path) -> tuple[Path, bool]:
    """Return the file of a policy, and whether it is a preset's."""
    text, path = str(policy), Path(policy)
    if text in PRESETS:
        return shipped(f"{text}.yaml"), True
    if path.suffix not in (".yaml", ".yml") and not path.exists():
        raise PolicyError(unknown("policy", "preset", text, PRESETS) + "; or a path that ends in .yaml")
    return path, False


def _read(path: Path, source: str) -> object:
    try:
        return yaml.load(path.read_text("utf-8"), _Loader)  # noqa: S506 - _Loader is a SafeLoader
    except FileNotFoundError:
        raise PolicyError(f"{source}: no such policy file; presets: {', '.join(PRESETS)}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"{source}: cannot be read: {error}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise PolicyError(f"{source}{line}: not valid YAML: {getattr(error, 'problem', error)}") from None


def _with_corpus(data: dict[str, Any], corpus: str | Path | Sequence[str | Path]) -> dict[str, Any]:
    given = [corpus] if isinstance(corpus, str | Path) else list(corpus)
    paths = [str(Path(path).absolute()) for path in given]
    corpora = dict(data.get("corpora") or {})
    first = next(iter(corpora), "docs")
    section = corpora.get(first)
    corpora[first] = {**(section if isinstance(section, dict) else {}), "path": paths}
    return {**data, "corpora": corpora}


def _message(error: ValidationError, source: str) -> str:
    """Say the first mistake in a policy's own words: where, what, what is valid."""
    first = error.errors()[0]
    place = [str(part) for part in first["loc"] if not str(part).startswith(("function-", "dict[", "list["))]
    prefix = f"{source}: " if source else ""
    where, given = prefix + ".".join(place), first["input"]
    if first["type"] == "extra_forbidden":
        parent = prefix + ".".join(place[:-1] or ["top level"])
        return unknown(parent, "key", place[-1], _keys_at(place[:-1]))
    if first["type"] == "missing":
        return f"{where}: is missing"
    if first["type"] == "literal_error" and place and isinstance(given, str):
        valid = str(first.get("ctx", {}).get("expected", "")).replace(" or ", ", ").replace("'", "")
        return unknown(where.removesuffix(f".{place[-1]}"), "value", given, valid.split(", "))
    shown = f", got {given!r}" if not isinstance(given, dict | list) else ""
    return f"{where}: {first['msg']}{shown}"


def _fields(section: type[BaseModel]) -> list[str]:
    return [name for name, field in section.model_fields.items() if not field.exclude]


def _keys_at(place: Sequence[str]) -> list[str]:
    """Return the keys that are valid at a place of a policy."""
    kind: Any = Policy
    for part in place:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            kind = kind.model_fields[part].annotation
            kind = get_args(kind)[0] if type(None) in get_args(kind) else kind
        else:  # a mapping of sections by name
            kind = get_args(kind)[-1]
    return _fields(kind) if isinstance(kind, type) and issubclass(kind, BaseModel) else []
