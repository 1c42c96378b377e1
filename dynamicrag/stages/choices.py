"""Checks the choices of user-defined routers, in plain types."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from operator import index as as_index
from typing import Any

from dynamicrag.borders import answered, called, is_ours, method_of, number
from dynamicrag.cost.vector import Cost
from dynamicrag.errors import ObjectError
from dynamicrag.plain_values import shown
from dynamicrag.routers.asking import NotEmbedded
from dynamicrag.routers.base import Choice, Router, StageContext
from dynamicrag.types import Option

__all__ = ["chosen", "planned_by"]


def planned_by(router: Router, stage: str, options: Sequence[Option]) -> int:
    """Return the position of the option that a router plans with.

    Raises:
        ObjectError: A user-defined router failed, or the option does not exist.
    """
    if is_ours(router):
        return router.planned(stage, options)
    what = method_of(f"stages.{stage}, router", router, "planned()")
    return _position(called(lambda: router.planned(stage, options), what), options, what)


async def chosen(router: Router, context: StageContext) -> Choice:
    """Return the choice of a router; if the budget has no room to embed the question, the planned option.

    Raises:
        ObjectError: A user-defined router failed, or made an invalid choice.
    """
    if is_ours(router):
        try:
            return await router.choose(context)
        except NotEmbedded as error:  # a draft that is paid for must not be lost by it
            accept, planned = context.move("accept"), router.planned(context.stage, context.options)
            index = context.nearest(planned) if accept is None else accept
            return Choice(index, f"the question could not be embedded: {error}")
    what = method_of(f"stages.{context.stage}, router", router, "choose()")
    choice = await answered(lambda: router.choose(context), what)
    if not isinstance(choice, Choice):
        raise ObjectError(f"{what} returned {shown(choice)}; valid: Choice(index, reason)")
    index = _position(choice.index, context.options, what)
    if not context.allowed[index]:
        open_ = [i for i, is_open in enumerate(context.allowed) if is_open]
        raise ObjectError(
            f"{what} chose index {index} ({context.options[index].name!r}), which is closed here; open: "
            f"{_named(context.options, open_)}; see context.allowed"
        )
    if not isinstance(choice.reason, str):
        raise ObjectError(f"{what} gave reason={shown(choice.reason)}; valid: a text")
    return replace(
        choice,
        index=index,
        propensity=_propensity(choice.propensity, what),
        quality=_per_option(choice.quality, "quality", context, what),
        spread=_per_option(choice.spread, "spread", context, what),
        expected=_costs(choice.expected, context, what),
        path=_path(choice.path, what),
        outside=bool(choice.outside),
        chances=_chances(choice.chances, context, what),
        base=_per_option(choice.base, "base", context, what),
        state=_whole(choice.state, what),
    )


def _position(given: Any, options: Sequence[Option], what: str) -> int:
    try:
        position = as_index(given)
    except TypeError:
        position = -1
    if not 0 <= position < len(options):
        raise ObjectError(
            f"{what} gave the index {shown(given)}; valid: {_named(options, range(len(options)))}"
        )
    return position


def _named(options: Sequence[Option], positions: Sequence[int]) -> str:
    return ", ".join(f"{i} ({options[i].name!r})" for i in positions)


def _propensity(given: Any, what: str) -> float:
    try:
        propensity = number(given)
    except TypeError:
        propensity = 0.0
    if not 0 < propensity <= 1:
        raise ObjectError(f"{what} gave propensity={shown(given)}; valid: above 0, at most 1")
    return propensity


def _listed(given: Any) -> list[Any] | None:
    """Return a sequence of any library as a list, or ``None`` if it is not a sequence."""
    given = given.tolist() if callable(getattr(given, "tolist", None)) else given
    return list(given) if isinstance(given, list | tuple) else None


def _per_option(given: Any, name: str, context: StageContext, what: str) -> list[float | None] | None:
    if given is None:
        return None
    n, values = len(context.options), _listed(given)
    try:
        numbers = None if values is None else [None if each is None else number(each) for each in values]
    except TypeError:
        numbers = None
    if numbers is None or len(numbers) != n:
        raise ObjectError(
            f"{what} gave {name}={shown(given)}; valid: None, or {n} entries, one per option, each a finite "
            "number or None"
        )
    return numbers


def _chances(given: Any, context: StageContext, what: str) -> list[float] | None:
    chances = _per_option(given, "chances", context, what)
    if chances is None:
        return None
    if any(chance is None or not 0 <= chance <= 1 for chance in chances):
        raise ObjectError(f"{what} gave chances={shown(given)}; valid: None, or numbers from 0 to 1")
    return [float(chance or 0.0) for chance in chances]


def _whole(given: Any, what: str) -> int | None:
    try:
        return None if given is None else as_index(given)
    except TypeError:
        raise ObjectError(f"{what} gave state={shown(given)}; valid: None, or a whole number") from None


def _costs(given: Any, context: StageContext, what: str) -> list[Cost] | None:
    if given is None:
        return None
    n, costs = len(context.options), _listed(given)
    if costs is None or len(costs) != n or not all(isinstance(each, Cost) for each in costs):
        raise ObjectError(f"{what} gave expected={shown(given)}; valid: None, or {n} Costs, one per option")
    return costs


def _path(given: Any, what: str) -> dict[str, str] | None:
    if given is None:
        return None
    if isinstance(given, Mapping) and all(isinstance(part, str) for pair in given.items() for part in pair):
        return dict(given)
    raise ObjectError(f"{what} gave path={shown(given)}; valid: None, or options by stage")
