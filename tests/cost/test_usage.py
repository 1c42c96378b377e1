"""What a provider says of a call is checked; what it does not say is booked at its worst case."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynamicrag.cost.usage import LONGEST_TOKEN, Counted, Tokens, number

BYTES, MOST, ASIDE, LIMIT = 1000, 1100, 400, 64
WORDS = [word + " " for word in ["blue", "as", "the", "sea", "in", "May"]]


def said(input_tokens, output_tokens, cached=None):
    details = {} if cached is None else {"input_token_details": {"cache_read": cached}}
    return {"input_tokens": input_tokens, "output_tokens": output_tokens, **details}


def booked(*reports, words=WORDS, limit=LIMIT):
    counted = Counted(limit)
    for word in words:
        counted.add_chunk(word)
    for report in reports:
        counted.add_report(report)
    return counted.tokens(BYTES, MOST, ASIDE)


WORST = Tokens(ASIDE, 0, LIMIT, assumed=True)


@pytest.mark.parametrize(
    ("reports", "tokens"),
    [
        ([said(100, 10)], Tokens(100, 0, 10, assumed=False)),
        ([said(100, 10, 30)], Tokens(100, 30, 10, assumed=False)),
        # running totals, in every chunk, or twice at the end
        ([said(500, n) for n in range(1, 8)], Tokens(500, 0, 7, assumed=False)),
        ([said(100, 10), said(100, 10)], Tokens(100, 0, 10, assumed=False)),
        ([said(100, n, 40) for n in (2, 6)], Tokens(100, 40, 6, assumed=False)),
        ([said(500, 3), said(500, 6), said(0, 0)], Tokens(500, 0, 6, assumed=False)),
        # what was read first, what was written last, as Anthropic; and increments, as LangChain has Gemini
        ([said(100, 0), said(0, 10)], Tokens(100, 0, 10, assumed=False)),
        ([said(100, 3), said(0, 5), said(0, 4)], Tokens(100, 0, 12, assumed=False)),
        ([said(0, 1)] * 6 + [said(100, 0)], Tokens(100, 0, 6, assumed=False)),
        ([said(0, 1)] * 6 + [said(100, 1)], Tokens(100, 0, 7, assumed=False)),
        # more cached than read, and less than nothing: nothing is taken for cached
        ([said(100, 10, 1900)], Tokens(100, 0, 10, assumed=False)),
        ([said(100, 10, -5)], Tokens(100, 0, 10, assumed=False)),
        # less than was seen, more than was asked for
        ([said(100, 1)], Tokens(100, 0, 6, assumed=False)),
        ([said(100, 600)], Tokens(100, 0, LIMIT, assumed=False)),
        # more read than there are bytes; fewer tokens than the longest make up
        ([said(50_000, 10)], Tokens(MOST, 0, 10, assumed=False)),
        ([said(3, 10)], Tokens(ASIDE, 0, 10, assumed=True)),
        # nothing credible
        ([], WORST),
        ([said(0, 0)], WORST),
        ([said(None, None)], WORST),
        ([said("12", "3")], WORST),
        ([said(-4, -4)], WORST),
        ([said(1e30, math.inf)], WORST),
        ([said(math.nan, 2.5)], WORST),
        ([said(True, True)], WORST),
        ([said(100, None)], Tokens(100, 0, LIMIT, assumed=True)),
        ([said(0, 10)], Tokens(ASIDE, 0, 10, assumed=True)),
        ([said(100.0, 10.0)], Tokens(100, 0, 10, assumed=False)),
    ],
)
def test_what_is_booked(reports, tokens):
    assert booked(*reports) == tokens


def test_an_answer_without_text_may_have_no_tokens():
    assert booked(said(100, 0), words=[]) == Tokens(100, 0, 0, assumed=False)


def test_tokens_that_come_in_bytes_are_not_counted_by_the_piece():
    assert booked(said(100, 25), words=["x"] * 100).output == 25


def test_listed_tokens_are_seen():
    counted = Counted(LIMIT)
    counted.add_chunk("internationalization", listed=5)
    counted.add_report(said(100, 1))
    assert counted.tokens(BYTES, MOST, ASIDE).output == 5


@pytest.mark.parametrize(
    ("chunks", "at_most"),
    [
        (["word "] * 600, 200),  # a word a chunk
        (["x "] * 600, 300),
        (["many words in one chunk of the answer " * 10] * 600, 30),
        ([""] * 5000, 1200),  # thoughts that are not shown, or nothing at all
    ],
)
def test_a_server_that_never_stops_is_not_read_for_ever(chunks, at_most):
    counted, left = Counted(LIMIT), iter(chunks)
    while not counted.runs_away:
        counted.add_chunk(next(left))
    assert counted.chunks < at_most


@pytest.mark.parametrize(
    "answer", [["word "] * LIMIT, ["mississippi "] * (LIMIT // 2), list("four letters each " * 14)]
)
def test_an_answer_that_keeps_its_limit_is_read_to_the_end(answer):
    counted = Counted(LIMIT)
    for chunk in answer:
        counted.add_chunk(chunk)
    assert not counted.runs_away


odd = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**12), 10**12),
    st.floats(),
    st.text(max_size=3),
    st.lists(st.integers()),
)
report = st.fixed_dictionaries(
    {},
    optional={
        "input_tokens": odd,
        "output_tokens": odd,
        "input_token_details": st.one_of(st.none(), st.fixed_dictionaries({"cache_read": odd})),
    },
)


@given(
    st.lists(report, max_size=6),
    st.lists(st.text(max_size=12), max_size=80),
    st.integers(0, 5000),
    st.integers(1, 100),
)
def test_whatever_is_said_the_books_are_right(reports, texts, size, limit):
    counted = Counted(limit)
    for text in texts:
        counted.add_chunk(text)
    for each in reports:
        counted.add_report(each)
    most, aside = size + 100, size // 3 + 20
    tokens = counted.tokens(size, most, aside)
    assert 0 <= tokens.cached <= tokens.input <= max(most, aside)
    assert math.ceil(size / LONGEST_TOKEN) <= tokens.input
    assert min(counted.seen, limit) <= tokens.output <= limit
    if not reports:
        assert tokens == (aside, 0, limit, True)


@given(st.integers(10, 1000), st.lists(st.integers(1, 5), min_size=1, max_size=12))
def test_running_totals_and_increments_come_to_the_same(read, steps):
    totals = [sum(steps[: n + 1]) for n in range(len(steps))]
    words = ["word "] * len(steps)
    running = booked(*[said(read, n) for n in totals], words=words)
    first = booked(said(read, steps[0]), *[said(0, n) for n in steps[1:]], words=words)
    assert running == first == Tokens(read, 0, totals[-1], assumed=False)


@given(odd)
def test_a_count_is_a_whole_number_or_none(value):
    found = number(value)
    assert found is None or (type(found) is int and found == value and found >= 0)
