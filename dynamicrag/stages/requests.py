"""The request for more budget, in words and plain JSON."""

from collections.abc import Mapping, Sequence

from dynamicrag.cost.amounts import SPACE, amount, percent
from dynamicrag.cost.dimensions import DIMENSIONS
from dynamicrag.cost.vector import Dimension
from dynamicrag.offers import BudgetAnswer, BudgetOffer, BudgetRequest
from dynamicrag.stages.shortage import Priced, Shortage
from dynamicrag.turn import TurnState

__all__ = ["answered_in_words", "in_words", "request_of"]


def request_of(
    shortage: Shortage, turn: TurnState, *, standing: float | None, answered: bool
) -> BudgetRequest:
    """Return the request for more budget.

    An option that is estimated to be no better than the answer that stands is not offered, unless no other
    is. ``standing`` is the probability that the answer that stands is right: 0 without an answer, ``None`` if
    it is unknown.
    """
    offers = [_offer(each, standing, answered=answered) for each in shortage.options]
    better = [each for each in offers if each["gain"] is None or each["gain"] > 0]
    offers = better or offers
    return BudgetRequest(
        type="budget",
        query_id=turn["id"],
        question=turn["text"],
        stage=shortage.stage,
        limits=dict(shortage.limits),
        spent=dict(shortage.spent),
        left=dict(shortage.left),
        offers=offers,
        answered=answered,
        message=_message(shortage, offers, answered=answered),
    )


def in_words(amounts: Mapping[Dimension, float]) -> str:
    """Return amounts with their units, ``40 J and $0.002``."""
    return " and ".join(_in_words(dimension, x) for dimension, x in amounts.items())


def answered_in_words(answer: BudgetAnswer) -> str:
    """Return a request for more budget and its answer in one line."""
    offers = "; ".join(f"{offer['option']}: {offer['sentence']}" for offer in answer["offers"])
    granted = answer["granted"]
    said = "refused" if granted is None else f"granted {in_words(granted)}"
    return f"asked for more budget ({offers}): {said}"


def _offer(priced: Priced, standing: float | None, *, answered: bool) -> BudgetOffer:
    quality = priced.quality
    gain = None if quality is None or standing is None else quality - standing
    price = in_words(priced.extra)
    if gain is None:
        sentence = f"{price} more"
    elif answered:
        how = "likelier" if gain >= 0 else "less likely"
        sentence = f"{_percent(abs(gain))} {how} right for {price} more"
    else:
        sentence = f"an answer, {_percent(gain)} likely right, for {price} more"
    return BudgetOffer(
        option=priced.option, quality=quality, gain=gain, extra=dict(priced.extra), sentence=sentence
    )


def _in_words(dimension: Dimension, value: float) -> str:
    row = DIMENSIONS[dimension]
    text = amount(dimension, float(f"{value:.3g}"), brief=True).replace(SPACE, " ")
    return text if row.unit or row.prefix else f"{text} {row.title}"


def _percent(share: float) -> str:
    return percent(share).replace(SPACE, " ")


def _message(shortage: Shortage, offers: Sequence[BudgetOffer], *, answered: bool) -> str:
    left = in_words(shortage.left)
    bought = ", or ".join(dict.fromkeys(_bought(offer, answered=answered) for offer in offers))
    otherwise = "the answer so far stands" if answered else "there is no answer"
    return f"The budget allows nothing more: {left} left. {bought}. Without more, {otherwise}."


def _bought(offer: BudgetOffer, *, answered: bool) -> str:
    """Return an offer for the person who asked: neither a stage nor an option has a name here."""
    gain, price = offer["gain"], f"{in_words(offer['extra'])} more"
    if gain is None:
        return f"{price} would pay for {'a better answer' if answered else 'an answer'}"
    if answered:
        how = "likelier" if gain >= 0 else "less likely"
        return f"{price} would buy an answer that is {_percent(abs(gain))} {how} right"
    return f"{price} would buy an answer ({_percent(gain)} likely right)"
