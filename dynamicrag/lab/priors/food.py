"""Reads the data of the parts around the generator, and searches for their questions."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dynamicrag.errors import InputError
from dynamicrag.lab.json_lines import parse_line, read_lines
from dynamicrag.lab.outcomes.file import read_table
from dynamicrag.lab.outcomes.table import OutcomeTable
from dynamicrag.lab.priors.searched import Asked, Searched, corpus_of, read_set, search
from dynamicrag.lab.priors.sources import PROMPTING, QUESTION_SETS, STRATEGY_BY_QUESTION
from dynamicrag.lab.priors.tables import Progress, Tables
from dynamicrag.retrieval import Corpus
from dynamicrag.retrieval.embedder import Embedder

PROJECT = Path(__file__).parents[3]
"""Folder of this project, in a checkout."""
STEPS = 1_000
"""Chunks between two reports of progress while a corpus is embedded."""


@dataclass(frozen=True, slots=True)
class Food:
    """The data of the parts.

    Attributes:
        searched: Our retrievals on questions whose needed passages are known.
        paraphrased: The same on questions in other words than the documents, and in the documents' words.
        recorded: Our recordings of whole paths; none if one of them is missing.
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
    """Folders of the data, besides the public tables.

    Attributes:
        questions: Folder of the public question sets.
        project: Folder of this project, with its sample corpus and its paraphrased questions.
        recordings: Files of our recordings.
        indexes: Folder to keep the indexes in.
    """

    questions: Path
    project: Path
    recordings: Sequence[Path]
    indexes: Path


def read_food(places: Places, tables: Tables, embedder: Embedder) -> Food:
    """Read all data, and search for every question; embedding the corpora takes minutes, once.

    Raises:
        InputError: A public source or a file of the project is missing or damaged.
    """
    asked = {name: read_set(places.questions, name) for name in QUESTION_SETS}
    sample, recorded = sample_questions(places.project), _recorded(places.recordings, tables.progress)
    hops, prompting = tables.read(STRATEGY_BY_QUESTION), tables.read(PROMPTING)

    def found(name: str, path: Path, questions: Sequence[Asked]) -> list[Searched]:
        corpus = Corpus("docs", [path], embedder=embedder, root=places.indexes)

        def embedded(done: int, total: int, _: str) -> None:
            if done % STEPS == 0:
                tables.progress(f"index {name}: {done:,} of {total:,}")

        corpus.ensure(embedded)
        tables.progress(f"search {name}: {len(questions):,} questions")
        return search(name, questions, corpus)

    searched = [
        each
        for name, questions in asked.items()
        for each in found(name, corpus_of(places.questions, name), questions)
    ]
    paraphrased = found("sample", places.project / "examples" / "corpus", sample)
    return Food(searched, paraphrased, recorded, hops, prompting)


def _recorded(paths: Sequence[Path], progress: Progress) -> list[OutcomeTable]:
    """Return the recordings; none if one is missing, because fewer would teach something else."""
    missing = [str(path) for path in paths if not path.is_file()]
    if missing or not paths:
        lacking = f"{', '.join(missing)} missing" if missing else "none given (--recordings)"
        progress(f"recordings: {lacking}; the parts learnt from them stay as shipped")
        return []
    return [read_table(path) for path in paths]


def sample_questions(project: Path) -> list[Asked]:
    """Return the sample corpus's questions, in the documents' words and in others."""
    asked = []
    plain, other = (
        project / "examples" / "questions.jsonl",
        project / "tests" / "answers" / "paraphrases.jsonl",
    )
    for path in (plain, other):
        if not path.is_file():
            raise InputError(f"{path}: this file is missing; run the command from a checkout of the project")
        for line in read_lines(path):
            row = parse_line(line, str(path), "a question")
            needed = frozenset(row["gold"] if "gold" in row else [row["document"]])
            if needed:
                asked.append(Asked(row.get("query_id") or row["id"], row["question"], (), needed))
    return asked
