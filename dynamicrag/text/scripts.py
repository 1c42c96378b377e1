"""Scripts, and their letters: with and without spaces between words.

Scripts without spaces between words are cut into overlapping groups of letters, as in Lucene's CJKAnalyzer:
two letters of Chinese, Japanese and Korean, three of Thai, Lao, Khmer and Burmese. This needs no dictionary,
and so finds words that a dictionary lacks.
"""

import re

from dynamicrag.text.normal import plain

_PAIRED = r"\u3005-\u3007\u3031-\u3035\u3041-\u3096\u309d-\u30fa\u30fc-\u312f\u3400-\u4dbf\u4e00-\u9fff" \
    r"\uac00-\ud7a3\U00020000-\U0003ffff"  # fmt: skip
_TRIPLED = r"\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ecd\u0edc-\u0edf\u1000-\u103f\u1050-\u108f\u1780-\u17d3"
_JOINED = r"\w\u0711\u0730-\u074a\u07a6-\u07b0\u0900-\u0963\u0971-\u0df3\u0f18-\u0f39\u0f3e-\u0fbc"
LETTERS = f"{_JOINED}{_TRIPLED}"  # with the marks that Python does not count as word characters
UNSPACED = re.compile(f"[{_PAIRED}{_TRIPLED}]")
PIECE = re.compile(f"(?P<paired>[{_PAIRED}]+)|(?P<tripled>[{_TRIPLED}]+)|(?P<other>[^{_PAIRED}{_TRIPLED}]+)")
HIRAGANA = re.compile(r"[\u3041-\u309f\u30fc]+")
KATAKANA = re.compile(r"[\u30a1-\u30fa]")
_HAN_LETTERS = r"\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
HAN = re.compile(f"[{_HAN_LETTERS}]")
_STEM = re.compile(f"(?<![{_HAN_LETTERS}])[{_HAN_LETTERS}](?![{_HAN_LETTERS}])")


def stems(text: str) -> set[str]:
    """Return the Chinese characters that stand alone like words: "青" in "青い", none in "青色"."""
    return {match[0] for match in _STEM.finditer(plain(text))}


def unspaced(text: str) -> int:
    """Return the number of letters of ``text`` in scripts without spaces between words."""
    return sum(map(len, UNSPACED.findall(text)))


def groups(run: str, size: int) -> list[str]:
    """Return the overlapping groups of ``size`` letters, or the whole of a shorter run."""
    return [run[i : i + size] for i in range(max(1, len(run) - size + 1))]
