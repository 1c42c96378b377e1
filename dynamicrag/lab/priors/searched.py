"""Our own retrievals on questions whose needed passages are known."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dynamicrag.errors import InputError
from dynamicrag.features.lexical import lexical
from dynamicrag.features.retrieval import retrieval
from dynamicrag.lab.json_lines import parse_line, read_lines
from dynamicrag.lab.priors.sources import QUESTION_SETS
from dynamicrag.records import Passage
from dynamicrag.retrieval import RETRIEVERS, Corpus, RetrievalContext

OPTIONS: Mapping[str, object] = {
    "lexical": "bm25",
    "dense": "chroma",
    "hybrid": {"rrf": {"of": ["lexical", "dense"]}},
    "linked": {"linked": {"of": "hybrid"}},
}
FINDS: Mapping[str, Sequence[str]] = {
    "lexical": ("words",),
    "dense": ("meaning",),
    "hybrid": ("meaning", "words"),
    "linked": ("links", "meaning", "words"),
}
"""The ways in which each option searches."""
DEPTH = 30


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and the documents that its answer needs; any one of them alone is not enough."""

    id: str
    text: str
    answers: tuple[str, ...]
    needed: frozenset[str]


@dataclass(frozen=True, slots=True)
class Searched(Asked):
    """A question and its retrievals.

    Attributes:
        set: Name of its set.
        coverage: Features of its words in the corpus.
        passages: The passages of each option of :data:`OPTIONS`, best first.
    """

    set: str
    coverage: Mapping[str, float]
    passages: Mapping[str, Sequence[Passage]]

    def signals(self, option: str) -> dict[str, float]:
        """Return the features known after the retrieval of an option."""
        links = {"links": 1.0} if option == "linked" else {}
        return {**lexical(self.text), **self.coverage, **retrieval(self.text, self.passages[option]), **links}

    def held(self, passages: Sequence[Passage]) -> bool:
        """Return whether some passages have all that is needed."""
        return {passage["document"] for passage in passages} >= self.needed


def corpus_of(folder: Path, name: str) -> Path:
    """Return the file with the documents of a public set."""
    return folder / f"{name}_corpus.jsonl.gz"


def read_set(folder: Path, name: str) -> list[Asked]:
    """Read the questions of a public set, ``NAME_questions.jsonl.gz``.

    Raises:
        InputError: The file, or that of the documents, is missing or damaged.
    """
    source = QUESTION_SETS[name]
    path = folder / source.file
    for needed in (path, corpus_of(folder, name)):
        if not needed.is_file():
            raise InputError(
                f"{needed}: this file is missing; --data is the folder of the public tables and question "
                f"sets, and {needed.name} is made from {source.origin} ({source.licence})"
            )
    rows = [parse_line(line, str(path), "a question") for line in read_lines(path)]
    return [
        Asked(row["query_id"], row["question"], tuple(row.get("answers", ())), frozenset(row["gold"]))
        for row in rows
    ]


def search(name: str, questions: Sequence[Asked], corpus: Corpus) -> list[Searched]:
    """Search a corpus for every question by every option.

    Args:
        name: Name of the set.
        questions: The questions.
        corpus: The corpus.
    """
    built = {option: RETRIEVERS.build(spec, option) for option, spec in OPTIONS.items()}
    for option, retriever in built.items():
        retriever.bind(RetrievalContext({corpus.name: corpus}, corpus.name, built, option))

    async def found(text: str) -> dict[str, Sequence[Passage]]:
        return {option: (await each.retrieve(text, DEPTH)).passages for option, each in built.items()}

    async def all_found() -> list[Searched]:
        return [
            Searched(
                each.id, each.text, each.answers, each.needed, name,
                coverage=corpus.coverage(each.text), passages=await found(each.text),
            )
            for each in questions
        ]  # fmt: skip

    return asyncio.run(all_found())
