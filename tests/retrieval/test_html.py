import pytest

from dynamicrag.retrieval.formats.html import page_of

from .test_markdown import read


def lines(source: str) -> list[str]:
    return page_of(source).text.split("\n")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<p>One <b>two</b>.</p><script>no</script><p>Three &amp; four", ["One two.", "Three & four"]),
        ("<pre><code>def f(x):\n    return x</code></pre>", ["def f(x):", "    return x"]),
        ("<p>a\n   b<pre>\n\n  x\n\n\ty  \n</pre>c  d", ["a b", "  x", "", "\ty", "c d"]),
        ("<pre><span>a</span>\n  <span>b</span><br>  c</pre>", ["a", "  b", "  c"]),
        ("<ul><li>a<li>b</ul>c", ["a", "b", "c"]),
        ("<table><tr><th>A<th>B<tr><td>1<td>2<tr><td>3<td></table>", ["| A: 1 | B: 2 |", "| A: 3 |"]),
        ("<table><tr><td>1<td>2</table>", ["| 1 | 2 |"]),
        ("<table><caption>C</caption><tr><th>H<td>30 m</table>", ["C", "| H | 30 m |"]),
        ("<table><tr><th colspan=2>Box<tr><th>H<td>30 m</table>", ["| Box |", "| H | 30 m |"]),
        ("<table><tr><td><p>a</p><p>b</p><td>c</table>", ["a", "b", "c"]),
        ("<table><tr><th>A<th>B<tr><td><p>a</p><p>b</p><td>c</table>", ["| A: a b | B: c |"]),
        (
            "<table><tr><th>A<th>B<tr><td rowspan=2>x<td>1<tr><td>2</table>",
            ["| A: x | B: 1 |", "| A: x | B: 2 |"],
        ),
        ("<table><tr><th>A<th>B</table>", ["| A | B |"]),
        ("<table><tr><th>A<th>B<tr><td>1<td><pre>x\n  y</pre></table>", ["| A: 1 |", "x", "  y"]),
        ("<table><tr><th>A<th>B<tr><td>1<td><pre>x</pre></table>", ["| A: 1 | B: x |"]),
        ("<table><tr><td><pre>1\n2</pre><td><pre>x\n  y</pre></table>", ["1", "2", "x", "  y"]),
        ("<table><tr><td><table><tr><th>A<th>B<tr><td>1<td>2</table><td>z</table>", ["| A: 1 | B: 2 |", "z"]),
        ("text <td>cell</td> <tr>row", ["text", "cell", "row"]),
        ("x<!-- no -->y<template>no</template>", ["xy"]),
        ("<svg><title>no title</title><text>label</text></svg>", ["no titlelabel"]),
        ("<p>a<p hidden>b</div></span></p>c", ["a", "b", "c"]),
        ("", [""]),
        ("\0<p>\ud800x", ["?x"]),
    ],
)
def test_text(source, expected):
    assert lines(source) == expected


def test_two_rows_of_column_names():
    head = "<thead><tr><th rowspan=2>Valve<th colspan=2>Pressure<tr><th>least<th>most</thead>"
    assert lines(f"<table>{head}<tr><td>V1<td>2<td>3</table>") == [
        "| Valve: V1 | Pressure least: 2 | Pressure most: 3 |"
    ]


@pytest.mark.parametrize(
    ("source", "title"),
    [
        ("<title> A\n page </title><h1>no</h1>x", "A page"),
        ("<svg><title>no</title></svg><title>A</title>x", "A"),
        ("<h2>no</h2><h1>A <i>b</i></h1>x", "A b"),
        ("<h2>A</h2>x", "A"),
        ("x", "page"),
    ],
)
def test_titles(tmp_path, source, title):
    assert read(tmp_path, source, "page.html").title == title


def test_a_page_declares_its_encoding(tmp_path):
    page = '<meta charset="iso-8859-2"><title>Gęś</title><p>Zażółć'
    (tmp_path / "page.html").write_bytes(page.encode("iso-8859-2"))
    from dynamicrag.retrieval.documents import Skipped
    from dynamicrag.retrieval.readers import files_of, read_file

    (document,) = [d for f in files_of([tmp_path], Skipped()) for d in read_file(f, Skipped())]
    assert (document.title, document.text) == ("Gęś", "Zażółć")


def test_deep_pages_lose_no_text():
    for closing in ("", "</div>" * 30_000, "</p>" * 30_000):
        assert "".join(lines("<div>" * 30_000 + "deep" + closing + "<p>after")) == "deepafter"
    assert "".join(lines("<table><tr><td>x" * 300 + "end")).count("x") == 300
