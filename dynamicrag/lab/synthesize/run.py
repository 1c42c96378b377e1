"""Makes questions, kind by kind, until there are enough or there is nothing left to try."""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from itertools import islice

from dynamicrag.lab.synthesize.form import Refused, alike
from dynamicrag.lab.synthesize.kinds import Attempt, Kind, Seen
from dynamicrag.lab.synthesize.made import Made
from dynamicrag.lab.synthesize.tally import GUESS, Tally

BATCH = 8
"""Most attempts under way at a time. Their first steps are taken before their second ones, so that a model
with a prompt cache reads the worked examples of each once a batch."""
TRIES = 10
"""Attempts for every question that is wanted; then there are too few to be had."""
FRUITLESS = 16
"""Attempts without one that is kept; then the model cannot make questions of this kind."""
SHARES = {"single": 0.4, "unanswerable": 0.2, "none": 0.2, "multi": 0.2}
"""Parts of all questions by kind; what takes most comes last, so that a budget does not end with it alone."""


def wanted_of(number: int) -> dict[str, int]:
    """Return how many questions of each kind make ``number`` in all."""
    wanted = {kind: int(share * number) for kind, share in SHARES.items()}
    wanted["single"] += number - sum(wanted.values())
    return wanted


async def make(
    kinds: Sequence[Kind], tallies: Mapping[str, Tally], seed: int, told: Callable[[str], None]
) -> list[Made]:
    """Return the questions, in random order.

    Args:
        kinds: What to make.
        tallies: The account of each kind by name, filled here.
        seed: Decides everything that is left to chance.
        told: Told the name of the kind when one more batch of it is done.
    """
    kept: list[str] = []

    def seen(question: str) -> bool:
        return any(alike(question, other) for other in kept)

    for kind in kinds:
        tally = tallies[kind.name]
        attempts = islice(kind.attempts(random.Random(f"{seed}:{kind.name}")), TRIES * tally.wanted)
        while len(tally.kept) < tally.wanted:
            missing = tally.wanted - len(tally.kept)
            batch = list(islice(attempts, min(BATCH, GUESS * missing)))
            if not batch or (tally.tried >= FRUITLESS and not tally.kept):
                break
            for result in await asyncio.gather(*(_tried(attempt, seen) for attempt in batch)):
                if len(tally.kept) == tally.wanted:
                    break
                if isinstance(result, Made) and seen(result.question):  # of one in the same batch
                    result = Refused("duplicate", result.question)
                if isinstance(result, Made):
                    kept.append(result.question)
                tally.count(result)
            told(kind.name)
        tally.ended = True
        told(kind.name)
    made = [one for kind in kinds for one in tallies[kind.name].kept]
    random.Random(seed).shuffle(made)
    return made


async def _tried(attempt: Attempt, seen: Seen) -> Made | Refused:
    try:
        return await attempt(seen)
    except Refused as refused:
        return refused
