"""What a table was recorded with, as hashes that mean the same on any machine."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dynamicrag.assembly import EMBEDDER
from dynamicrag.llm.catalogue import entry
from dynamicrag.policy import Policy
from dynamicrag.retrieval.documents import Skipped
from dynamicrag.retrieval.readers import files_of

_SECRET = ("key", "token", "secret", "password")


def origin_of(policy: Policy) -> dict[str, str]:
    """Return hashes of ``policy``, ``models`` and ``corpus``.

    The policy's is over what bears on an outcome, so not over routers, weights and where files lie; the
    models' is over their files where they are local; the corpus's over the content of its files.

    Raises:
        CorpusError: A file of a corpus cannot be read.
        ModelUnavailable: The catalogue has no such model.
    """
    return {
        "policy": _digest(_settings(policy)),
        "models": _digest(_models(policy)),
        "corpus": _corpus(policy),
    }


def _settings(policy: Policy) -> dict[str, Any]:
    content = policy.model_dump(mode="json")
    stages = {
        name: {"options": section["options"], "verifiers": section.get("verifiers")}
        for name, section in content["stages"].items()
    }
    profiles = {name: section["profile"] for name, section in content["models"].items()}
    budget = content["objective"]["budget"]["per_query"]
    return {"stages": stages, "profiles": profiles, "budget": budget, "host": content["host"],
            "helper": content["helper"]}  # fmt: skip


def _models(policy: Policy) -> dict[str, Any]:
    return {
        name: [_weights(section.model), _public(section.params)] for name, section in policy.models.items()
    }


def _weights(spec: str) -> list[str]:
    provider, _, model = spec.partition(":")
    if provider != "local":
        return [spec]
    if model.endswith(".gguf"):
        file = Path(model).expanduser()
        return [file.name, str(file.stat().st_size if file.is_file() else 0)]
    return [file.sha256 for file in entry(model).files]


def _public(params: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in params.items() if not any(word in key.lower() for word in _SECRET)}


def _corpus(policy: Policy) -> str:
    parts: list[Any] = [EMBEDDER]
    for name, section in policy.corpora.items():
        files = files_of([policy.folder / path for path in section.path], Skipped())
        content = sorted((file.id, hashlib.sha256(file.path.read_bytes()).hexdigest()) for file in files)
        parts.append([name, section.chunk.model_dump(), content])
    return _digest(parts)


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
