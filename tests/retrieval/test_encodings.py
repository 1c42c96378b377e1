import pytest

from dynamicrag.errors import CorpusError
from dynamicrag.retrieval.formats.clean import tidy
from dynamicrag.retrieval.formats.text import decode

TEXTS = {
    "Der Fähranleger öffnet früh und schließt spät.": ["utf-8", "utf-8-sig", "latin-1", "cp1252"],
    "café": ["latin-1"],
    "“Smart” — it’s €5…": ["cp1252"],
    "The bridge was opened in 1871.": ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "ascii"],
    "橋は青い。最後の渡し船は夜に出る。": ["utf-8", "shift_jis", "euc_jp", "utf-16"],
    "长桥是蓝色的。图书馆星期天关门。": ["utf-8", "gb18030", "gbk", "utf-16"],
    "橋是藍色的。最後一班渡輪晚上開。": ["big5"],
    "Привет, мир. Мост был построен давно.": ["utf-8", "cp1251"],
    "다리는 파란색이다. 마지막 배는 저녁에 떠난다.": ["euc_kr"],
    "Zażółć gęślą jaźń.": ["cp1250"],
}


@pytest.mark.parametrize(("text", "name"), [(text, name) for text, names in TEXTS.items() for name in names])
def test_encodings_are_told(text, name):
    assert decode(text.encode(name)) == text


def test_what_a_page_declares_goes_before_a_guess_but_not_before_utf8():
    assert decode("Gęś".encode("iso-8859-2"), "iso-8859-2") == "Gęś"
    assert decode("Gęś".encode(), "iso-8859-2") == "Gęś"
    for odd in ("rot13", "punycode", "no-such", "unicode_escape", "\0"):
        assert decode("café".encode("latin-1"), odd) == "café"


def test_a_few_bad_bytes_do_not_make_it_another_encoding():
    text = "Über die Brücke führt ein Weg für Fußgänger. " * 20
    assert decode(text.encode()[:-1] + b"\xc3").startswith(text[:-1])  # cut within a character
    assert decode("橋".encode() + b"\xe6") == "橋\ufffd"
    assert decode("café".encode("latin-1")) == "café"
    assert decode(text.encode() + b"\xff end").count("ü") == text.count("ü")


@pytest.mark.parametrize("data", [bytes(range(256)) * 4, b"\x7fELF\x02\x01\x01" + bytes(90), bytes(100)])
def test_binary_files(data):
    with pytest.raises(CorpusError, match="binary"):
        decode(data)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\r\nb\rc\x0bd\u2028e", "a\nb\nc\nd\ne"),
        ("a\0\x1bb\x07\ud800", "ab?"),
        ("a" + "\n \t" * 9 + "\nb", "a\n\n\nb"),
        ("a\n\n\nb", "a\n\n\nb"),
        ("    code\n\tmore", "    code\n\tmore"),
        ("x" + "." * 500 + "y", "x...y"),
        ("-" * 80, "-" * 80),
        ("see " + "QUJD" * 300 + " end", "see … end"),
        ("日本語" * 500, "日本語" * 500),
    ],
)
def test_tidy(text, expected):
    assert tidy(text)[0] == expected


def test_data_in_lines_is_left_out():
    lines = "\n".join(["QUJDabc+" * 9] * 40)
    assert tidy(f"Key:\n{lines}\n\nText.\n")[0].split() == ["Key:", "…", "Text."]
