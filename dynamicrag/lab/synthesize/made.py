"""A question that was made, and where it comes from."""

from collections.abc import Sequence
from dataclasses import dataclass

from dynamicrag.lab.json_lines import as_json
from dynamicrag.types import Passage


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """A question with its answers.

    Attributes:
        question: The question.
        type: ``single``, ``multi``, ``unanswerable``, or what kind of thing it is that needs no documents.
        answers: Any of which is right; empty where there is none.
        passages: What it was made from.
    """

    question: str
    type: str
    answers: tuple[str, ...] = ()
    passages: tuple[Passage, ...] = ()


def lines_of(made: Sequence[Made]) -> str:
    """Return a file of questions as ``record`` and ``eval`` read it, with the chunks that each is from."""
    lines = []
    for number, one in enumerate(made, 1):
        gold = [] if one.type == "unanswerable" else [passage["document"] for passage in one.passages]
        record = {
            "query_id": f"s{number:03}",
            "question": one.question,
            "answers": list(one.answers),
            "gold": list(dict.fromkeys(gold)),
            "type": one.type,
            "made_from": [passage["id"] for passage in one.passages],
        }
        lines.append(as_json(record) + "\n")
    return "".join(lines)
