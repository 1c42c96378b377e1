"""Converts any exception of a provider's client to an error that says how to mend it.

Each provider has its own class hierarchy. Common to them, and read here, are an HTTP status and descriptive
class names.
"""

import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from dynamicrag.errors import ModelError, ModelUnavailable, ProviderError
from dynamicrag.llm.never_sent import never_sent
from dynamicrag.llm.providers import package
from dynamicrag.llm.status import causes, status_of

__all__ = ["is_outage", "provider_error", "unavailable"]

CAUSES = (
    # the pattern applies to the class's name and the message, in lower case
    (r"context.?(size|length|window)|maximum context|too many tokens", "the prompt is too long for it",
     "use fewer or shorter passages, or give the model a larger 'context'"),
    (r"ratelimit|rate.limit|quota|\b429\b", "the provider's rate limit or quota is reached",
     "wait, raise 'max_retries', or check the account's plan"),
    (r"^(keyerror|typeerror|attributeerror|indexerror) ",
     "its client could not read the reply, or its code or a callback has a mistake",
     "check 'base_url', that the server speaks the provider's protocol, and your own code"),
    (r"validationerror|jsondecode",
     "its reply is not in the provider's form",
     "check 'base_url', and that the server speaks the provider's protocol"),
    (r"authentication|permission|unauthorized|api.?key|\b401\b|\b403\b", "the provider refused the key",
     "check the key and what it may use"),
    (r"notfound|\b404\b", "the provider does not have this model", "check the model's name"),
    (r"timeout|timed out", "no answer in time", "raise the model's 'timeout', or try again"),
    (r"connect|readerror|remoteprotocol", "the provider cannot be reached",
     "check the network, 'base_url' and that the server runs"),
)  # fmt: skip

MISTAKES = (NotImplementedError, NameError, AssertionError)
"""Mistakes in code, which waiting does not mend. An ``AttributeError`` may come from a server's odd reply."""


def provider_error(name: str, spec: str, error: Exception) -> ModelError:
    """Return the error to raise for a failed call; our own errors pass unchanged."""
    if isinstance(error, ModelError):
        return error
    status = status_of(error)
    said = f"{type(error).__name__} {status or ''} {error}".lower()
    message = f"model {name} ({spec}): the call failed [{_short(error)}]"
    for pattern, what, mend in CAUSES:
        if re.search(pattern, said):
            message = f"model {name} ({spec}): {what}; {mend} [{_short(error)}]"
            break
    failure = ProviderError(message)
    failure.refused = status is not None or never_sent(error)
    failure.retry_after = _retry_after(error) if _passes(status, failure.refused) else None
    return failure


def is_outage(failure: ModelError, error: Exception) -> bool:
    """Return whether a failure concerns the server or the account, not one request or a mistake in code.

    The failure is made by :func:`provider_error` from the client's exception.
    """
    too_long = CAUSES[0][1] in str(failure)
    of_request = status_of(error) in (400, 413, 422) or too_long
    return failure is not error and not of_request and not isinstance(error, MISTAKES)


def _passes(status: int | None, refused: bool) -> bool:
    """Return whether a failure is temporary and a retry does not pay for a second answer."""
    return refused and (status is None or status in (408, 409, 425, 429) or status >= 500)


def _retry_after(error: Exception) -> float:
    """Return the seconds until a retry as given by the provider, or 0."""
    found = (getattr(getattr(each, "response", None), "headers", None) for each in causes(error))
    headers = next((each for each in found if isinstance(each, Mapping)), {})
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        said = str(headers.get(name) or "").strip()
        if re.fullmatch(r"\d+(\.\d+)?", said):
            return float(said) * unit
        if said and unit == 1.0:
            try:
                return max(0.0, parsedate_to_datetime(said).timestamp() - time.time())
            except ValueError:
                return 0.0
    return 0.0


def unavailable(name: str, spec: str, error: Exception) -> ModelUnavailable:
    """Return the error for a model whose client cannot be made."""
    where = f"model {name} ({spec})"
    text = str(error)
    if isinstance(error, ImportError):
        named = re.search(r"pip install (?:-U )?[`'\"]?([\w-]+)", text)
        name = named.group(1) if named else package(spec.partition(":")[0])
        return ModelUnavailable(f"{where}: its integration is not installed; pip install {name}")
    if variable := re.search(r"\b[A-Z][A-Z0-9_]*_(?:API_KEY|TOKEN)\b", text):
        return ModelUnavailable(f"{where}: no key; set the environment variable {variable.group()}")
    return ModelUnavailable(f"{where}: {_short(error)}")


def _short(error: Exception) -> str:
    said, name = " ".join(str(error).split()), type(error).__name__
    text = f"{name}: {said}" if said else name
    return text if len(text) <= 300 else text[:297] + "..."
