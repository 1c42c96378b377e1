"""Training data of escalation policies: recorded outcomes of every option, with predictions."""

from dataclasses import dataclass

from dynamicrag.escalation.beliefs import Positions
from dynamicrag.predictors.checks import Floats


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Recorded outcomes of n queries and k options, with predictions.

    Attributes:
        prior: Predicted quality before any draft, (n, k).
        expected: Expected cost, (n, k).
        score: Probability that the draft is right, by its verifiers; NaN without a signal, (n, k).
        hopeless: Probability that the question has no answer, by the draft's signals, (n, k).
        quality: Realised, (n, k).
        cost: Realised, with verification, (n, k).
        unanswerable: Quality of abstaining: 1 if the corpus has no answer, (n,).
        chain: See :class:`~dynamicrag.escalation.beliefs.Beliefs`, (k,).
        mends: The option whose draft an option refines; that draft is written and judged first. -1 for none,
            (k,).
    """

    prior: Floats
    expected: Floats
    score: Floats
    hopeless: Floats
    quality: Floats
    cost: Floats
    unanswerable: Floats
    chain: Positions
    mends: Positions

    def __len__(self) -> int:
        return len(self.quality)
