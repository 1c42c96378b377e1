"""The options of one call, from ``config["configurable"]["rag"]`` or ``context["rag"]``, checked.

The policy is read first, because the other options are checked against it.

::

    app.invoke(question, {"configurable": {"rag": {"filter": {"tenant": "acme"}, "user": "anna"}}})
    app.invoke(question, context={"rag": {"options": {"generator": "small"}, "budget": {"usd": 0.01}}})
"""

import reprlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from dynamicrag.call_options import NO_OPTIONS, CallOptions
from dynamicrag.errors import InputError, unknown
from dynamicrag.graph.call_reader import CallReader, mapping
from dynamicrag.graph.context import RagOptions
from dynamicrag.graph.metadata import run_metadata
from dynamicrag.policy.assembly import Pipeline

KEY = "rag"
CONFIG, CONTEXT = f"config.configurable.{KEY}", f"context.{KEY}"
FIELDS = tuple(RagOptions.__annotations__)


class Given(NamedTuple):
    """The unchecked options of a call, and their place for messages."""

    options: Mapping[Any, Any]
    where: str

    @property
    def policy(self) -> str:
        """The policy that the call names; ``""`` if it names none.

        Raises:
            InputError: It is not a name.
        """
        named = self.options.get("policy")
        if named is not None and not (isinstance(named, str) and named):
            raise InputError(f"{self.where}.policy: expected the name of a policy; got {reprlib.repr(named)}")
        return named or ""


NOTHING = Given({}, "")


def given_options(config: Mapping[str, Any] | None, context: object) -> Given:
    """Return the unchecked options of a call: the context's, or else the config's.

    LangGraph Server copies the context of a thread's first run into the config of its later runs, so the
    context decides where both have options. A filter in the config holds in any case: an application that
    sets it for a tenant relies on it.

    Args:
        config: The node's config.
        context: The run's context: ``None``, a mapping, or an object of the user's own, for its attribute
            ``rag``.

    Raises:
        InputError: The options are not a mapping, have unknown keys, or have contradictory filters.
    """
    given = ((config or {}).get("configurable") or {}).get(KEY)
    other = context.get(KEY) if isinstance(context, Mapping) else getattr(context, KEY, None)
    if other is None:
        return NOTHING if given is None else Given(_known(given, CONFIG), CONFIG)
    options = _known(other, CONTEXT)
    kept = None if given is None else _known(given, CONFIG).get("filter")
    return Given(options if kept is None else {**options, "filter": _both(kept, options)}, CONTEXT)


def _known(given: object, where: str) -> Mapping[Any, Any]:
    options = mapping(given, where, "of " + ", ".join(FIELDS))
    for key in options:
        if key not in FIELDS:
            raise InputError(unknown(where, "key", key, FIELDS))
    return options


def _both(kept: object, options: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """Return the filter of the config and that of the context as one; a field of both must be equal."""
    what = "of a metadata field to a value or a list"
    first = mapping(kept, f"{CONFIG}.filter", what)
    second = mapping(options.get("filter"), f"{CONTEXT}.filter", what)
    for field in first.keys() & second.keys():
        if first[field] != second[field]:
            raise InputError(
                f"{CONTEXT}.filter.{field}: {reprlib.repr(second[field])} contradicts {CONFIG}.filter, which "
                f"has {reprlib.repr(first[field])} and holds in any case; remove one of them"
            )
    return {**second, **first}


def call_options(given: Given, pipeline: Pipeline, config: Mapping[str, Any] | None = None) -> CallOptions:
    """Check the options of a call and return them, with the run's metadata.

    Raises:
        InputError: An option is unknown or of the wrong type, or leaves no choice.
    """
    call = CallReader(given.where, pipeline).read(given.options) if given.options else NO_OPTIONS
    metadata = run_metadata(config)
    return replace(call, metadata=metadata) if metadata else call
