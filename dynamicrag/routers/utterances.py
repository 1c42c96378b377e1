"""Example questions per option: the option whose examples are nearest to the question is taken."""

import threading
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from dynamicrag.dependencies import Dependencies
from dynamicrag.errors import PolicyError, ProviderError, unknown
from dynamicrag.predictors.checks import Floats
from dynamicrag.retrieval.embedder import MINILM
from dynamicrag.routers.base import ROUTERS, Choice, Router, StageContext
from dynamicrag.routers.vectors import computed
from dynamicrag.text.words import words
from dynamicrag.types import Option

NEAREST = 2
THRESHOLD = MINILM.strange
"""The cosine below which two texts may be unrelated."""
MOST = 2_000
"""Largest number of examples: all are embedded at once."""


class _Embedded(NamedTuple):
    """The examples' unit vectors, (n, d), and the option of each."""

    vectors: Floats
    owners: tuple[str, ...]


@ROUTERS.register("utterances")
class Utterances(Router):
    """Takes the option whose example questions are nearest in meaning; needs no training.

    The score of an option is the mean cosine of the question with its nearest examples. The open option with
    the highest score is taken if the score reaches the threshold, and ``otherwise`` if not. Cosines are on
    the scale of all-MiniLM if the scale of the embedding model is known. The examples are embedded once, for
    the first question.

    Args:
        examples: Example questions by option.
        k: Number of nearest examples of an option that count; all of them if it has fewer.
        threshold: The least score.
        otherwise: The option for a question that is near to no example, or that the embedding model cannot
            read; by default the first, which costs least.
        deps: The policy's embedding model.
    """

    paper = "semantic-router (Aurelio AI; the idea)"
    embeds = True
    reads_text = False

    def __init__(
        self,
        *,
        examples: dict[str, list[str]],
        k: int = NEAREST,
        threshold: float = THRESHOLD,
        otherwise: str = "",
        deps: Dependencies,
    ) -> None:
        if k < 1:
            raise ValueError(f"k: expected a whole number from 1, got {k}")
        if not -1 <= threshold <= 1:
            raise ValueError(f"threshold: expected a cosine from -1 to 1, got {threshold:g}")
        _check_examples(examples)
        self.examples, self.otherwise = examples, otherwise
        self._k, self._threshold = k, threshold
        self._embedder = deps.embedder
        self._lock = threading.Lock()
        self._known: _Embedded | None = None

    def check(self, stage: str, options: Sequence[Option], where: str) -> None:
        """See the base class."""
        place = f"{where}.utterances"
        if stage == "verification":
            raise PolicyError(
                f"{where}: 'utterances' chooses by the question; use 'thresholds' to judge drafts"
            )
        names = [option.name for option in options]
        for given, at in (*((name, "examples") for name in self.examples), (self.otherwise, "otherwise")):
            if given and given not in names:
                raise PolicyError(unknown(f"{place}.{at}", "option", given, names))
        if self._embedder is None:
            raise PolicyError(
                f"{place}: there is no embedding model; give one, from_policy(…, embedder=embeddings), or "
                "use 'rules' or 'llm', which need none"
            )

    def planned(self, stage: str, options: Sequence[Option]) -> int:  # noqa: ARG002
        """See the base class."""
        return next((i for i, option in enumerate(options) if option.name == self.otherwise), 0)

    async def choose(self, context: StageContext) -> Choice:
        """See the base class.

        Raises:
            ModelUnavailable: The embedding model is not on this machine.
        """
        instead = context.nearest(self.planned(context.stage, context.options))
        try:
            scores = await computed(context, context.query.text, self._scores, context.query.text)
        except ProviderError as error:
            return Choice(instead, f"the question could not be embedded: {error}")
        if not scores:
            return Choice(instead, "the embedding model cannot read the question")
        names = [option.name for option in context.options]
        ranked = sorted(scores, key=lambda name: -scores[name])
        shown = ", ".join(f"{name} {scores[name]:.2f}" for name in ranked[:2])
        open_ = [name for name in ranked if context.allowed[names.index(name)]]
        if not open_ or scores[open_[0]] < self._threshold:
            return Choice(instead, f"near to no examples of an open option: {shown}")
        return Choice(names.index(open_[0]), f"nearest examples: {shown}")

    def _scores(self, question: str) -> Mapping[str, float]:
        """Return the score of every option with examples; nothing if the model cannot read the question."""
        embedder = self._embedder
        if not _reads(embedder, question):
            return {}
        known = self._embedded()
        cosines = known.vectors @ np.asarray(embedder([question]), dtype=np.float64)[0]
        scale = getattr(embedder, "scale", None)
        scores = {}
        for name in dict.fromkeys(known.owners):
            own = np.sort(cosines[[owner == name for owner in known.owners]])[-self._k :]
            scores[name] = float(own.mean() if scale is None else scale.standard(own.mean()))
        return scores

    def _embedded(self) -> _Embedded:
        """Return the embedded examples.

        Raises:
            PolicyError: The embedding model cannot read an example.
        """
        with self._lock:  # concurrent first questions embed them once
            if self._known is None:
                pairs = [(name, text) for name, texts in self.examples.items() for text in texts]
                self._check_readable(pairs)
                vectors = np.asarray(self._embedder([text for _, text in pairs]), dtype=np.float64)
                self._known = _Embedded(vectors, tuple(name for name, _ in pairs))
            return self._known

    def _check_readable(self, pairs: Sequence[tuple[str, str]]) -> None:
        for name, text in pairs:
            if not _reads(self._embedder, text):
                raise PolicyError(
                    f"utterances.examples.{name}: the embedding model cannot read {text[:60]!r}; use a "
                    "multilingual one, from_policy(…, embedder=embeddings), or remove the example"
                )


def _check_examples(examples: Mapping[str, Sequence[str]]) -> None:
    """Refuse missing, empty and repeated examples."""
    if not examples:
        raise ValueError("examples: is empty; give example questions by option")
    owners: dict[str, str] = {}
    for name, texts in examples.items():
        if not texts:
            raise ValueError(f"examples.{name}: is empty; give example questions, or remove the option")
        for text in texts:
            same = " ".join(words(text)) or text.strip()
            if not same:
                raise ValueError(f"examples.{name}: an example is empty; remove it")
            if same in owners:
                raise ValueError(
                    f"examples.{name}: {text[:60]!r} is also an example of {owners[same]!r}; remove one"
                )
            owners[same] = name
    if len(owners) > MOST:
        raise ValueError(f"examples: {len(owners):,} of them; at most {MOST:,}")


def _reads(embedder: Any, text: str) -> bool:
    reads = getattr(embedder, "reads", None)  # a plain function has none
    return reads is None or bool(reads(text))
