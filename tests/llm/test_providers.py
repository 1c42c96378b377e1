import subprocess
import sys

import pytest

from dynamicrag.llm.providers import KEYS, missing, package


def known():
    from langchain.chat_models import base

    return sorted(base._BUILTIN_PROVIDERS)


@pytest.fixture
def bare(monkeypatch):
    """Take every key out of the environment."""
    for keys in [*KEYS.values(), *((f"{name.upper()}_API_KEY",) for name in known())]:
        for key in keys:
            monkeypatch.delenv(key, raising=False)


@pytest.mark.parametrize("provider", known())
def test_every_provider_names_its_package_and_its_key(provider, bare):
    told = " ".join(missing(f"{provider}:x", {}))
    if package(provider) != "langchain-openai":  # it is installed
        assert f"pip install {package(provider)}" in told
        assert package(provider).startswith("langchain-")
    if provider in ("ollama", "litellm"):
        assert "key" not in told
    else:
        assert "set the environment variable " in told


@pytest.mark.parametrize(
    ("spec", "names"),
    [
        ("mistralai:x", ["langchain-mistralai", "MISTRAL_API_KEY"]),
        ("openai:x", ["OPENAI_API_KEY"]),
        ("azure_openai:x", ["AZURE_OPENAI_API_KEY"]),
        ("bedrock:x", ["langchain-aws", "AWS_ACCESS_KEY_ID", "role"]),
        ("google_vertexai:x", ["langchain-google-vertexai", "gcloud auth"]),
        ("nvidia:x", ["langchain-nvidia-ai-endpoints", "NVIDIA_API_KEY"]),
        ("opanai:x", ["did you mean 'openai'"]),
    ],
)
def test_what_is_missing_is_named(spec, names, bare):
    told = " ".join(missing(spec, {}))
    assert all(name in told for name in names)


def test_a_key_may_stand_in_the_policy_or_the_environment(bare, monkeypatch):
    assert missing("openai:x", {"max_tokens": 5}) != []
    assert missing("openai:x", {"api_key": "none"}) == []
    assert missing("openai:x", {"openai_api_key": "none"}) == []
    monkeypatch.setenv("OPENAI_API_KEY", "")
    assert missing("openai:x", {}) != []
    monkeypatch.setenv("OPENAI_API_KEY", "sk")
    assert missing("openai:x", {}) == []


@pytest.mark.slow
def test_no_provider_is_imported():
    code = (
        "import sys\nfrom dynamicrag.llm.providers import missing\nmissing('openai:x', {})\n"
        "sys.stdout.write(str('langchain_openai' in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False"
