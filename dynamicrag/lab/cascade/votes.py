"""The agreement of samples."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from dynamicrag.lab.cascade.samples import Sampled
from dynamicrag.predictors.checks import Floats

SIGNALS = (
    "share", "cot_share", "pot_share", "least_share", "cross", "certainty", "few_answers", "margin",
)  # fmt: skip
NOTHING = {"", "none", "null", "nan", "error", "timeout", "n/a"}
"""Results of programs that did not run: they are no votes for an answer."""


class Votes:
    """The agreement of the first samples of several prompts.

    Args:
        samples: Prompts and all their samples.
        number: Samples of each prompt that are counted, at most.
    """

    def __init__(self, samples: Sequence[tuple[str, Sampled]], number: int) -> None:
        cast = [(config[:3], one, i) for config, one in samples for i in range(min(number, len(one.results)))]
        self.number = len(cast)
        self.tokens = float(sum(one.tokens[i] for _, one, i in cast))
        self._votes = [(method, plain(one.results[i]), one.right[i]) for method, one, i in cast]
        self._count = Counter(answer for _, answer, _ in self._votes if answer not in NOTHING)
        self.answer = next(iter(self._count.most_common()), ("", 0))[0]

    @property
    def right(self) -> float:
        """Whether the majority's answer is right, as most of its samples were judged."""
        return float(self.candidates()[0][1])

    def candidates(self) -> list[tuple[float, bool]]:
        """Return each answer's share of the votes, and whether it is right; the majority's first."""
        found = []
        for answer, count in self._count.most_common():
            judged = [right for _, own, right in self._votes if own == answer]
            found.append((count / self.number, float(np.mean(judged)) > 0.5))
        return found or [(0.0, False)]

    def signals(self) -> Floats:
        """Return :data:`SIGNALS`, each higher for more agreement."""
        by = {method: [a for m, a, _ in self._votes if m == method] for method in ("cot", "pot")}
        shares = {method: own.count(self.answer) / len(own) for method, own in by.items() if own}
        tops = {Counter(own).most_common(1)[0][0] for own in by.values() if own}
        p = np.array(list(self._count.values()), dtype=float) / self.number
        spread = -float((p * np.log(p)).sum()) / np.log(max(self.number, 2))
        first, second, *_ = [*sorted(self._count.values(), reverse=True), 0, 0]
        share = first / self.number
        return np.array([
            share, shares.get("cot", np.nan), shares.get("pot", np.nan), min(shares.values(), default=share),
            float(len(tops) == 1), 1 - spread, -np.log(max(len(self._count), 1)),
            share - second / self.number,
        ])  # fmt: skip


def plain(answer: object) -> str:
    """Return an answer as it is compared: no case, no outer marks, and numbers by their value."""
    text = " ".join(str(answer).lower().split()).strip(" .$\"'")
    try:
        return f"{float(text.replace(',', '').rstrip('%')):.6g}"
    except ValueError:
        return text
