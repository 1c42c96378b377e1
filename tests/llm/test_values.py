import pytest

from dynamicrag.llm.prompts.values import value


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("born 9 June 1948", (1948, 6, 9)),
        ("January 7, 1992", (1992, 1, 7)),
        ("the 3rd of May, 1890", (1890, 5, 3)),
        ("Sept. 2001", (2001, 9)),
        ("2001-09-30", (2001, 9, 30)),
        ("opened in 1973 during the town's centennial", (1973,)),
        ("30 January 1921 – 17 July 1999", (1999, 7, 17)),
        ("a drama of 1991, made by 3 people", (1991,)),
    ],
)
def test_dates(text, found):
    assert value(text) == (found, "")


@pytest.mark.parametrize(
    ("text", "number", "unit"),
    [
        ("412 m", 412, "m"),
        ("1,200.5 km", 1200.5, "km"),
        ("2,150 M", 2150, "m"),
        ("3.4 million people", 3.4e6, "people"),
        ("64", 64, ""),
    ],
)
def test_numbers(text, number, unit):
    assert value(text) == ((number,), unit)


@pytest.mark.parametrize("text", ["unknown", ""])
def test_neither(text):
    assert value(text) is None
