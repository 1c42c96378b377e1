"""Documents, through the public ingest."""

from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from dynamicrag.retrieval import LocalEmbedder
from dynamicrag.retrieval.corpus import Corpus
from tests.fuzz.target import Target
from tests.fuzz.values import damaged

MARKDOWN = (
    b"---\ntitle: A\n---\n# Bridge\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n"
    b"```python\nx = 1\n```\n\nIt is blue.\n"
)
HTML = (
    b"<html><head><title>A</title></head><body><table><tr><td>1</td></tr></table>"
    b"<pre> x\n  y</pre><p>It is blue.</body>"
)
JSONL = b'{"id": "a", "title": "A", "text": "It is blue."}\n{"id": "b", "text": "It is red."}\n'
PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj "
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF"
)
_REPEATED = [
    "<div>", "<b><i>", "<!--", "[", "**", "> ", "- ", "```\n", "|a", "<a href='", "&amp;", "# x\n",
    "\u00ad", "\u0301", "=\n", "$$",
    "<table><tr><td>", "\x0c", "\r", "A" * 50,
]  # fmt: skip
_NAMES = [
    "a.md",
    "a.txt",
    "a.html",
    "a.jsonl",
    "a.pdf",
    "a.rst",
    "a",
    "a.md.gz",
    "é.md",
]


class _Words(LocalEmbedder):
    """Counts words, so that no model is needed."""

    def tokenize(self, text: str) -> list[int]:
        return [1] * len(text.split())


def _no_model() -> Any:
    raise AssertionError("nothing is embedded here")


def _read(made: tuple[str, bytes, str, bytes], folder: Path) -> object:
    documents = folder / "documents"
    documents.mkdir()
    (documents / made[0]).write_bytes(made[1])
    (documents / f"other-{made[2]}").write_bytes(made[3])
    corpus = Corpus(
        "documents",
        [documents],
        embedder=_Words(_no_model, name="words"),
        root=folder / "cache",
        chunk_size=64,
        chunk_overlap=8,
    )
    try:
        corpus.ensure(dense=False)
        return list(corpus.everything())
    finally:
        corpus.close()


_CONTENT = st.one_of(
    st.sampled_from([MARKDOWN, HTML, JSONL, PDF]),
    st.sampled_from([MARKDOWN, HTML, JSONL, PDF]).flatmap(damaged),
    st.sampled_from(_REPEATED).map(lambda text: (text * (20_000 // len(text))).encode()),
    st.binary(max_size=200),
    st.text(max_size=200).map(lambda text: text.encode("utf-16")),
)
DOCUMENTS = Target(
    "documents",
    st.tuples(st.sampled_from(_NAMES), _CONTENT, st.sampled_from(_NAMES), _CONTENT),
    _read,
)
