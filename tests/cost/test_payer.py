"""A query pays for the calls of others in its context."""

from dynamicrag.cost.attribution import Attribution
from dynamicrag.cost.ledger import Ledger
from dynamicrag.cost.meter import NullMeter
from dynamicrag.cost.payer import Payer, paying
from dynamicrag.cost.profiles import Host
from dynamicrag.types import Usage


def ledger_of():
    return Ledger(Attribution(NullMeter()), Host())


def call(ledger, query):
    with ledger.span(query, "generator", "m") as line:
        line.usage = Usage(calls=1, input_tokens=10, seconds=1.0)


def test_its_account_has_their_calls_and_they_keep_their_own():
    ledger = ledger_of()
    call(ledger, "task")
    payer = Payer(ledger, "task")
    with paying(payer):
        call(ledger, "inner")
        assert ledger.paid_by("inner") == "task"
        assert ledger.spent("inner")["seconds"] == 2.0
    assert ledger.paid_by("inner") == "inner"
    assert len(ledger.account("task").lines) == 2
    assert ledger.account("inner").lines == payer.lines
    assert ledger.spent("inner")["seconds"] == 1.0


def test_another_ledger_is_not_concerned():
    one, other = ledger_of(), ledger_of()
    with paying(Payer(one, "task")):
        call(other, "inner")
    assert other.paid_by("inner") == "inner"
    assert one.account("task").lines == []
