"""Makes questions kind by kind, until there are enough or nothing is left to try."""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from dynamicrag.errors import CorpusError
from dynamicrag.lab.synthesize.caller import Caller, CallLog
from dynamicrag.lab.synthesize.form import Refused, alike
from dynamicrag.lab.synthesize.from_facts import (
    Attempt,
    IsDuplicate,
    Kind,
    facts_by_passage,
    from_facts,
    single,
    unanswerable,
)
from dynamicrag.lab.synthesize.multi import multi
from dynamicrag.lab.synthesize.question import SyntheticQuestion
from dynamicrag.lab.synthesize.results import GUESS, Costs, KindResult
from dynamicrag.lab.synthesize.templates import no_documents

if TYPE_CHECKING:
    from dynamicrag.graph.rag import DynamicRAG

BATCH = 8
"""Most attempts at a time. They make their first calls before their second ones, so that a model with a
prompt cache reads the worked examples of each call once a batch."""
MAX_ATTEMPTS = 10
"""Attempts per wanted question."""
FRUITLESS = 16
"""Attempts without a kept question after which a kind is given up."""
SHARES = {"single": 0.4, "unanswerable": 0.2, "none": 0.2, "multi": 0.2}
"""Share of all questions by kind; the most expensive kind comes last, so that it cannot use up a budget."""
CALLS: Mapping[str, Sequence[tuple[float, float, float]]] = {
    "single": [(450, 15, 350), (40, 5, 20), (750, 8, 400)],
    "unanswerable": [(450, 15, 350), (750, 8, 400), (1400, 8, 400)],
    "none": [],
    "multi": [*[(450, 15, 350)] * 2, (350, 25, 250), (50, 5, 20), (1000, 8, 400), *[(750, 8, 400)] * 2],
}
"""The calls of an attempt that passes every check: about how many tokens are read, written and cached."""


def wanted_of(number: int) -> dict[str, int]:
    """Return the number of questions of each kind; ``number`` in all."""
    wanted = {kind: int(share * number) for kind, share in SHARES.items()}
    wanted["single"] += number - sum(wanted.values())
    return wanted


def planned(rag: "DynamicRAG", model: str, number: int) -> dict[str, KindResult]:
    """Return the number wanted of each kind, and the worst cost of an attempt at it."""
    kinds = {}
    for kind, wanted in wanted_of(number).items():
        costs = [rag.pipeline.cost_model.call(model, *tokens) for tokens in CALLS[kind]]
        guess = {d: sum(cost.known(d) or 0.0 for cost in costs) for d in ("seconds", "joules", "usd")}
        kinds[kind] = KindResult(wanted, guess)
    return kinds


async def synthesize(
    rag: "DynamicRAG", model: str, progress: Mapping[str, KindResult], log: CallLog, *, seed: int,
    workers: int, report: Callable[[str], None],
) -> list[SyntheticQuestion]:  # fmt: skip
    """Return questions about the corpora of a policy.

    Args:
        rag: The policy, with its models loaded.
        model: The name of the model that writes and answers.
        progress: From :func:`planned`; filled here.
        log: The calls made so far.
        seed: Decides the facts that are asked about, and the order.
        workers: Number of calls at a time.
        report: Gets the name of a kind whenever its progress changes.

    Raises:
        CorpusError: The corpora have no text.
    """
    corpora = rag.pipeline.corpora
    passages = [passage for corpus in corpora.values() for passage in corpus.everything()]
    if not passages:
        names = ", ".join(corpora) or "the policy"
        raise CorpusError(f"{names}: holds no text to ask about; give --corpus PATH with documents")

    def spent(kind: str, cost: Costs) -> None:
        progress[kind].costs.append(cost)
        report(kind)

    caller = Caller(rag, model, passages, log, workers=workers, report=spent)
    facts = facts_by_passage(passages)
    kinds: dict[str, Kind] = {
        "single": partial(from_facts, single, caller, facts),
        "unanswerable": partial(from_facts, unanswerable, caller, facts),
        "none": no_documents,
        "multi": partial(multi, caller, passages, facts),
    }
    return await make(kinds, progress, seed, report)


async def make(
    kinds: Mapping[str, Kind], progress: Mapping[str, KindResult], seed: int, report: Callable[[str], None]
) -> list[SyntheticQuestion]:
    """Return questions of some kinds, in random order; see :func:`synthesize`."""
    kept: list[str] = []

    def duplicate(question: str) -> bool:
        return any(alike(question, other) for other in kept)

    for name, kind in kinds.items():
        own = progress[name]
        attempts = islice(kind(random.Random(f"{seed}:{name}")), MAX_ATTEMPTS * own.wanted)
        while len(own.kept) < own.wanted:
            missing = own.wanted - len(own.kept)
            batch = list(islice(attempts, min(BATCH, GUESS * missing)))
            if not batch or (own.tried >= FRUITLESS and not own.kept):
                break
            for result in await asyncio.gather(*(_tried(attempt, duplicate) for attempt in batch)):
                if len(own.kept) == own.wanted:
                    break
                if isinstance(result, SyntheticQuestion) and duplicate(result.question):  # in the same batch
                    result = Refused("duplicate", result.question)
                if isinstance(result, SyntheticQuestion):
                    kept.append(result.question)
                own.count(result)
            report(name)
        own.ended = True
        report(name)
    made = [one for name in kinds for one in progress[name].kept]
    random.Random(seed).shuffle(made)
    return made


async def _tried(attempt: Attempt, duplicate: IsDuplicate) -> SyntheticQuestion | Refused:
    try:
        return await attempt(duplicate)
    except Refused as refused:
        return refused
