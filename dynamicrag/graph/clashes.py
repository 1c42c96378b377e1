"""Checks whether one of our nodes can be added to a user's graph."""

from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, NotRequired, Required, Union, get_args, get_origin

from langgraph.channels import BinaryOperatorAggregate, LastValue
from typing_extensions import ReadOnly

from dynamicrag.errors import PolicyError, unknown
from dynamicrag.graph.channel import merge
from dynamicrag.graph.names import MESSAGES, Names
from dynamicrag.graph.node import Node
from dynamicrag.graph.policies import Policies

if TYPE_CHECKING:
    from langgraph.graph import StateGraph


def check(
    builder: "StateGraph[Any, Any, Any, Any]", name: str, names: Names, policies: Policies, *, answers: bool
) -> None:
    """Raise unless a node of that name, with those keys, can be added.

    Raises:
        PolicyError: A name is taken, or a key is missing or of another type.
    """
    where = f"add_node({name!r})"
    names.check(where)
    _check_name(builder, name, where)
    _check_prefix(builder, names, policies, where)
    for use, key in (("question", names.question), ("answer", names.answer)):
        if key is not None:
            _check_text(builder, use, key, where)
    if names.question is None or (answers and names.answer is None):
        _check_messages(builder, names, where)


def _check_name(builder: "StateGraph[Any, Any, Any, Any]", name: str, where: str) -> None:
    if name in builder.nodes:
        raise PolicyError(f"{where}: the graph already has a node of that name; choose another name")
    if name in builder.channels:
        raise PolicyError(f"{where}: {name!r} is a key of the graph's state; give the node another name")


def _check_prefix(
    builder: "StateGraph[Any, Any, Any, Any]", names: Names, policies: Policies, where: str
) -> None:
    prefix = names.prefix
    if prefix in builder.nodes:
        raise PolicyError(
            f"{where}: the graph has a node {prefix!r}; keep our state elsewhere, by prefix='...'"
        )
    channel = builder.channels.get(prefix)
    ours = isinstance(channel, BinaryOperatorAggregate) and channel.operator is merge
    if channel is not None and not ours:
        raise PolicyError(
            f"{where}: the graph's state has a key {prefix!r}; declare it as "
            f"'{prefix}: RagChannel' (from dynamicrag) to read what we keep there, or name another by "
            "prefix='...'"
        )
    for other, spec in builder.nodes.items():
        node = spec.runnable
        if not isinstance(node, Node) or node.names.prefix != prefix:
            continue
        if node.policies is not policies:
            raise PolicyError(
                f"{where}: node {other!r} of another DynamicRAG keeps its state in {prefix!r} already; "
                "give each its own prefix, by prefix='...'"
            )
        for use, key, theirs in (
            ("question", names.question, node.names.question),
            ("answer", names.answer, node.names.answer),
        ):
            if key != theirs and (use == "question" or (key and theirs)):
                raise PolicyError(
                    f"{where}: its {use} is {key or MESSAGES!r}, and that of node {other!r} "
                    f"{theirs or MESSAGES!r}; "
                    f"nodes that share the prefix {prefix!r} work on one question and its answer: name the "
                    "same key, or give another way through the graph a prefix of its own, by prefix='...'"
                )


def _check_messages(builder: "StateGraph[Any, Any, Any, Any]", names: Names, where: str) -> None:
    channel = builder.channels.get(MESSAGES)
    if channel is None:
        missing = "question" if names.question is None else "answer"
        raise PolicyError(
            f"{where}: the graph's state has no key {MESSAGES!r}; name the key of the {missing} by "
            f"{missing}='...' (there are {_listed(builder)}), or base the state on MessagesState"
        )
    if isinstance(channel, LastValue):
        raise PolicyError(
            f"{where}: the key {MESSAGES!r} of the graph's state has no reducer, so an answer would replace "
            "the conversation; declare it as Annotated[list[AnyMessage], add_messages]"
        )


def _check_text(builder: "StateGraph[Any, Any, Any, Any]", use: str, key: str, where: str) -> None:
    keys = [name for name in builder.channels if not name.startswith(("__", "branch:"))]
    if key not in keys:
        raise PolicyError(unknown(f"{where}: {use}", "key of the graph's state", key, keys))
    channel = builder.channels[key]
    if use == "answer" and isinstance(channel, BinaryOperatorAggregate):
        raise PolicyError(
            f"{where}: answer={key!r}: that key of the graph's state has a reducer, and an answer is written "
            "by several nodes, each time as it then stands; declare the key as str"
        )
    type_ = getattr(channel, "typ", Any)
    if not _is_text(type_):
        plain = get_args(type_)[0] if get_origin(type_) is Annotated else type_
        shown = str(plain).removeprefix("typing.") if get_args(plain) else getattr(plain, "__name__", plain)
        raise PolicyError(
            f"{where}: {use}={key!r}: that key of the graph's state is of type {shown}, not str"
        )


def _is_text(type_: Any) -> bool:
    """Return whether a declared type accepts text."""
    origin = get_origin(type_)
    if origin in (Annotated, Required, NotRequired, ReadOnly):
        return _is_text(get_args(type_)[0])
    if origin in (Union, UnionType):
        return any(_is_text(each) for each in get_args(type_))
    return type_ is Any or type_ is str or type_ is object


def _listed(builder: "StateGraph[Any, Any, Any, Any]") -> str:
    names = sorted(name for name in builder.channels if not name.startswith(("__", "branch:")))
    return ", ".join(names) or "none"
