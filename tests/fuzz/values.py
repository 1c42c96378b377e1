"""Values that have broken readers, and ways to put them where they do not belong."""

import copy
from collections.abc import Iterator
from datetime import date
from typing import Any

from hypothesis import strategies as st

TEXTS = (
    "", " ", "\t", "\n", "\0", "a\0b", "\ud800", "\udcff", "\ufeff", "\u202e", "\x1b[2J", "é" * 3,
    "语言", "😀",
    "x" * 5_000, "/" * 300, "a" * 300, "../../etc", "~", ".", "/dev/null", "/dev/zero", "{}", "[",
    "*a", "&a", "!!x", "no",
    "null", "1e400", "-0", "NaN", "name", "self", "not an identifier", "class", "__class__",
    "http://[::1", "http://h:99999",
    "os:system", "os.path:join", "a:b", ":", "mine:", "local:", "openai:", "local:../x.gguf",
    "fixed", "knn", "prior",
)  # fmt: skip
_BYTES = [text.encode("utf-8", "surrogatepass") for text in TEXTS]
NUMBERS = (
    0, 1, -1, 2, 31, 32, 33, 1000, 2**31, 2**63 - 1, 2**63, 10**308, 10**400, 0.0, -0.0, 0.5, 1.5,
    1e308, 1e-320,
    float("nan"), float("inf"), float("-inf"), True, False,
)  # fmt: skip
ODD = st.one_of(
    st.sampled_from(TEXTS),
    st.sampled_from(NUMBERS),
    st.none(),
    st.just(date(2026, 1, 1)),
    st.sampled_from([[], {}, [[]], [None], {"a": None}, {"a": {"b": 1}}, ["a", "a"], [1, "b", {}]]),
    st.recursive(
        st.one_of(st.integers(), st.floats(), st.text(max_size=8), st.booleans()),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
        ),
        max_leaves=6,
    ),
)  # fmt: skip


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every container of a value with a key in it."""
    keys: Any = (
        list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    for key in keys:
        yield value, key
        yield from places(value[key])


@st.composite
def mutated(draw: Any, original: Any, times: int = 2) -> Any:
    """Return a copy with values replaced, left out, renamed, added or swapped."""
    made = copy.deepcopy(original)
    for _ in range(draw(st.integers(1, times))):
        found = list(places(made))
        if not found:
            break
        where, key = found[draw(st.integers(0, len(found) - 1))]
        way = draw(st.sampled_from(["replace", "drop", "rename", "add", "swap"]))
        if way == "replace":
            where[key] = copy.deepcopy(draw(ODD))
        elif way == "drop":
            del where[key]
        elif isinstance(where, dict) and way == "rename":
            where[draw(st.one_of(st.sampled_from(TEXTS), st.sampled_from(NUMBERS), st.none()))] = where.pop(
                key
            )
        elif isinstance(where, dict) and way == "add":
            where[draw(st.sampled_from(TEXTS))] = copy.deepcopy(draw(ODD))
        else:
            other, name = found[draw(st.integers(0, len(found) - 1))]
            where[key] = copy.deepcopy(other[name])
    return made


@st.composite
def damaged(draw: Any, original: bytes, times: int = 3) -> bytes:
    """Return bytes with some flipped, cut out, doubled or put in."""
    made = bytearray(original)
    for _ in range(draw(st.integers(1, times))):
        at = draw(st.integers(0, max(0, len(made) - 1)))
        way = draw(st.sampled_from(["flip", "cut", "insert", "double", "truncate"]))
        size = draw(st.integers(1, 40))
        if way == "flip" and made:
            made[at] ^= draw(st.integers(1, 255))
        elif way == "cut":
            del made[at : at + size]
        elif way == "insert":
            made[at:at] = draw(
                st.one_of(
                    st.binary(max_size=20),
                    st.sampled_from(_BYTES),
                )
            )
        elif way == "double":
            made[at:at] = made[at : at + size]
        else:
            del made[at:]
    return bytes(made)
