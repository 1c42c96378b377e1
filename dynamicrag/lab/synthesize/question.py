"""A synthetic question, and the file of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from dynamicrag.lab.json_lines import as_json
from dynamicrag.records import Passage


@dataclass(frozen=True, slots=True, eq=False)
class SyntheticQuestion:
    """A question with its answers.

    Attributes:
        question: The question.
        type: ``single``, ``multi``, ``unanswerable``, or a type that needs no documents, as ``greeting``.
        answers: The right answers; empty if there is none.
        passages: The passages that it was made from.
    """

    question: str
    type: str
    answers: tuple[str, ...] = ()
    passages: tuple[Passage, ...] = ()


def to_lines(questions: Sequence[SyntheticQuestion]) -> str:
    """Return a file of questions for ``record`` and ``eval``, with the chunks that each was made from."""
    lines = []
    for number, one in enumerate(questions, 1):
        gold = [] if one.type == "unanswerable" else [passage["document"] for passage in one.passages]
        record = {
            "query_id": f"s{number:03}", "question": one.question, "answers": list(one.answers),
            "gold": list(dict.fromkeys(gold)), "type": one.type,
            "made_from": [passage["id"] for passage in one.passages],
        }  # fmt: skip
        lines.append(as_json(record) + "\n")
    return "".join(lines)
