"""Hashes of the policy and the documents that a table was recorded with; the same on every machine.

One hash covers the settings that affect every path. Every model and every option of a stage has its own, so
that a recording stays valid when a policy gets more of them.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dynamicrag.errors import ModelUnavailable
from dynamicrag.llm.catalogue import entry
from dynamicrag.llm.prompts.base import prompt_spec
from dynamicrag.llm.prompts.voice import Voice
from dynamicrag.policy.policy import Policy, brief
from dynamicrag.retrieval.documents import Skipped
from dynamicrag.retrieval.local_embedder import DEFAULT
from dynamicrag.retrieval.readers import files_of
from dynamicrag.stages.context import context_option, depth
from dynamicrag.topology import TOPOLOGY

_SECRET = re.compile(r"(?:^|[^a-z])(?:key|token|secret|password)$", re.IGNORECASE)
_NAMES_ALONE = ("retrieval", "generator")
"""Stages whose options have no parameters; a generator's options are the models."""


def origin_of(policy: Policy) -> dict[str, str]:
    """Return hashes of ``policy``, ``corpus``, every ``models.NAME`` and every ``STAGE.OPTION``.

    ``policy`` covers the settings that affect the outcome of every path: not routers, weights or paths of
    files. A local model's hash covers its files, the corpus's the content of its files.

    Raises:
        CorpusError: A corpus has no document.
        ModelUnavailable: The catalogue has no such model, or its file cannot be read.
        PolicyError: An option of ``context`` is malformed.
    """
    named: dict[str, Any] = {
        f"models.{name}": [_weights(section.model), _public(section.params), section.profile]
        for name, section in policy.models.items()
    }
    policy = brief(policy)  # answers are recorded in the brief style, not in the policy's
    for stage, section in policy.stages.items():
        if stage in TOPOLOGY.drafting and stage not in _NAMES_ALONE:
            named |= {
                # empty parameters are none, as beside a description
                f"{stage}.{option}": (_voiced(option, spec) if stage == "prompt" else spec) or None
                for option, spec in section.described.items()
            }
    hashes = {what: _digest(value) for what, value in named.items()}
    return {"policy": _digest(_settings(policy)), "corpus": _corpus(policy), **hashes}


def changed(recorded: Mapping[str, str], now: Mapping[str, str]) -> str | None:
    """Return the name of the first hash that differs, or ``None``.

    A model or option that only one of the two has is no change.
    """
    for what, digest in now.items():
        if recorded.get(what, digest if "." in what else None) != digest:
            return what
    return None


def _settings(policy: Policy) -> dict[str, Any]:
    content = policy.model_dump(mode="json")
    options = [
        context_option(name, params, policy.where("stages", "context", "options", name))
        for name, params in policy.stages["context"].specs.items()
    ]
    return {
        "verifiers": content["stages"]["verification"]["verifiers"],
        "budget": content["objective"]["budget"]["per_query"],
        # without empty sections, so that tables recorded before a section existed stay valid
        "host": {key: value for key, value in content["host"].items() if value != {}},
        "helper": content["helper"],
        "depth": depth(options),
    }


def _voiced(option: str, spec: Any) -> Any:
    """Return a prompt's spec with one name per language, and without a voice that changes nothing."""
    spec = prompt_spec(option, spec) if spec is not None else None
    if not isinstance(spec, dict) or len(spec) != 1:
        return spec
    ((name, params),) = spec.items()
    rest = {key: value for key, value in (params or {}).items() if key not in ("instructions", "language")}
    given = {key: value for key, value in (params or {}).items() if key not in rest}
    voice = Voice(**given)
    if voice.instructions:
        rest["instructions"] = voice.instructions
    if voice.fixed:
        rest["language"] = voice.fixed
    return None if not rest and given and name == option else {name: rest}


def _weights(spec: str) -> list[str]:
    provider, _, model = spec.partition(":")
    if provider != "local":
        return [spec]
    if model.endswith(".gguf"):
        try:
            return [_content(Path(model).expanduser())]
        except FileNotFoundError:
            return []  # loading the model reports it
        except OSError as error:
            raise ModelUnavailable(f"{spec}: cannot be read: {error.strerror or error}") from None
    return [file.sha256 for file in entry(model).files]


def _content(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _content_or_nothing(file: Path) -> str:
    try:
        return _content(file)
    except OSError:
        return ""  # the corpus leaves the file out and reports it


def _public(params: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in params.items() if not _SECRET.search(key)}


def _corpus(policy: Policy) -> str:
    parts: list[Any] = [DEFAULT]
    for name, section in policy.corpora.items():
        files = files_of(
            [policy.folder / path for path in section.path], Skipped(), follow_links=section.follow_links
        )
        content = sorted((file.id, _content_or_nothing(file.path)) for file in files)
        other = [] if section.embedding is None else [section.embedding]
        parts.append([name, section.chunk.model_dump(), content, *other])
    return _digest(parts)


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
