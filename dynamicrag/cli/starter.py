"""A policy to start from: the stages of a preset with the models of a provider, comments included."""

import re

from dynamicrag.cost.profiles import shipped
from dynamicrag.errors import PolicyError, unknown

STYLES = ("frugal", "balanced", "quality")
PROVIDERS = ("local", "openai", "anthropic", "google", "ollama", "vllm")

REMOTE = {
    "frugal": "{usd: 20, joules: 0.0002}",
    "balanced": "{usd: 5, joules: 0.00005}",
    "quality": "{usd: 1, joules: 0.00001}",
}
"""Weights by style, for models of a provider.

Their energy is estimated, and that of whole servers. A call of 1,500 prompt tokens and 150 more to a model of
2 and 10 dollars a million costs 0.0045 dollars and some 900 joules: as much as .27 of quality, .07 and .01.
"""

SAME_HOST = {
    "frugal": "{usd: 20, joules: 0.001}",
    "balanced": "{usd: 5, joules: 0.00025}",
    "quality": "{usd: 1, joules: 0.00005}",
}
"""Weights by style, for models on this host, whose only cost is their energy.

Of models of 7 and 32 billion parameters, the same call takes some 130 and 290 joules: .16 of quality apart,
.04 and .01.
"""

WEIGHTS = {
    "openai": REMOTE,
    "anthropic": REMOTE,
    "google": REMOTE,
    "ollama": SAME_HOST,
    "vllm": SAME_HOST,
}

_ABOUT = re.compile(r"\A(?P<title>#[^\n]*\n)(?:#[^\n]*\n)*")
_MODELS = re.compile(r"^models:.*?^helper:[^\n]*\n", re.MULTILINE | re.DOTALL)
_WEIGHTS = re.compile(r"(?<=^  weights: )\{[^}]*\}", re.MULTILINE)
_GENERATORS = re.compile(r"(?<=^  generator: \{options: )\[[^\]]*\]", re.MULTILINE)


def starter(provider: str, style: str) -> str:
    """Return the text of a policy.

    For models in this process it is the preset itself. For others, the models, the helper and the weights
    are replaced, and the evidence, which was measured with the preset's models, is left out.

    Args:
        provider: Name in ``PROVIDERS``.
        style: Name in ``STYLES``.

    Raises:
        PolicyError: The provider or the style is unknown.
    """
    if provider not in PROVIDERS:
        raise PolicyError(unknown("--provider", "provider", provider, PROVIDERS))
    if style not in STYLES:
        raise PolicyError(unknown("--style", "style", style, STYLES))
    preset = shipped(f"{style}.yaml").read_text("utf-8")
    if provider == "local":
        return preset
    models = shipped(f"providers/{provider}.yaml").read_text("utf-8")
    text = _replaced(_ABOUT, preset, r"\g<title>")
    text = _replaced(_WEIGHTS, text, WEIGHTS[provider][style])
    if "\n  medium:" not in models:  # two models: both are options
        text = _replaced(_GENERATORS, text, "[small, large]")
    return _replaced(_MODELS, text, models.replace("\\", r"\\"))


def _replaced(part: re.Pattern[str], text: str, new: str) -> str:
    changed, count = part.subn(new, text)
    if count != 1:
        raise AssertionError(f"a preset must have one part like {part.pattern}, found {count}")
    return changed
