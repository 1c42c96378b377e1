from pathlib import Path

import pytest

from dynamicrag.retrieval.chunking import Chunker
from dynamicrag.retrieval.documents import Document, Skipped
from dynamicrag.retrieval.readers import files_of, read_file


def read(folder: Path, text: str, name: str = "page.md") -> Document:
    (folder / name).write_text(text)
    (document,) = [d for file in files_of([folder / name], Skipped()) for d in read_file(file, Skipped())]
    return document


TITLES = {
    "plain": "# Right",
    "closed": "# Right ##",
    "setext": "Right\n=====\n\nText.",
    "setext on two lines": "Right\nand more\n===",
    "second level": "## Right\n\nText.",
    "first level goes before": "## Contents\n\n# Right",
    "second level setext": "Right\n-----",
    "markup": "# *Right* __and__ `more`",
    "link": "# [Right](https://example.org)",
    "reference": "# [Right][1]\n\n[1]: https://example.org",
    "badge": "# Right [![build](badge.svg)](https://ci)",
    "image alone": "# ![Right](logo.svg)",
    "image first": "# ![](logo.svg)\n\n# Right",
    "inline html": "# <a name='x'></a>Right",
    "entity": "# Right &amp; proper",
    "escaped": r"# Right \# and",
    "attributes": "# Right {#anchor .class}",
    "html heading": '<h1 align="center">\n  <img src="x.png">\n  Right\n</h1>\n\n## wrong',
    "comment": "<!--\n# wrong\n-->\n\n# Right",
    "comment on one line": "<!-- # wrong -->\n# Right",
    "comment in it": "# Right <!-- wrong -->",
    "fence": "```sh\n# wrong\n```\n# Right",
    "tilde fence": "~~~\n```\n# wrong\n```\n~~~\n# Right",
    "long fence": "`````\n```\n# wrong\n```\n# wrong\n`````\n# Right",
    "indented fence": "   ```\n   # wrong\n   ```\n# Right",
    "fence in a list": "- x\n\n  ```\n  # wrong\n  ```\n\n# Right",
    "indented code": "Text.\n\n    # wrong\n\n# Right",
    "quote": "> # wrong\n\n# Right",
    "front matter": "---\ntitle: Right\n---\n\n# wrong",
    "quoted front matter": '---\ntitle: "Right: a story"\n---\n# wrong',
    "front matter that is no YAML": "---\ntitle: Right: a story\n---\n# wrong",
    "front matter with dots": "---\ntitle: Right\n...\n# wrong",
    "TOML front matter": '+++\ntitle = "Right"\n+++\n# wrong',
    "front matter without title": "---\n# wrong: settings\nlayout: page\n---\n\n# Right",
    "empty front matter": "---\n---\n# Right",
    "front matter with odd titles": "---\ntitle: [[a], {b: c}]\n---\n# Right",
    "mark of the byte order": "\ufeff---\ntitle: Right\n---\n# wrong",
    "text between rules": "---\n\nThis is text.\n\n---\n\n# Right",
    "rule that nothing ends": "---\n\n# Right",
    "hash without space": "#wrong\n\n# Right",
    "seven hashes": "####### wrong\n\n# Right",
    "Windows lines": "---\r\ntitle: Right\r\n---\r\n# wrong\r\n",
}


@pytest.mark.parametrize("name", TITLES)
def test_titles(tmp_path, name):
    title = (
        read(tmp_path, TITLES[name]).title
        if "Text" in TITLES[name]
        else read(tmp_path, TITLES[name] + "\n\nText.").title
    )
    assert title.startswith("Right")
    assert not {"wrong", "*", "_", "`", "[", "<", "build"} & {title, *title.split(), *title}


def test_a_page_without_headings_is_called_after_its_file(tmp_path):
    assert read(tmp_path, "Only text.", "my page.md").title == "my page"


def test_the_text_is_kept_as_it_is(tmp_path):
    text = "# A\n\n*Text*, [link](x).\n\n- one\n  - two\n\n```py\ndef f():\n    return 1\n```\n\n> quoted\n"
    assert read(tmp_path, text).text == text


