"""The package and the key that a provider needs, without importing its package.

LangChain's own table maps providers to packages. Only the packages know the environment variable of the key,
so the variables are listed here: by convention ``PROVIDER_API_KEY``, and the exceptions below.
"""

import os
import re
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from dynamicrag import extras
from dynamicrag.errors import unknown

__all__ = ["missing", "package"]

_AWS = ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_BEARER_TOKEN_BEDROCK")
_GOOGLE = ("GOOGLE_APPLICATION_CREDENTIALS",)
KEYS: dict[str, tuple[str, ...]] = {
    "anthropic_bedrock": _AWS,
    "azure_ai": ("AZURE_AI_API_KEY", "AZURE_AI_CREDENTIAL"),
    "bedrock": _AWS,
    "bedrock_converse": _AWS,
    "bedrock_mantle_anthropic": _AWS,
    "bedrock_mantle_openai": _AWS,
    "cohere": ("COHERE_API_KEY", "CO_API_KEY"),
    "google_anthropic_vertex": _GOOGLE,
    "google_genai": ("GOOGLE_API_KEY", "GEMINI_API_KEY"),
    "google_vertexai": _GOOGLE,
    "huggingface": ("HUGGINGFACEHUB_API_TOKEN", "HF_TOKEN"),
    "ibm": ("WATSONX_APIKEY", "WATSONX_API_KEY"),
    "langsmith": ("LANGSMITH_GATEWAY_API_KEY", "LANGSMITH_API_KEY"),
    "litellm": (),  # the keys of the called provider
    "mistralai": ("MISTRAL_API_KEY",),
    "ollama": (),
    "perplexity": ("PPLX_API_KEY", "PERPLEXITY_API_KEY"),
}
"""Environment variables of a provider's key, the usual one first; any of them suffices."""
ELSEWHERE = {
    name: "a profile or a role of this machine will do too" for name in KEYS if KEYS[name] is _AWS
} | {name: "'gcloud auth application-default login' will do too" for name in KEYS if KEYS[name] is _GOOGLE}
_GIVEN = re.compile(r"(api_?key|token|token_provider|credentials?|credentials_path|secret_access_key)$")


def missing(spec: str, params: Mapping[str, Any]) -> list[str]:
    """Return a model's missing parts on this machine and the remedy, without importing or calling anything.

    Args:
        spec: ``provider:model``.
        params: The policy's parameters for its class, perhaps a key.
    """
    provider = spec.partition(":")[0]
    if provider == "local":
        lack = extras.missing("local")
        return [lack] if lack else []
    modules_of = _modules()
    if provider not in modules_of:
        return [unknown("its model", "provider", provider, [*modules_of, "local"])]
    found = []
    if find_spec(modules_of[provider]) is None:
        found.append(f"its package is not installed; pip install {package(provider)}")
    keys = KEYS.get(provider, (f"{provider.upper()}_API_KEY",))
    given = any(_GIVEN.search(name) and value for name, value in params.items())
    if keys and not given and not any(os.environ.get(key) for key in keys):
        also = f" ({ELSEWHERE[provider]})" if provider in ELSEWHERE else ""
        found.append(f"no key; set the environment variable {' or '.join(keys)}{also}")
    return found


def package(provider: str) -> str:
    """Return the pip name of a provider's package."""
    return _modules().get(provider, f"langchain_{provider}").replace("_", "-")


def _modules() -> dict[str, str]:
    from langchain.chat_models import base

    return {name: row[0].partition(".")[0] for name, row in base._BUILTIN_PROVIDERS.items()}
