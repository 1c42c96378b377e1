"""Our own retrievals on questions whose needed passages are known."""

import asyncio
import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dynamicrag.errors import InputError
from dynamicrag.features.lexical import lexical
from dynamicrag.features.retrieval import retrieval
from dynamicrag.retrieval import RETRIEVERS, Corpus, RetrievalContext
from dynamicrag.retrieval.embedder import Embedder
from dynamicrag.types import Passage

SETS = ("hotpotqa", "2wikimultihopqa")
"""Question sets with licences that allow a derived artefact (s-nlp/AdaRAGUE, MIT)."""
OPTIONS: Mapping[str, object] = {
    "lexical": "bm25",
    "dense": "chroma",
    "hybrid": {"rrf": {"of": ["lexical", "dense"]}},
    "linked": {"linked": {"of": "hybrid"}},
}
DEPTH = 30


@dataclass(frozen=True, slots=True)
class Searched:
    """A question and its retrievals.

    Attributes:
        set: Name of its set.
        id: Id of the question.
        text: The question.
        answers: Its answers.
        needed: Documents that the answer needs; any one of them alone is not enough.
        coverage: How well the corpus covers its words.
        passages: The passages of each option of :data:`OPTIONS`, best first.
    """

    set: str
    id: str
    text: str
    answers: tuple[str, ...]
    needed: frozenset[str]
    coverage: Mapping[str, float]
    passages: Mapping[str, Sequence[Passage]]

    def signals(self, option: str) -> dict[str, float]:
        """Return the features known after the retrieval of an option."""
        links = {"links": 1.0} if option == "linked" else {}
        return {**lexical(self.text), **self.coverage, **retrieval(self.text, self.passages[option]), **links}

    def held(self, passages: Sequence[Passage]) -> bool:
        """Return whether some passages have all that is needed."""
        return {passage["document"] for passage in passages} >= self.needed


def search_set(folder: Path, name: str, embedder: Embedder, root: Path) -> list[Searched]:
    """Search for every question of a set.

    Args:
        folder: Folder with the sets, ``NAME_questions.jsonl.gz`` and ``NAME_corpus.jsonl.gz``.
        name: Name of the set.
        embedder: The embedding model.
        root: Folder to keep the indexes in.

    Raises:
        InputError: A file is missing.
    """
    corpus_file, question_file = (folder / f"{name}_{part}.jsonl.gz" for part in ("corpus", "questions"))
    for path in (corpus_file, question_file):
        if not path.is_file():
            raise InputError(f"{path}: this file is missing; --data is the folder of the public data")
    corpus = Corpus("docs", [corpus_file], embedder=embedder, root=root)
    built = {option: RETRIEVERS.build(spec, option) for option, spec in OPTIONS.items()}
    for option, retriever in built.items():
        retriever.bind(RetrievalContext({"docs": corpus}, "docs", built, option))

    async def found(text: str) -> dict[str, Sequence[Passage]]:
        return {option: (await each.retrieve(text, DEPTH)).passages for option, each in built.items()}

    async def all_found() -> list[Searched]:
        with gzip.open(question_file, "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        return [
            Searched(
                name,
                row["query_id"],
                row["question"],
                tuple(row.get("answers", ())),
                frozenset(row["gold"]),
                corpus.coverage(row["question"]),
                await found(row["question"]),
            )
            for row in rows
        ]

    return asyncio.run(all_found())


def alternate(searched: Sequence[Searched], *, odd: bool) -> list[Searched]:
    """Return every other question: the odd ones to learn from, the even ones to judge on."""
    return [each for place, each in enumerate(searched) if place % 2 == int(odd)]
