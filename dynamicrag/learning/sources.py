"""The sources of feedback, and the feedback that a query gives by itself.

============  =====================================================  =======  ================================
source        content                                                default  worth
                                                                     weight
============  =====================================================  =======  ================================
``user``      thumbs, ratings and preferences of people              1        the measure of all others
``gold``      F1 of answers against gold answers, by ``ask --learn`` 1        objective; strict with sentences
``judge``     a model's mark for a sample of the answers             1        one call each; judges favour
                                                                              long answers and their own
``drafts``    an escalation's drafts, compared by the belief in each .25      free; selective, see below
``verifier``  the calibrated belief that the accepted draft is right 0        free; repeats the prior
============  =====================================================  =======  ================================

Any other name is the caller's own source, of weight 1. ``learning.sources`` in the policy sets the weights; a
weight of 0 switches a source off: it is not learnt, and the package does not produce it.

The belief in a draft joins the shipped prior with the signals of the verifiers. A learner that starts from
the prior would count that prior twice, so ``verifier`` is off by default, and ``drafts`` has a small weight.
``drafts`` is also selective: another draft is only written if the belief in the one before was low, so part
of the difference is regression to the mean.
"""

from collections.abc import Callable

from dynamicrag.learning.duels import drafts_of, duels
from dynamicrag.store.logged import Feedback, LoggedQuery

USER, GOLD, DRAFTS, VERIFIER, JUDGE = "user", "gold", "drafts", "verifier", "judge"


def own_feedback(query: LoggedQuery, weight: Callable[[str], float]) -> list[Feedback]:
    """Return the feedback that a finished query gives by itself: of ``verifier`` and of ``drafts``.

    Args:
        query: The query.
        weight: Weight by source; a source of weight 0 gives none.
    """
    drafts, found = drafts_of(query), list[Feedback]()
    if weight(VERIFIER) and query.path.get("verification") == "accept" and drafts:
        found.append(Feedback(query.id, "belief", VERIFIER, query.at, score=drafts[-1].belief))
    if weight(DRAFTS):
        found += [
            Feedback(query.id, "duel", DRAFTS, query.at, stage="generator", a=a, b=b, y=y)
            for a, b, y in duels(drafts)
        ]
    return found
