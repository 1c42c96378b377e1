"""What users' YAML may hold, and what is said of what it may not."""

import os
import time

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from dynamicrag.plain_values import MOST_DEPTH, MOST_NUMBER, MOST_VALUES, check_plain
from dynamicrag.plain_yaml import MOST_BYTES, parse_yaml, read_text

BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{now}: &{now} [{', '.join([f'*{before}'] * 10)}]\n"
    for before, now in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (BOMB, r"line \d: .*more than 20,000 values, each alias counted with its whole content"),
        ("a: &a {x: &x [1, 2]}\nb: &b\n" + "  <<: [" + "*a, " * 11_000 + "*a]", "more than 20,000 values"),
        ("a: &a [*a]", r"line 1: .*\*a refers to a value that contains it"),
        ("a: &a {b: *a}", "a value that contains it"),
        ("a: " + "[" * 10_000, "line 1: .*more than 50 deep"),
        ("a: " + "{b: " * 60, "more than 50 deep"),
        ("x: 1\na: 2026-13-45", r"line 2: .*'2026-13-45' cannot be read: month must be in 1\.\.12"),
        ("a: " + "9" * 5000, r"line 1: .*9… \(5,002 characters\) cannot be read"),
        ("a: " + "9" * 400, "a: a whole number beyond 64 bits"),
        ("a: {b: .nan}", r"a\.b: nan is not a finite number"),
        ("a: [1, -.inf]", r"a\.1: -inf is not a finite number"),
        ("? [a, b]\n: 1", "line 1: .*a list or a mapping cannot be a key"),
        ("a: {yes: 1}", r"a: the key True is not a text; put it in quotes"),
        ("~: 1", "top level: the key None is not a text"),
        ("2026-01-01: 1", "is not a text; put it in quotes"),
        ("1.5: 1", "is not a text"),
        ("a: 1\na: 2", "line 2: .*key 'a' twice"),
        ('a: "x\\0y"', r"a: the text 'x\\x00y' has a NUL"),
        ('a: "\\ud800"', "an unpaired surrogate"),
        ('"\\udfff": 1', "an unpaired surrogate"),
        ("a: \x01", "line 1: .*the character #x0001 is not allowed"),
        ("a:\n\tb: 1", "line 2: "),
        ("a: !!binary aGk=", "could not determine a constructor"),
        ("a: !!set {x, y}", "could not determine a constructor"),
        ("a: !!python/object:os.system x", "could not determine a constructor"),
        ("a: !!int ''", "cannot be read"),
        ("a: !!timestamp x", "cannot be read"),
        ("a: *b", "line 1: .*undefined alias"),
        ("--- 1\n--- 2", "line 2: .*another document"),
    ],
)  # fmt: skip
def test_what_is_refused_is_named_with_its_line(text, told):
    began = time.process_time()
    with pytest.raises(ValueError, match=told):
        parse_yaml(text)
    assert time.process_time() - began < 2


def test_anchors_and_merge_keys_are_read():
    text = "base: &base {chunks: 2, tokens: 400}\nlong: {<<: *base, chunks: 8}\nsame: *base"
    assert parse_yaml(text)["long"] == {"chunks": 8, "tokens": 400}


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]))
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-MOST_NUMBER, MOST_NUMBER)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
)
KEYS = st.text("abcé语", min_size=1)


@settings(derandomize=True, database=None, max_examples=60, deadline=None)
@given(
    st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
        max_leaves=10,
    )
)
def test_plain_values_are_read_as_they_were_written(value):
    assert parse_yaml(yaml.safe_dump(value, allow_unicode=True)) == value


def test_limits_of_values_that_were_not_read_from_a_file():
    nested = looped = []
    for _ in range(MOST_DEPTH + 1):
        nested = [nested]
    looped.append(looped)
    for value in (nested, looped, [0] * MOST_VALUES):
        with pytest.raises(ValueError, match=r"more than (50|20,000)"):
            check_plain(value)
    check_plain({"a": object(), "b": [MOST_NUMBER, -MOST_NUMBER], "c": [0] * (MOST_VALUES - 10)})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_encodings_of_a_file(tmp_path, encoding):
    (tmp_path / "p.yaml").write_text(("\ufeff" if encoding == "utf-16-le" else "") + "a: é", encoding)
    assert parse_yaml(read_text(tmp_path / "p.yaml").lstrip("\ufeff")) == {"a": "é"}


def test_what_is_no_text_file(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    (tmp_path / "large").write_text("#" * (MOST_BYTES + 1))
    (tmp_path / "binary").write_bytes(b"a: 1\nb: \xff\xfe\n")
    for name, told in [
        ("fifo", "it is not a regular file"),
        ("folder", "it is a folder"),
        ("large", r"1,000,001 bytes; at most 1,000,000"),
        ("binary", "line 2: it is not UTF-8"),
        ("x" * 300, "too long"),
        ("binary/x", "Not a directory"),
    ]:
        with pytest.raises(ValueError, match=told):
            read_text(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        read_text(tmp_path / "none")
