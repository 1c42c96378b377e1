"""An explanation in a few lines of text, to be printed."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from dynamicrag.cost.amounts import SPACE, amount
from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.records import Decision, Figure

MOST, LONGEST = 20, 100
"""Largest number of decisions shown, and of characters of a reason."""


def in_words(query_id: str, decisions: Sequence[Decision], cost: Mapping[str, Figure], calls: int) -> str:
    """Return the decisions of a query, one a line, and its cost; an empty cost, or 0 calls, are unknown."""
    lines = [f"query {query_id}", *islice(map(_decision, decisions), MOST)]
    if len(decisions) > MOST:
        lines.append(f"  … {len(decisions) - MOST} more decisions")
    counted = f" ({calls} account line{'s' if calls > 1 else ''})" if calls else ""
    return "\n".join([*lines, f"cost{counted}: {' · '.join(_amounts(cost)) or 'unknown'}"])


def _decision(decision: Decision) -> str:
    reason = " ".join(decision["reason"].split())
    reason = reason if len(reason) <= LONGEST else f"{reason[: LONGEST - 1]}…"
    others = len(decision["options"]) - 1
    of = f" (of {others + 1})" if others else ""
    why = f": {reason}" if reason and reason != decision["router"] else ""
    return f"  {decision['stage']} → {decision['chosen']}{of}  {decision['router']}{why}"


def _amounts(cost: Mapping[str, Figure]) -> Iterator[str]:
    for name, row in DIMENSIONS.items():
        if row.summary and name in cost:
            value, kind = cost[name]["value"], cost[name]["kind"]
            text = f"{row.title} unknown" if value is None else f"{amount(name, value)} {kind}"
            yield text.replace(SPACE, " ")
