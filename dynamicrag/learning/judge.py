"""A judge marks a sample of the answers in the background, under a budget of its own.

The sample is drawn by a hash of the query's id, so it is the same in every process, and independent of the
question. The judge sees the question, the answer and its passages, and replies with a mark from 1 to 5; a
reply without a mark gives no feedback. Its calls are on the query's account under ``judge``.

Source: Zheng et al., "Judging LLM-as-a-Judge with MT-Bench and Chatbot Arena", NeurIPS 2023, which also
measures the biases of such judges: for long answers, for the first of two, and for their own.
"""

import hashlib
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from dynamicrag import portal
from dynamicrag.cost.budget import Budget
from dynamicrag.errors import BudgetExceeded, VerifierError
from dynamicrag.learning.background import Background
from dynamicrag.learning.sources import JUDGE
from dynamicrag.learning.writer import FeedbackWriter
from dynamicrag.llm.chat import ChatModel
from dynamicrag.records import Passage
from dynamicrag.stages.base import Run
from dynamicrag.stages.call import call
from dynamicrag.stages.fit import fitted
from dynamicrag.store.logged import Feedback
from dynamicrag.topology import JUDGING
from dynamicrag.verify.judge import judge_messages, mark

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

MAX_TOKENS = 12
SETTLE_SECONDS = 60.0
"""Longest wait for the meter, before the budget is corrected to the metered cost of a call."""

_log = logging.getLogger(__name__)


def is_sampled(query_id: str, share: float) -> bool:
    """Return whether a query belongs to the sample of a share."""
    digest = hashlib.blake2b(query_id.encode(), digest_size=8, person=b"judge").digest()
    return int.from_bytes(digest) < share * 2.0**64


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer to mark.

    Attributes:
        query_id: Its query.
        question: The standalone question.
        answer: The answer as the user sees it.
        passages: Its context.
    """

    query_id: str
    question: str
    answer: str
    passages: Sequence[Passage]


class SampledJudge:
    """Marks a sample of the answers, and stores each mark as feedback of source ``judge``.

    Once a call no longer fits its budget, it stops for the rest of the process.

    Args:
        model: The model.
        share: Share of the answers that it marks, above 0 and at most 1.
        run: The ledger, and the limits of the judge alone.
        writer: Commits the marks.
        background: Does the work.
    """

    def __init__(
        self, model: ChatModel, share: float, run: Run, writer: FeedbackWriter, background: Background
    ) -> None:
        self._model = model
        self._share = share
        self._run = run
        self._writer = writer
        self._background = background
        self._spent = False

    @property
    def budget(self) -> Budget:
        """The limits of the judge."""
        return self._run.budget

    def submit(self, answered: Answered, booked: Callable[[], None]) -> None:
        """Queue an answer if it belongs to the sample. Never blocks and never fails.

        Args:
            answered: The answer.
            booked: Called once the cost of the judgement is known.
        """
        if not self._spent and is_sampled(answered.query_id, self._share):
            self._background.submit(partial(self._judge, answered, booked))

    def _judge(self, answered: Answered, booked: Callable[[], None]) -> None:
        """Ask for the mark, commit it, and correct the budget to the metered cost.

        Raises:
            VerifierError: The reply has no mark.
            ModelError: The call failed.
            RunsError: The store cannot be written.
        """
        if self._spent:
            return
        query = answered.query_id
        try:
            value = portal.run(self._mark(answered))
            self._writer.commit([Feedback(query, JUDGE, JUDGE, time.time(), score=value)])
        except BudgetExceeded:
            self._spent = True
            _log.info("the judge stops: another call may exceed learning.judge.budget")
        finally:
            self._correct(query)
            booked()

    async def _mark(self, answered: Answered) -> float:
        def prompt(passages: Sequence[Passage]) -> "list[BaseMessage]":
            return judge_messages("correct", answered.question, answered.answer, passages)

        messages = await fitted(self._model, prompt, answered.passages, MAX_TOKENS)
        reply = await call(
            self._run, answered.query_id, JUDGING, self._model, messages, max_tokens=MAX_TOKENS,
            tags=["nostream"], patient=False,
        )  # fmt: skip
        value = mark(reply.text)
        if value is None:
            raise VerifierError(f"judge: expected 'Score: 1' to 'Score: 5', it said {reply.text[:40]!r}")
        return value

    def _correct(self, query_id: str) -> None:
        """Correct the budget from the booked cost of the call to its metered cost."""
        ledger = self._run.ledger
        ledger.settle(query_id, SETTLE_SECONDS)
        for line in ledger.account(query_id).lines:
            if line.stage == JUDGING and line.booked is not None and line.end is not None:
                self.budget.close(ledger.line_cost(line), line.booked)
                line.booked = None  # corrected
