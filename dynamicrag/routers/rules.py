"""Ordered rules from the policy: the first whose condition holds decides."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from dynamicrag.errors import PolicyError, unknown
from dynamicrag.plain_values import shown
from dynamicrag.routers.base import ROUTERS, Choice, Router, StageContext
from dynamicrag.routers.conditions import Condition, check_condition, condition, covers, fact
from dynamicrag.types import Option

KEYS = ("if", "take")
TIMES = frozenset({("hour",), ("weekday",)})
UNLOGGED = ("user", "metadata", "file_type", "hour", "weekday")
"""Conditions on facts that the decision log does not keep."""


class Rule(NamedTuple):
    """A rule: its number from 1, its condition, which holds always if it is empty, and its option."""

    number: int
    condition: Condition
    take: str


@ROUTERS.register("rules")
class Rules(Router):
    """Takes the option of the first rule whose condition holds; reads features, metadata, user and time.

    A condition may name any feature known at the stage (``words: {above: 30}``, ``greeting: true``),
    ``language`` of the question, ``file_type`` of the best passage, ``user``, ``tags`` and ``metadata`` of
    the call, ``path`` (options of earlier stages), ``hour`` (0 to 23) and ``weekday`` (``mon`` to ``sun``).
    All constraints of a condition must hold; in a list, one value must match. A fact that is not known meets
    no constraint. If the rule's option is closed, the nearest open one is taken.

    Args:
        when: The rules in order, each ``{if: {condition: value}, take: OPTION}``; without ``if`` a rule
            always holds, and must be the last.
        otherwise: The option if no rule holds.
        time_zone: Name of the time zone of ``hour`` and ``weekday``, for example ``Europe/Berlin``.
    """

    parameter_hint = "conditions go under 'when': [{if: {words: {above: 30}}, take: large}]"
    paper = "Haystack's ConditionalRouter and FileTypeRouter (deepset; the idea)"

    def __init__(self, *, when: list[dict[str, Any]], otherwise: str = "", time_zone: str = "") -> None:
        self.rules = [_rule(each, number) for number, each in enumerate(when, 1)]
        if otherwise:
            self.rules.append(Rule(len(self.rules) + 1, {}, otherwise))
        self._has_default = bool(otherwise)
        self._check_cover()
        timed = any(TIMES & rule.condition.keys() for rule in self.rules)
        if timed and not time_zone:
            raise ValueError("a rule on 'hour' or 'weekday' needs 'time_zone', for example Europe/Berlin")
        self._now = _clock(time_zone)
        named = {name for rule in self.rules for name, *_ in rule.condition}
        self.reads_text = "language" in named
        self.unlogged = tuple(f"the condition {name!r}" for name in UNLOGGED if name in named)

    def check(self, stage: str, options: Sequence[Option], where: str) -> None:
        """See the base class."""
        if stage == "verification":
            raise PolicyError(f"{where}: 'rules' chooses by the question; use 'thresholds' to judge drafts")
        names = [option.name for option in options]
        for rule in self.rules:
            place = f"{where}.rules.{self._place(rule)}"
            if rule.take not in names:
                raise PolicyError(unknown(place, "option", rule.take, names))
            check_condition(rule.condition, stage, place.replace(".take", ".if"))

    def planned(self, stage: str, options: Sequence[Option]) -> int:  # noqa: ARG002
        """Return the option if no rule holds."""
        return [option.name for option in options].index(self.rules[-1].take)

    async def choose(self, context: StageContext) -> Choice:
        """See the base class."""
        for rule in self.rules:
            facts = {key: fact(key, context, self._now) for key in rule.condition}
            if all(own.holds(facts[key]) for key, own in rule.condition.items()):
                break
        wanted = [option.name for option in context.options].index(rule.take)
        index = context.nearest(wanted)
        reason = self._reason(rule, facts)
        if index != wanted:
            reason += f"; {rule.take!r} is closed: the nearest option that is open"
        return Choice(index, reason)

    def _check_cover(self) -> None:
        """Refuse rules that can never decide, and rules after which nothing may decide."""
        if not self.rules or self.rules[-1].condition:
            raise ValueError(
                "questions that match no rule have no option; add 'otherwise: OPTION', or a last rule "
                "without 'if'"
            )
        for number, rule in enumerate(self.rules):
            for earlier in self.rules[:number]:
                if covers(earlier.condition, rule.condition):
                    raise ValueError(
                        f"{self._place(rule)}: is never reached, because {self._place(earlier)} holds "
                        "whenever it does; change their order, narrow the earlier one, or remove one of them"
                    )

    def _place(self, rule: Rule) -> str:
        """Return the place of a rule's option below the router, for messages."""
        last = self._has_default and rule is self.rules[-1]
        return "otherwise" if last else f"when.{rule.number - 1}.take"

    def _reason(self, rule: Rule, facts: Mapping[tuple[str, ...], Any]) -> str:
        if not rule.condition:
            return "no rule holds"
        held = ", ".join(f"{'.'.join(key)} {_said(value)}" for key, value in facts.items())
        return f"rule {rule.number}: {held}"


def _rule(given: Mapping[str, Any], number: int) -> Rule:
    place = f"when.{number - 1}"
    for key in given:
        if key not in KEYS:
            raise ValueError(unknown(place, "key", key, KEYS))
    take = given.get("take")
    if not isinstance(take, str):
        raise ValueError(f"{place}.take: expected the name of an option, got {shown(take)}")
    own = condition({} if given.get("if") is None else given["if"], f"{place}.if")
    return Rule(number, own, take)


def _clock(time_zone: str) -> Callable[[], datetime]:
    if time_zone and time_zone not in available_timezones():
        raise ValueError(unknown("time_zone", "time zone", time_zone, available_timezones()))
    zone = ZoneInfo(time_zone or "UTC")
    return lambda: datetime.now(zone)


def _said(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return "/".join(map(str, value)) if isinstance(value, list) else str(value)
