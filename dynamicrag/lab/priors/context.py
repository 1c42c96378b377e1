"""Learns the prior of the stage ``context`` from our own retrievals and recordings."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from dynamicrag.escalation.logistic import fit_logistic
from dynamicrag.features.lexical import lexical
from dynamicrag.features.worth import enough, looked_at, worth
from dynamicrag.lab.outcomes.table import OutcomeTable
from dynamicrag.lab.priors.recorded import RIGHT, SHOWN, grade
from dynamicrag.lab.priors.searched import OPTIONS, Searched
from dynamicrag.predictors.checks import Floats
from dynamicrag.priors.context import CHUNK_TOKENS, SIGNS, ContextPrior
from dynamicrag.records import Passage
from dynamicrag.retrieval.compress import compress
from dynamicrag.types import Option

COUNTS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 30)
"""Numbers of passages at which the contents of a context are checked."""
SEVERAL = ("hotpotqa", "2wikimultihopqa", "musique")
"""Groups of the public table whose questions need several passages; those of the others need one."""
MOST = 12
"""Largest number of passages of the adaptive context that is compared with a constant one."""
SQUEEZED = ((4, 300), (8, 400), (8, 600))
"""Numbers of passages and tokens with which the loss by compression is measured."""
USUAL = 4
"""Passages of the reference option."""
FREE = -np.inf
CARD = """## Context

Learnt from our own retrievals: the probability that the first passages hold all that is needed, by their
number and by the profile of their worth; from `adaptive_rag`, which questions need several passages; from
recordings, what holding them is worth.

Judged on the even questions, with weights from the odd ones: the share of questions with all needed passages
in the prompt, by `adaptive` with at most 12 passages and by a constant number with as many tokens
(`python -m dynamicrag.lab.priors stages`).

| retriever | HotpotQA, adaptive | constant | 2WikiMultihopQA, adaptive | constant |
|---|---|---|---|---|
| `linked` | .876 | .841 | .872 | .842 |
| `rrf` | .712 | .563 | .440 | .324 |
| `bm25` | .704 | .469 | .416 | .286 |
| `chroma` | .624 | .474 | .360 | .267 |

