"""Builds embedders from a policy's spec or a user's object, and the default embedder."""

import re
from collections.abc import Mapping
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from dynamicrag.errors import ModelUnavailable, PolicyError, unknown
from dynamicrag.llm.catalogue import catalogue
from dynamicrag.llm.pull import pulled
from dynamicrag.registry import parse_spec
from dynamicrag.retrieval.embedder import Embedder
from dynamicrag.retrieval.foreign_embedder import lazy_embedder
from dynamicrag.retrieval.local_embedder import DEFAULT, LocalEmbedder
from dynamicrag.types import Runs
from dynamicrag.whereabouts import called_by, on_this_host

__all__ = ["default_embedder", "embedder_of", "missing"]

_PROVIDED = re.compile(r"[a-z][a-z0-9_]+:.+")
"""``provider:model``; a single letter before a colon is a disk drive."""
_TELLING = ("base_url", "dimensions", "revision", "truncate_dim")
"""Parameters that change a model's vectors."""


def default_embedder() -> Embedder:
    """Return all-MiniLM, which is downloaded and loaded on first use."""
    return LocalEmbedder(lambda: pulled(DEFAULT), name=DEFAULT)


def embedder_of(spec: object, where: str, folder: Path = Path()) -> Embedder:
    """Return the embedder named in a policy, without loading or calling it.

    Args:
        spec: A model of the catalogue, the folder of a sentence-transformers model, ``provider:model`` for
            LangChain's ``init_embeddings``, or a sentence-transformers name; or ``{NAME: {parameter:
            value}}`` with any of these as the name.
        where: Place in the policy, for messages.
        folder: Base of a relative path.

    Raises:
        PolicyError: The spec has another form, or names an unknown provider or folder.
    """
    name, params = parse_spec(spec, where)
    if not name.strip():
        raise PolicyError(f"{where}: is empty; name a model, such as openai:text-embedding-3-small")
    if _PROVIDED.fullmatch(name):
        _providers(name, where)
        runs = _runs(name, params)
        return lazy_embedder("langchain", partial(_provided, name, params), _key(name, params), runs)
    kinds = {known: entry.kind for known, entry in catalogue().items()}
    if name in kinds:
        _no_params(params, f"{where}.{name}")
        if kinds[name] == "chat":
            raise PolicyError(f"{where}: {name} is a chat model; valid of the catalogue: {DEFAULT}")
        return LocalEmbedder(lambda: pulled(name), name=name)
    path = folder / Path(name).expanduser()
    if path.is_dir():
        _no_params(params, f"{where}.{name}")
        return LocalEmbedder(path, name=str(path.resolve()))
    if name.startswith((".", "/", "~")):
        raise PolicyError(
            f"{where}: there is no folder {path}; give the folder of a sentence-transformers model"
        )
    make = partial(_named, name, params)
    return lazy_embedder("sentence_transformers", make, _key(name, params), "in_process")


def missing(spec: object, where: str) -> str:
    """Return an embedder's missing parts on this machine and the remedy, without importing anything."""
    name, _ = parse_spec(spec, where)
    if not _PROVIDED.fullmatch(name):
        return ""
    module = _providers(name, where)[name.partition(":")[0]]
    package = module.partition(".")[0]
    mend = f"its package is not installed; pip install {package.replace('_', '-')}"
    return "" if find_spec(package) else mend


def _provided(name: str, params: Mapping[str, Any]) -> Any:
    from langchain.embeddings import init_embeddings

    try:
        return init_embeddings(name, **params)
    except Exception as error:  # a missing package or key, worded by the provider's class
        said = " ".join(str(error).split())[:300]
        raise ModelUnavailable(f"embedder {name}: {said or type(error).__name__}") from error


def _named(name: str, params: Mapping[str, Any]) -> Any:
    from sentence_transformers import SentenceTransformer

    try:
        return SentenceTransformer(name, **params)
    except Exception as error:  # errors of the hub, the file and torch share no base
        said = " ".join(str(error).split())[:300]
        raise ModelUnavailable(
            f"embedder {name}: sentence-transformers cannot load it; check the name and the network, or give "
            f"the folder of a model [{type(error).__name__}: {said}]"
        ) from error


def _providers(name: str, where: str) -> dict[str, str]:
    from langchain.embeddings import base

    modules = {provider: row[0] for provider, row in base._BUILTIN_PROVIDERS.items()}
    provider = name.partition(":")[0]
    if provider not in modules:
        raise PolicyError(unknown(where, "provider of embeddings", provider, modules))
    return modules


def _no_params(params: Mapping[str, Any], where: str) -> None:
    if params:
        raise PolicyError(f"{where}: takes no parameters, got {', '.join(map(str, params))}")


def _key(name: str, params: Mapping[str, Any]) -> str:
    """Return the model name of an index, including the parameters that change its vectors."""
    return ":".join([name, *(f"{key}={params[key]}" for key in _TELLING if key in params)])


def _runs(name: str, params: Mapping[str, Any]) -> Runs:
    address = called_by(name.partition(":")[0], str(params.get("base_url") or ""))
    if address is not None and on_this_host(address.host):
        return "same_host"
    return "in_process" if name.startswith("huggingface:") else "remote"
