"""Learns the prior of the stage ``prompt`` from our own recordings and a public table."""

import math
from collections.abc import Sequence

from dynamicrag.features.lexical import lexical
from dynamicrag.lab.outcomes.table import Outcome, OutcomeTable, Row
from dynamicrag.lab.priors.recorded import RIGHT, grade
from dynamicrag.priors.prompt import PromptPrior, sum_in_words

PSEUDO = 2.0
"""Right and wrong answers that are added to both prompts: a difference from few answers is shrunk."""
PASSAGES = -0.1
"""Shift of ``cot`` with passages, and on a short question without them, by judgement: no recording has it."""
CARD = """## Prompt

`compare` is learnt from recordings that have it and `direct` on the same path; `cot` without passages from
`bbh_prompting`, on sums in words; `cot` with passages is by judgement, for no recording has it.

Not judged on other questions than those learnt from. Known to fail: `compare` was recorded with one model of
1.5 billion parameters, and `cot` with one of another kind.
"""
"""Section of the card."""


def learn_prompt(recorded: Sequence[OutcomeTable], prompting: OutcomeTable) -> PromptPrior:
    """Learn the shifts of ``compare`` from recordings, and of ``cot`` from a table of reasoning tasks.

    Args:
        recorded: Recordings that have ``compare`` and ``direct`` on the same path.
        prompting: A table with the options ``direct`` and ``cot``, without passages.
    """
    pairs = [(row, *pair) for table in recorded for row in table.rows for pair in _compared(row)]
    ranks = [pair for pair in pairs if lexical(pair[0].text)["ranks"]]
    others = [pair for pair in pairs if not lexical(pair[0].text)["ranks"]]
    reasoned = [
        (row, row.outcomes["cot"], row.outcomes["direct"])
        for row in prompting.rows
        if sum_in_words(lexical(row.text))
    ]
    return PromptPrior(
        ranks=_shift(ranks), plain=_shift(others), passages=PASSAGES, reasons=_shift(reasoned), spread=0.4
    )


def _compared(row: Row) -> list[tuple[Outcome, Outcome]]:
    """Return the outcomes of ``compare`` with those of ``direct`` on the same path."""
    by_path = {tuple(sorted(each.path.items())): each for each in row.outcomes.values() if each.path}
    found = []
    for each in row.outcomes.values():
        if each.path.get("prompt") == "compare":
            direct = by_path.get(tuple(sorted({**each.path, "prompt": "direct"}.items())))
            if direct is not None and not (math.isnan(grade(each)) or math.isnan(grade(direct))):
                found.append((each, direct))
    return found


def _shift(pairs: Sequence[tuple[Row, Outcome, Outcome]]) -> float:
    """Return the difference of the logits of the shares of right answers."""

    def logit(outcomes: Sequence[Outcome]) -> float:
        right = sum(grade(each) >= RIGHT for each in outcomes)
        return math.log((right + PSEUDO) / (len(outcomes) - right + PSEUDO))

    return logit([one for _, one, _ in pairs]) - logit([other for *_, other in pairs])
