"""The family of a model: the same for all its names, at every provider."""

import re
from collections.abc import Iterator

Family = tuple[str, ...]
"""Words and numbers of a name, in lower case: ``("llama", "3", "1", "8", "b")``."""

_PART = re.compile(r"[a-z]+|\d+")
_FILE = re.compile(r"\.gguf$")
_VENDORS = re.compile(r"^(?:[a-z-]+\.)+(?=[a-z])|^meta-(?=llama)")
"""Names before the model's in Amazon Bedrock (``us.anthropic.``), and Meta's own in its file names."""

_MONTH, _DAY = r"(?:0[1-9]|1[0-2])", r"(?:0[1-9]|[12]\d|3[01])"
_ENDING = re.compile(
    r"[-_.:@ ](?:"
    r"instruct|instruct-turbo|it|chat|latest|preview|exp|free|qat|instant|versatile"
    r"|hf|gguf|ggml|mlx|awq|gptq|exl2|bnb|i?q\d(?:_[a-z0-9]+)*|(?:fp|int|bf|f)\d+|\d+bit"
    r"|v\d+(?:\.\d+)?(?::\d+)?|\d+k|00\d"
    rf"|20\d\d-?{_MONTH}-?{_DAY}|{_MONTH}-20\d\d|{_MONTH}-?{_DAY}"
    r")$"
)
"""One ending that does not change a model's knowledge much: format, precision, version or date."""


def family(name: str) -> Family:
    """Return the words and numbers of a name: ``llama3.1:8b`` and ``Llama-3.1-8B`` are the same."""
    return tuple(_PART.findall(name.lower()))


def families(spec: str) -> Iterator[Family]:
    """Yield the families that a model spec may name, the most specific first.

    First come those with the provider, because a short name depends on it: ``ollama:llama3.2`` has three
    billion parameters. Then follow those of the bare name. Each is tried as it is, and without its
    endings, one after the other.
    """
    name = _FILE.sub("", spec.strip().lower())
    bare = re.split(r"[/\\]", name.partition(":")[2] or name)[-1]
    for start in (name, _VENDORS.sub("", bare)):
        yield family(start)
        shorter = start
        while (cut := _ENDING.sub("", shorter)) != shorter:
            shorter = cut
            yield family(shorter)


def words(name: Family) -> tuple[str, ...]:
    """Return a family without its numbers: equal for all versions of a model."""
    return tuple(part for part in name if not part.isdigit())


def version(name: Family) -> tuple[int, ...]:
    """Return the numbers of a family, which rise from a model to its successor."""
    return tuple(int(part) for part in name if part.isdigit())
