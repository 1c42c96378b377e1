"""Reads the data of the parts around the generator, and searches for their questions."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dynamicrag.lab.json_lines import parse_line, read_lines
from dynamicrag.lab.outcomes.file import read_table
from dynamicrag.lab.outcomes.table import OutcomeTable
from dynamicrag.lab.priors.searched import SETS, Asked, Searched, read_set, search
from dynamicrag.retrieval import Corpus
from dynamicrag.retrieval.embedder import Embedder


@dataclass(frozen=True, slots=True)
class Food:
    """The data of the parts.

    Attributes:
        searched: Our retrievals on questions whose needed passages are known.
        paraphrased: The same on questions in other words than the documents, and in the documents' words.
        recorded: Our recordings of whole paths.
        hops: Questions whose group tells whether they need several passages (``adaptive_rag``).
        prompting: Outcomes of ``direct`` and ``cot`` (``bbh_prompting``).
    """

    searched: Sequence[Searched]
    paraphrased: Sequence[Searched]
    recorded: Sequence[OutcomeTable]
    hops: OutcomeTable
    prompting: OutcomeTable


@dataclass(frozen=True, slots=True)
class Places:
    """Folders of the data.

    Attributes:
        public: Folder with ``qa`` (question sets) and ``outcomes`` (tables).
        project: Folder of this project, with its sample corpus and its paraphrased questions.
        recordings: Files of our recordings.
        indexes: Folder to keep the indexes in.
    """

    public: Path
    project: Path
    recordings: Sequence[Path]
    indexes: Path


def read_food(places: Places, embedder: Embedder) -> Food:
    """Read all data, and search for every question; embedding the corpora takes minutes, once.

    Raises:
        InputError: A file is missing or damaged.
    """

    def corpus(*paths: Path) -> Corpus:
        return Corpus("docs", paths, embedder=embedder, root=places.indexes)

    searched: list[Searched] = []
    for name in SETS:
        content = corpus(places.public / "qa" / f"{name}_corpus.jsonl.gz")
        searched += search(name, read_set(places.public / "qa", name), content)
    sample = corpus(places.project / "examples" / "corpus")
    tables = places.public / "outcomes"
    return Food(
        searched=searched,
        paraphrased=search("sample", _sample_questions(places.project), sample),
        recorded=[read_table(path) for path in places.recordings],
        hops=read_table(tables / "adaptive_rag.jsonl.gz"),
        prompting=read_table(tables / "bbh_prompting.jsonl.gz"),
    )


def _sample_questions(project: Path) -> list[Asked]:
    """Return the sample corpus's questions, in the documents' words and in others."""
    asked = []
    plain, other = (
        project / "examples" / "questions.jsonl",
        project / "tests" / "answers" / "paraphrases.jsonl",
    )
    for path in (plain, other):
        for line in read_lines(path):
            row = parse_line(line, str(path), "a question")
            needed = frozenset(row["gold"] if "gold" in row else [row["document"]])
            if needed:
                asked.append(Asked(row.get("query_id") or row["id"], row["question"], (), needed))
    return asked