def test_front_matter_and_comments_are_no_text(tmp_path):
    front = "---\ntitle: T\nlayout: page\nauthor: Ida\ntags: [a, b]\n---\n"
    text = f"{front}One <!-- no --> two.\n\n<!--\nno\n-->\n\nThree."
    assert read(tmp_path, text).text == "author: Ida\ntags: a, b\nOne  two.\n\n\nThree."


def test_a_comment_in_code_stays(tmp_path):
    text = "```html\n<!-- stays -->\n```"
    assert read(tmp_path, text).text == text


TABLE = "| Valve | Pressure in bar |\n|---|:-:|\n" + "".join(f"| V-{n:03} | {n}.5 |\n" for n in range(120))


def test_a_row_travels_with_its_column_names(tmp_path):
    document = read(tmp_path, f"# Valves\n\nBefore.\n\n{TABLE}\nAfter.\n")
    assert "| Valve: V-088 | Pressure in bar: 88.5 |" in document.text.split("\n")
    assert "|---" not in document.text
    assert document.text.endswith("\n\nAfter.\n")
    for chunk in Chunker(32, 4, str.split).split(document.text, document.title):
        for line in chunk.split("\n"):
            assert not line.startswith("|") or line.startswith("| Valve: V-")


@pytest.mark.parametrize(
    ("table", "lines"),
    [
        ("a | b\n--|--\n1 | 2", ["| a: 1 | b: 2 |"]),
        ("| | b |\n|-|-|\n| x | 2 |\n| y | |", ["| x | b: 2 |", "| y |"]),
        ("|a|b|\n|-|-|\n|1|\n|1|2|3|", ["| a: 1 |", "| a: 1 | b: 2 |"]),
        (r"|a \| c|b|" + "\n|-|-|\n|`x|y`|2|", ["| a | c: `x | b: y` |"]),
        ("|a|b|\n|-|-|", ["| a | b |"]),
        ("|a. b|c|\n|-|-|\n|See p. 3. Then 4. |x|", ["| a. b: See p. 3. Then 4. | c: x |"]),
    ],
)
def test_tables(tmp_path, table, lines):
    document = read(tmp_path, f"Text.\n\n{table}\n")
    assert [line for line in document.text.split("\n") if line.startswith("|")] == lines


@pytest.mark.slow
def test_a_large_page_is_read_alike(tmp_path):
    parts = "> # wrong\n\n- one\n  ```\n  # wrong\n  ```\n- two\n\n  | a | b |\n  |---|---|\n  | 1 | 2 |\n\n"
    document = read(tmp_path, parts * 3_000 + "# Right\n\nText.\n")
    assert document.title == "Right"
    assert document.text.count("| a: 1 | b: 2 |") == 3_000


def test_tables_in_lists_and_html(tmp_path):
    table = "- x\n\n  | a | b |\n  |---|---|\n  | 1 | 2 |\n\n"
    text = f"{table}<table>\n<tr><th>c</th><th>d</th></tr>\n\n<tr><td>3</td><td>4</td></tr>\n</table>\n"
    assert "| a: 1 | b: 2 |" in read(tmp_path, text).text
    assert "| c: 3 | d: 4 |" in read(tmp_path, text).text


def test_a_wide_table_does_not_outgrow_itself(tmp_path):
    head = (
        "|" + "|".join(f"a name of a column that is long, {n}" for n in range(60)) + "|\n" + "|-" * 60 + "|\n"
    )
    document = read(tmp_path, head + ("|x" * 60 + "|\n") * 200)
    assert len(document.text) < 60 * 200 * 20


def test_code_keeps_its_indentation_through_chunking(tmp_path):
    code = "".join(f"def f{n}(x):\n    if x > {n}:\n        return x + 1. \n\n" for n in range(60))
    document = read(tmp_path, f"# C\n\n```py\n{code}```\n")
    chunks = Chunker(32, 4, str.split).split(document.text, document.title)
    lines = [line for chunk in chunks for line in chunk.split("\n")]
    assert sum(line.startswith("        return") for line in lines) >= 60
    assert not any(line.startswith(("return", "if")) for line in lines)
