"""A policy to start from: the stages of a preset with the models of a provider, comments included."""

import re

from dynamicrag.cost.profiles import shipped
from dynamicrag.errors import PolicyError, unknown

STYLES = ("frugal", "balanced", "quality")
PROVIDERS = ("local", "openai", "anthropic", "google", "ollama", "vllm")

WEIGHTS = {
    "frugal": "{usd: 20, joules: 0.0002}",
    "balanced": "{usd: 5, joules: 0.00005}",
    "quality": "{usd: 1, joules: 0.00001}",
}
"""Weights by style, for models outside this process.

Their energy is estimated, and that of whole servers: some ten times that of the small local models. A call of
1,000 prompt tokens and 150 more to a model of 2 and 10 dollars a million costs 0.0035 dollars and about 700
joules: as much as .21 of quality, .05 and .01.
"""

_ABOUT = re.compile(r"\A(?P<title>#[^\n]*\n)(?:#[^\n]*\n)*")
_MODELS = re.compile(r"^models:.*?^helper:[^\n]*\n", re.MULTILINE | re.DOTALL)
_WEIGHTS = re.compile(r"(?<=^  weights: )\{[^}]*\}", re.MULTILINE)
_GENERATORS = re.compile(r"(?<=^  generator: \{options: )\[[^\]]*\]", re.MULTILINE)


def starter(provider: str, style: str) -> str:
    """Return the text of a policy.

    For models in this process it is the preset itself. For others, the models, the helper and the weights
    are replaced, and the evidence, which was measured with the preset's models, is left out.

    Args:
        provider: One of ``PROVIDERS``.
        style: One of ``STYLES``.

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
    text = _replaced(_WEIGHTS, text, WEIGHTS[style])
    if "\n  medium:" not in models:  # two models: both are options
        text = _replaced(_GENERATORS, text, "[small, large]")
    return _replaced(_MODELS, text, models.replace("\\", r"\\"))


def _replaced(part: re.Pattern[str], text: str, new: str) -> str:
    changed, count = part.subn(new, text)
    if count != 1:
        raise AssertionError(f"a preset must have one part like {part.pattern}, found {count}")
    return changed
