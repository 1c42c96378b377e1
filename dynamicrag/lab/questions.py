"""Question files: JSON lines (``.jsonl``, ``.jsonl.gz``), or plain text with one question per line."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dynamicrag.errors import InputError
from dynamicrag.lab.json_lines import parse_line, read_lines

FORM = '{"query_id": "q1", "question": "...", "answers": ["..."]}'
ENDINGS = (".jsonl", ".jsonl.gz", ".txt")
_UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")


@dataclass(frozen=True, slots=True)
class Question:
    """A question and its answers.

    Attributes:
        id: Unique in its file.
        text: The question.
        answers: Gold answers, each of them right; empty if there is none or none is known.
        gold: Ids of the documents that have the answer.
        type: Kind of question, as ``multi`` or ``unanswerable``; ``""`` if not given.
        answerable: Whether the corpus has an answer; ``None`` if not given.
    """

    id: str
    text: str
    answers: tuple[str, ...] = ()
    gold: tuple[str, ...] = ()
    type: str = ""
    answerable: bool | None = None


def checked_text(text: str, where: str) -> str:
    """Return a question's text without surrounding blanks and control characters.

    Raises:
        InputError: It is empty, or longer than the graph accepts.
    """
    from dynamicrag.graph.conversation import MAX_QUESTION

    text = text.encode("utf-8", "replace").decode()  # a terminal's odd bytes arrive as lone surrogates
    text = _UNSEEN.sub("", text).strip()
    if not _INVISIBLE.sub("", text).strip():
        raise InputError(f"{where}: it is empty; ask something")
    if len(text) > MAX_QUESTION:
        raise InputError(
            f"{where}: {len(text):,} characters; at most {MAX_QUESTION:,}. Ingest long texts instead"
        )
    return text


def read_questions(path: Path) -> list[Question]:
    """Read a question file.

    In JSON lines, ``question`` may be called ``query``; ``answers`` may be one string; a missing
    ``query_id`` becomes ``q`` and the line's number. Unless ``answerable`` says otherwise, a question of type
    ``unanswerable`` is not answerable, and a question with ``gold`` is.

    Raises:
        InputError: The file or a line of it cannot be used, or an id occurs twice.
    """
    if not path.name.endswith(ENDINGS):
        raise InputError(f"{path}: cannot be read; valid endings: {', '.join(ENDINGS)}")
    questions: dict[str, Question] = {}
    for number, line in enumerate(read_lines(path), 1):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        if path.suffix == ".txt":
            question = Question(f"q{number}", checked_text(line, where))
        else:
            question = _question(line, where, f"q{number}")
        if question.id in questions:
            raise InputError(f"{where}: query_id {question.id!r} occurs twice; ids are unique in a file")
        questions[question.id] = question
    if not questions:
        raise InputError(f"{path}: holds no question; expected lines such as {FORM}")
    return list(questions.values())


def _question(line: str, where: str, default_id: str) -> Question:
    row = parse_line(line, where, FORM)
    text = row.get("question", row.get("query"))
    if not isinstance(text, str):
        raise InputError(f"{where}: 'question' is {'not a text' if text is not None else 'missing'}; {FORM}")
    name = row.get("query_id", default_id)
    if not isinstance(name, str | int) or isinstance(name, bool) or name == "":
        raise InputError(f"{where}: 'query_id' is {name!r}; expected a text or a whole number")
    kind = "" if row.get("type") is None else str(row["type"])
    gold = _texts(row, "gold", where)
    known = {"unanswerable": False}.get(kind, True if gold else None)
    answerable = row.get("answerable", known)
    if answerable is not None and not isinstance(answerable, bool):
        raise InputError(f"{where}: 'answerable' is {answerable!r}; expected true or false")
    return Question(
        id=str(name),
        text=checked_text(text, f"{where}: question"),
        answers=_texts(row, "answers", where),
        gold=gold,
        type=kind,
        answerable=answerable,
    )


def _texts(row: dict[str, Any], key: str, where: str) -> tuple[str, ...]:
    value = row.get(key)
    values = [] if value is None else [value] if isinstance(value, str | int | float) else value
    if not isinstance(values, list) or not all(isinstance(item, str | int | float) for item in values):
        raise InputError(f"{where}: {key!r} is {value!r}; expected a list of texts")
    return tuple(map(str, values))
