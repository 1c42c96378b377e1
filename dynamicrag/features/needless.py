"""Signs that a question needs no documents."""

from collections.abc import Mapping

NO_DOCUMENTS = {
    "greeting": "small talk",
    "sum": "a sum",
    "about_conversation": "about the conversation",
    "follows_none": "it follows a question that was not looked up",
}
"""The signs, with their reasons."""


def needless(features: Mapping[str, float]) -> str:
    """Return the reason why a question needs no documents; ``""`` if it may need them."""
    return next((reason for sign, reason in NO_DOCUMENTS.items() if features.get(sign)), "")
