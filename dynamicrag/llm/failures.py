"""From whatever a provider's client raises to an error that says how to mend it.

Providers have a class hierarchy each; what they share, and what is read here, is an HTTP status in
``status_code`` and telling class names.
"""

import re
from collections.abc import Iterable

from dynamicrag.errors import ModelError, ModelUnavailable, ProviderError
from dynamicrag.llm.never_sent import never_sent

__all__ = ["provider_error", "refused", "unavailable"]

CAUSES = (
    # where to look for the pattern: the class's name and the message, lower-case
    (r"context.?(size|length|window)|maximum context|too many tokens", "the prompt is too long for it",
     "use fewer or shorter passages, or give the model a larger 'context'"),
    (r"ratelimit|rate.limit|quota|\b429\b", "the provider's rate limit or quota is reached",
     "wait, raise 'max_retries', or check the account's plan"),
    (r"authentication|permission|unauthorized|api.?key|\b401\b|\b403\b", "the provider refused the key",
     "check the key and what it may use"),
    (r"notfound|\b404\b", "the provider does not have this model", "check the model's name"),
    (r"timeout|timed out", "no answer in time", "raise the model's 'timeout', or try again"),
    (r"connect|readerror|remoteprotocol", "the provider cannot be reached",
     "check the network, 'base_url' and that the server runs"),
)  # fmt: skip


def provider_error(name: str, spec: str, error: Exception) -> ModelError:
    """Return the error to raise for a failed call; our own errors pass unchanged."""
    if isinstance(error, ModelError):
        return error
    status = getattr(error, "status_code", None)
    said = f"{type(error).__name__} {status or ''} {error}".lower()
    message = f"model {name} ({spec}): the call failed [{_short(error)}]"
    for pattern, what, mend in CAUSES:
        if re.search(pattern, said):
            message = f"model {name} ({spec}): {what}; {mend} [{_short(error)}]"
            break
    failure = ProviderError(message)
    failure.refused = status is not None or never_sent(error)
    return failure


def unavailable(name: str, spec: str, error: Exception) -> ModelUnavailable:
    """Return the error to raise when a model's client cannot be made."""
    where = f"model {name} ({spec})"
    text = str(error)
    if isinstance(error, ImportError):
        package = re.search(r"pip install (?:-U )?[`'\"]?([\w-]+)", text)
        return ModelUnavailable(
            f"{where}: its integration is not installed; mend with pip install {_package(spec, package)}"
        )
    if variable := re.search(r"\b[A-Z][A-Z0-9_]*_(?:API_KEY|TOKEN)\b", text):
        return ModelUnavailable(f"{where}: no key; set the environment variable {variable.group()}")
    return ModelUnavailable(f"{where}: {_short(error)}")


def _package(spec: str, named: re.Match[str] | None) -> str:
    provider = spec.partition(":")[0]
    if provider == "openai":
        return "'dynamicrag[local]'"
    return named.group(1) if named else f"langchain-{provider.replace('_', '-')}"


def refused(error: Exception, optional: Iterable[str]) -> str | None:
    """Return which of the ``optional`` parameters a bad request was refused for, if it was."""
    if getattr(error, "status_code", None) not in (400, 422):
        return None
    return next((name for name in optional if name in str(error)), None)


def _short(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 300 else text[:297] + "..."
