"""Random trees of files: nothing but this package's errors, and every good file is served."""

import gzip
import json
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dynamicrag.errors import CorpusError
from dynamicrag.retrieval.chunking import Chunker
from dynamicrag.retrieval.documents import Skipped
from dynamicrag.retrieval.formats.clean import tidy
from dynamicrag.retrieval.formats.html import page_of
from dynamicrag.retrieval.ids import RowIds
from dynamicrag.retrieval.readers import files_of, read_file

from .fakes import FakeEmbedder, corpus

ENDINGS = [".md", ".txt", ".html", ".pdf", ".jsonl", ".jsonl.gz", ".png", ""]
MARKS = [
    *(
        "<",
        ">",
        "</",
        "<!--",
        "-->",
        "<table>",
        "<tr>",
        "<td>",
        "<th rowspan=3 colspan=2>",
        "<pre>",
        "<title>",
    ),
    *(
        "<h1>",
        "<script>",
        "<svg>",
        "&amp;",
        "#",
        "---\n",
        "title: ",
        "```",
        "~~~",
        "> ",
        "- ",
        "|",
        "|-|-|\n",
    ),
    *(
        "[",
        "](",
        "![",
        "`",
        "*",
        "===",
        "\n",
        "\n\n",
        "    ",
        "\t",
        "{",
        "}",
        '"id": ',
        '"text": ',
        "\0",
        "\x1b",
    ),
    *(
        "\u2028",
        "\ufeff",
        "\u00ad",
        "-\n",
        "。",
        "word ",
        "1 ",
        "é",
        "橋",
        "🙂",
        '{"id": "a", "text": "x"}\n',
    ),
]
SOUP = st.lists(st.sampled_from(MARKS), max_size=60).map("".join)
CONTENT = st.one_of(
    SOUP.map(str.encode),
    st.binary(max_size=300),
    SOUP.map(lambda text: text.encode("latin-1", "replace")),
    SOUP.map(lambda text: text.encode("utf-16")),
    SOUP.map(lambda text: gzip.compress(text.encode())),
    SOUP.map(lambda text: b"%PDF-1.4\n" + text.encode()),
    st.just(b""),
)
NAME = st.one_of(
    st.sampled_from([b"a", b"b", b"README", b"a b"]),
    st.binary(min_size=1, max_size=12).map(
        lambda name: name.replace(b"/", b"_").replace(b"\0", b"_").lstrip(b".") or b"x"
    ),
)
TREE = st.lists(st.tuples(st.lists(NAME, max_size=2), NAME, st.sampled_from(ENDINGS), CONTENT), max_size=6)
LINKS = st.lists(st.tuples(NAME, st.sampled_from(["..", ".", "a.md", "nowhere", "/etc", "/"])), max_size=3)


def seeded(examples: int) -> settings:
    """The same examples in every run, and no limit in time: machines are slow at times."""
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(
        max_examples=examples, derandomize=True, deadline=None, database=None, suppress_health_check=checks
    )


def plant(folder: Path, tree: list, links: list) -> None:
    """Write what can be written of a tree."""
    root = os.fsencode(folder)
    for parents, name, ending, content in tree:
        path = Path(os.fsdecode(b"/".join([root, *parents, name + ending.encode()])))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except OSError:  # a name that is a file already, or too long
            continue
    for name, target in links:
        link = Path(os.fsdecode(root + b"/" + name))
        if not (link.exists() or link.is_symlink()):
            link.symlink_to(target)


@pytest.mark.slow
@seeded(60)
@given(TREE, LINKS)
def test_every_good_file_of_a_tree_is_served(tree, links):
    with tempfile.TemporaryDirectory() as place:
        docs = Path(place, "docs")
        (docs / "good").mkdir(parents=True)
        plant(docs, tree, links)
        (docs / "good" / "good file.md").write_text("# Good\n\nThe quokka is well.\n")
        (docs / "good" / "rows.jsonl").write_text('{"id": "w", "text": "The wombat is well."}\n{"id": \n')
        made = corpus(docs, Path(place, "index"), embedder=FakeEmbedder())
        report = made.ingest(dense=False)
        for word in ("quokka", "wombat"):
            (hit, _), *_ = made.lexical().search(word, 1)
            assert word in made.chunks([hit])[0]["text"]
        assert any("rows.jsonl:2: not a JSON line" in line for line in report.skipped)
        json.dumps(report.skipped).encode()
        again = made.ingest(dense=False)
        assert (again.added, again.changed, again.deleted, again.failed) == (0, 0, 0, report.failed)
        made.close()


@seeded(150)
@given(st.sampled_from([ending for ending in ENDINGS if ending not in (".png", "")]), CONTENT)
def test_any_file_is_read_or_named(ending, content):
    with tempfile.TemporaryDirectory() as place:
        path = Path(place, f"file{ending}")
        path.write_bytes(content)
        skipped = Skipped()
        (file,) = files_of([path], skipped)
        documents = list(read_file(file, skipped))
        assert documents or skipped.problems or ending.startswith(".jsonl")
        for document in documents:
            assert document.text.strip()
            assert "\0" not in document.text
            for text in (document.id, document.title, document.text):
                text.encode()


@seeded(150)
@given(SOUP, st.integers(32, 64), st.integers(0, 15))
@pytest.mark.slow
def test_chunks_lose_nothing_and_keep_to_their_size(text, size, overlap):
    text = tidy(text)[0]

    def bare(part):
        return "".join(part.split())

    chunks = Chunker(size, overlap, list).split(text)
    assert all(len(chunk) <= size for chunk in chunks)
    assert not overlap or chunks or not text.strip()
    if not overlap:
        assert bare("".join(chunks)) == bare(text)


@seeded(150)
@given(SOUP)
def test_html_never_fails(text):
    page_of(text * 3).text.encode()


@seeded(100)
@given(st.lists(st.lists(st.sampled_from(["x", "x~2", "f:x", "y"]), max_size=6), max_size=4))
def test_row_ids_are_unique_and_can_be_given_back(files):
    ids, claimed = {"f"}, []
    for rows in files:
        mine = RowIds("f", ids)
        first = [mine.claim(own) for own in rows]
        mine.release()
        mine = RowIds("f", ids)
        assert [mine.claim(own) for own in rows] == first
        claimed += first
    assert len(set(claimed)) == len(claimed)


def test_a_tree_without_a_good_file_is_one_error(tmp_path, root):
    (tmp_path / "docs").mkdir()
    plant(tmp_path / "docs", [([], b"\xff", ".pdf", b"x"), ([b"\n"], b"a", ".jsonl", b"{")], [(b"l", "/")])
    with pytest.raises(CorpusError) as caught:
        corpus(tmp_path / "docs", root).ingest()
    assert r"\xff.pdf: broken PDF" in str(caught.value)
    assert r"\n/a.jsonl:1: not a JSON line" in str(caught.value)
