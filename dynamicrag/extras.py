"""The optional extras that something at run time needs, and the refusal where one is missing."""

from collections.abc import Mapping
from importlib.util import find_spec

from dynamicrag.errors import InputError

__all__ = ["EXTRAS", "install", "missing", "require"]

EXTRAS: Mapping[str, Mapping[str, str]] = {
    "local": {"xllamacpp": "xllamacpp", "langchain_openai": "langchain-openai"},
    "lab": {"matplotlib": "matplotlib", "jinja2": "jinja2"},
    "postgres": {"psycopg": "psycopg"},
    "serve": {
        "fastapi": "fastapi",
        "uvicorn": "uvicorn",
        "prometheus_client": "prometheus-client",
        "python_multipart": "python-multipart",
    },
    "ui": {"gradio": "gradio", "PIL": "pillow"},
}
"""By extra: the modules that it brings, each with the package that has it."""


def install(extra: str) -> str:
    """Return the command that installs an extra."""
    return f"pip install 'dynamicrag[{extra}]'"


def missing(extra: str) -> str:
    """Say which packages of an extra are not installed, and how to install them; ``""`` if none is missing.

    Nothing is imported.
    """
    lacking = [package for module, package in EXTRAS[extra].items() if find_spec(module) is None]
    if not lacking:
        return ""
    verb = "is" if len(lacking) == 1 else "are"
    return f"{' and '.join(lacking)} {verb} not installed; mend with: {install(extra)}"


def require(extra: str, *, for_: str) -> None:
    """Refuse to begin work that needs an extra which is not installed.

    Args:
        extra: The extra.
        for_: The option or function that needs it, as the user knows it: ``--plot``.

    Raises:
        InputError: A package of the extra is missing.
    """
    lack = missing(extra)
    if lack:
        raise InputError(f"{for_}: {lack}")
