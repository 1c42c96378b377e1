"""Tokenizers of models, if they are on disk already; nothing is ever downloaded.

OpenAI's tokenizers come with llama-index-core, or are in tiktoken's own cache; others are in Hugging Face's.
tiktoken itself would download missing files and delete cached files that it rejects, so its files are read
here.
"""

import base64
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tiktoken import Encoding

__all__ = ["encoding", "vocabulary_of"]

Count = Callable[[str], int]


class _File(NamedTuple):
    """An encoding's file: its address (tiktoken's cache key), its hash, and its pattern to split texts."""

    url: str
    sha256: str
    pattern: str


_URL = "https://openaipublic.blob.core.windows.net/encodings/"
_FILES = {
    "cl100k_base": _File(
        _URL + "cl100k_base.tiktoken",
        "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
        r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$"
        r"|\s*[\r\n]|\s+(?!\S)|\s",
    ),
    "o200k_base": _File(
        _URL + "o200k_base.tiktoken",
        "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
        r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
        r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    ),
}
"""From tiktoken 0.14."""
_SAME = {"o200k_harmony": "o200k_base"}


@cache
def vocabulary_of(spec: str) -> Count | None:
    """Return the token counter of ``provider:model``, or ``None`` if its tokenizer is not on disk."""
    name = spec.partition(":")[2]
    known = _encoding_of(name.rpartition("/")[2])
    if known is not None:
        return lambda text: len(known.encode_ordinary(text))
    return _hugging_face(name)


@cache
def encoding(name: str) -> "Encoding | None":
    """Return one of OpenAI's encodings, without its special tokens; ``None`` if it is not on disk."""
    file = _FILES.get(_SAME.get(name, name))
    if file is None:
        return None
    for folder in _folders():
        path = folder / hashlib.sha1(file.url.encode(), usedforsecurity=False).hexdigest()
        try:
            data = path.read_bytes()
        except OSError:
            continue
        if hashlib.sha256(data).hexdigest() == file.sha256:
            return _read(name, file.pattern, data)
    return None


def _encoding_of(model: str) -> "Encoding | None":
    from tiktoken.model import encoding_name_for_model

    try:
        return encoding(encoding_name_for_model(model))
    except KeyError:
        return None


def _read(name: str, pattern: str, data: bytes) -> "Encoding":
    from tiktoken import Encoding

    rows = (line.split() for line in data.splitlines() if line)
    ranks = {base64.b64decode(token): int(rank) for token, rank in rows}
    return Encoding(name, pat_str=pattern, mergeable_ranks=ranks, special_tokens={})


def _folders() -> Iterator[Path]:
    """Yield the possible folders of tiktoken's files: its cache, by its own rules, and llama-index-core."""
    given = os.environ.get("TIKTOKEN_CACHE_DIR", os.environ.get("DATA_GYM_CACHE_DIR"))
    if given is None:
        yield Path(tempfile.gettempdir()) / "data-gym-cache"
    elif given:
        yield Path(given)
    core = find_spec("llama_index.core")
    for place in (core.submodule_search_locations or ()) if core else ():
        yield Path(place) / "_static" / "tiktoken_cache"


def _hugging_face(name: str) -> Count | None:
    """Return the counter of a model of the Hugging Face hub whose ``tokenizer.json`` is in its cache."""
    if name.count("/") != 1:
        return None
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError
    from tokenizers import Tokenizer

    try:
        path = try_to_load_from_cache(name, "tokenizer.json")
    except HFValidationError:
        return None
    if not isinstance(path, str):
        return None
    try:
        tokenizer = Tokenizer.from_file(path)
    except Exception:  # noqa: BLE001 - tokenizers raises nothing narrower; a broken file is as good as none
        return None
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)