Known to fail: both sets ask for several passages of an encyclopedia, one paragraph each; long documents that
answer in one place were not judged.
"""
"""Section of the card."""
Signals = dict[str, float]


def learn_context(searched: Sequence[Searched], held: float, questions: OutcomeTable) -> ContextPrior:
    """Learn the probability that a context holds what is needed.

    Args:
        searched: Questions with retrievals.
        held: Shift of the logit from a context without what is needed to one with it.
        questions: Questions whose group tells whether they need several passages.
    """
    known = [(each, option, each.signals(option)) for each in searched for option in OPTIONS]
    hops, bridges, comparison = map(float, _hops(questions))
    prior = ContextPrior(
        hops=hops,
        bridges=bridges,
        comparison=comparison,
        **_curve(known, "several"),
        **_curve(known, "single"),
        squeeze=_squeeze(searched),
        lost=_lost(searched),
        held=held,
        reference=0.0,
        usual=float(np.mean([math.log(max(signals["enough"], 1.0)) for *_, signals in known])),
        spread=0.0,
    )
    usual = Option("", {"chunks": USUAL})
    reference = float(np.mean([prior.holds(usual, signals) for *_, signals in known]))
    return replace(prior, reference=reference, spread=prior.held * _error(prior, known))


def _curve(known: Sequence[tuple[Searched, str, Signals]], case: str) -> dict[str, float]:
    """Return the coefficients for questions that need all of ``several`` passages, or a ``single`` one."""
    every = case == "several"
    X, y = [], []
    for each, option, signals in known:
        at = needed_at(each, option, every=every)
        for count in COUNTS[int(every) :]:  # one passage is never all of several
            need = -math.log(max(signals["enough"], 1.0))
            X.append([1.0, math.log(count), need, signals.get("links", 0.0)])
            y.append(float(at <= count))
    low = np.array([FREE, 0.0, 0.0, 0.0])
    found = fit_logistic(np.array(X), np.array(y), towards=np.zeros(4), ridge=np.ones(4), low=low)
    names = (case, f"{case}_slope", f"{case}_enough", f"{case}_links")
    return dict(zip(names, found.tolist(), strict=True))


def needed_at(each: Searched, option: str, *, every: bool = True) -> float:
    """Return the rank at which all, or any, of the needed passages are found; infinite if they are not."""
    documents = [passage["document"] for passage in each.passages[option]]
    ranks = [documents.index(name) + 1.0 if name in documents else math.inf for name in each.needed]
    return max(ranks) if every else min(ranks)


def _hops(questions: OutcomeTable) -> Floats:
    """Return the coefficients of a question that needs several passages."""
    words = [lexical(row.text) for row in questions.rows]
    X = np.array([[1.0, min(each["bridges"], SIGNS), each["comparison"]] for each in words])
    y = np.array([float(row.group in SEVERAL) for row in questions.rows])
    return fit_logistic(X, y, towards=np.zeros(3), ridge=np.ones(3), low=np.array([FREE, 0.0, 0.0]))


def _lost(searched: Sequence[Searched]) -> float:
    """Return the decrease of the logit by the passages that the adaptive context leaves out."""

    def adaptive(each: Searched, best: Sequence[Passage]) -> Sequence[Passage]:
        return [best[i] for i in enough(worth(each.text, looked_at(best)), len(best))]

    rows = [(each, each.passages[option][:MOST]) for each in searched for option in OPTIONS]
    whole = float(np.mean([each.held(best) for each, best in rows]))
    kept = float(np.mean([each.held(adaptive(each, best)) for each, best in rows]))
    return max(0.0, _logit(whole) - _logit(kept))


def _squeeze(searched: Sequence[Searched]) -> float:
    """Return the change of the logit per ln(share of the tokens kept), by the answers in the context."""
    slopes = []
    for count, tokens in SQUEEZED:
        tops = [(each, each.passages["linked"][:count]) for each in searched]
        present = [(each, best) for each, best in tops if _answered(best, each)]
        if not present:
            return 0.0
        kept = float(np.mean([_answered(compress(each.text, best, tokens), each) for each, best in present]))
        share = len(present) / len(tops)
        change = _logit(share * kept) - _logit(share)
        slopes.append(change / math.log(min(1.0, tokens / (count * CHUNK_TOKENS))))
    return max(0.0, float(np.mean(slopes)))


def _answered(passages: Sequence[Passage], each: Searched) -> bool:
    """Return whether passages have an answer verbatim; yes and no are in none."""
    texts = [f"{passage['title']} {passage['text']}".lower() for passage in passages]
    answers = [own for answer in each.answers if len(own := answer.strip(" .").lower()) > 3]
    return any(answer in text for answer in answers for text in texts)


def learn_held(searched: Sequence[Searched], recorded: Sequence[OutcomeTable]) -> float:
    """Learn the shift from a context without what is needed to one with it.

    Args:
        searched: Questions with retrievals.
        recorded: Recordings of answers to some of them.
    """
    of = {each.id: each for each in searched}
    right: dict[bool, list[float]] = {True: [1.0, 0.0], False: [1.0, 0.0]}  # one of each, against certainty
    for table in recorded:
        for row in table.rows:
            for outcome in row.outcomes.values():
                path, each = outcome.path, of.get(row.id)
                option, count = path.get("retriever", ""), SHOWN.get(path.get("context", ""))
                own = grade(outcome)
                if each is None or option not in OPTIONS or count is None or math.isnan(own):
                    continue
                right[each.held(each.passages[option][:count])].append(float(own >= RIGHT))
    return max(0.0, _logit(float(np.mean(right[True]))) - _logit(float(np.mean(right[False]))))


def _error(prior: ContextPrior, known: Sequence[tuple[Searched, str, Signals]]) -> float:
    """Return the root mean square error of the mean probability, per set, retriever and count."""
    errors = []
    for name in sorted({each.set for each, *_ in known}):
        for option in OPTIONS:
            rows = [(each, signals) for each, own, signals in known if own == option and each.set == name]
            for count in COUNTS[1:]:
                shown = Option("", {"chunks": count})
                sure = replace(prior, hops=30.0)  # these questions need several passages
                expected = np.mean(
                    [sure.holds(shown, {**s, "links": float(option == "linked")}) for _, s in rows]
                )
                observed = np.mean([needed_at(each, option) <= count for each, _ in rows])
                errors.append(float(expected - observed))
    return float(np.sqrt(np.mean(np.square(errors))))


def _logit(p: float) -> float:
    p = min(max(p, 1e-3), 1.0 - 1e-3)
    return math.log(p / (1.0 - p))
