"""Reads and checks the catalogue of downloadable models, ``catalogue.yaml``."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Literal

from dynamicrag.errors import ModelUnavailable, unknown

__all__ = ["ModelEntry", "ModelFile", "Source", "catalogue", "entry"]


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model: its name relative to the model's folder, bytes, and sha256 in hex."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Source:
    """A source of the files: a kind, for example ``hub``, and its parameters."""

    kind: str
    params: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A model of the catalogue.

    Attributes:
        name: Its name in policies.
        kind: ``chat`` is one GGUF file, ``embedding`` a folder for sentence-transformers.
        licence: SPDX identifier of the weights' licence.
        parameters: Number of weights.
        context: Context length in tokens, prompt and answer together.
        quantisation: Format of the weights.
        home: Page of the unquantised model.
        files: All files of the model.
        sources: Sources of the files, in order of preference.
    """

    name: str
    kind: Literal["chat", "embedding"]
    licence: str
    parameters: int
    context: int
    quantisation: str
    home: str
    files: tuple[ModelFile, ...]
    sources: tuple[Source, ...]

    @property
    def size(self) -> int:
        """Total bytes of all files."""
        return sum(file.size for file in self.files)


@cache
def catalogue() -> Mapping[str, ModelEntry]:
    """Return every model by name, smallest chat model first."""
    import yaml
    from pydantic import TypeAdapter

    text = files("dynamicrag.llm").joinpath("catalogue.yaml").read_text(encoding="utf-8")
    read = TypeAdapter(ModelEntry).validate_python
    entries = yaml.safe_load(text).items()
    return MappingProxyType({name: read(_plain(name, fields)) for name, fields in entries})


def _plain(name: str, fields: dict[str, Any]) -> dict[str, Any]:
    pairs = (pair for source in fields["sources"] for pair in source.items())
    return {**fields, "name": name, "sources": [{"kind": kind, "params": params} for kind, params in pairs]}


def entry(name: str) -> ModelEntry:
    """Look a model up.

    Raises:
        ModelUnavailable: The catalogue has no such model; the message has the nearest spelling.
    """
    try:
        return catalogue()[name]
    except KeyError:
        raise ModelUnavailable(unknown("model catalogue", "model", name, catalogue())) from None
