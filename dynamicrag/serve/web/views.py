"""The parts of the page that follow from a conversation: messages, ratings, and the list of answers."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from dynamicrag.cost.amounts import amount
from dynamicrag.lab.view.amounts import cut, safe
from dynamicrag.serve.web.answer import Answer
from dynamicrag.serve.web.chart import chart, session
from dynamicrag.serve.web.library import Outcome, Stored
from dynamicrag.serve.web.prose import plain, prose

__all__ = ["choices", "listed", "messages", "outcomes", "ratings", "session_chart"]

LONGEST_CHOICE = 60


def messages(answers: Sequence[Answer]) -> list[dict[str, Any]]:
    """Return the messages of a conversation: a question and an answer each."""
    found = []
    for answer in answers:
        found.append({"role": "user", "content": plain(answer.question)})
        found.append({"role": "assistant", "content": _body(answer)})
    return found


def ratings(answers: Sequence[Answer]) -> list[str | None]:
    """Return the stored rating of each answer, as the chat names it."""
    return [
        {1.0: "Like", 0.0: "Dislike"}.get(each.rating) if each.rating is not None else None
        for each in answers
    ]


def choices(answers: Sequence[Answer]) -> list[tuple[str, int]]:
    """Return the answers by number and question."""
    return [(f"{n} · {cut(each.question, LONGEST_CHOICE)}", n - 1) for n, each in enumerate(answers, 1)]


def session_chart(answers: Sequence[Answer]) -> str:
    """Return the chart of a conversation with its legend and its sums in words."""
    found = session(answers)
    drawn = chart(found)
    if not drawn:
        return '<p class="dr-empty">Each answer’s joules stand here, and their sum beside the baseline’s.</p>'
    spent, base = (values[-1] for values in found.sums)
    said = f"{amount('joules', spent)} so far; {amount('joules', base)} expected without routing."
    if found.compared < spent:  # stopped and failed answers have no baseline
        said = (
            f"{amount('joules', spent)} so far. Finished answers: {amount('joules', found.compared)}; "
            f"{amount('joules', base)} expected without routing."
        )
    legend = (
        '<ul class="dr-legend"><li class="bar">each answer</li><li class="own">sum</li>'
        '<li class="base">sum without routing, expected</li></ul>'
    )
    return f'{drawn}{legend}<p class="dr-small">{safe(said, 200)}</p>'


def listed(documents: Sequence[Stored]) -> str:
    """Return the uploaded documents as a table."""
    if not documents:
        return '<p class="dr-empty">No document is uploaded.</p>'
    rows = "".join(
        f'<tr><th scope="row">{safe(each.name, 130)}</th><td>{_size(each.size)}</td></tr>'
        for each in documents
    )
    head = '<thead><tr><th scope="col">Document</th><th scope="col">Size</th></tr></thead>'
    return f'<table class="dr-files">{head}<tbody>{rows}</tbody></table>'


def outcomes(found: Sequence[Outcome]) -> str:
    """Return the results of an upload or a removal: their number, the refused ones first, with reasons."""
    counts = Counter(each.done or "refused" for each in found)
    said = ", ".join(f"{counts[name]} {name}" for name in ("refused", "added", "updated") if counts[name])
    total = f'<p class="dr-small" role="status">{said}</p>' if len(found) > 1 else ""
    items = "".join(
        f'<li class="{"done" if each.done else "refused"}"><b>{safe(each.name, 130)}</b> '
        f"{safe(each.done or 'refused', 20)}{': ' + safe(each.reason, 400) if each.reason else ''}</li>"
        for each in sorted(found, key=lambda each: bool(each.done))
    )
    return f'{total}<ul class="dr-outcomes">{items}</ul>' if items else ""


def _body(answer: Answer) -> str:
    text = prose(answer.text)
    if answer.state == "writing":
        return text or f'<span class="dr-status">{_progress(answer)}</span>'
    if answer.state == "failed":
        return f'{text}<p class="dr-failed dr-unrated">{plain(answer.failure)}</p>'
    if answer.state == "asking":
        return f'{text}<p class="dr-status dr-unrated">{plain(answer.failure)}</p>'
    if answer.state == "stopped":
        why = f": {plain(answer.failure)}" if answer.failure else ""
        return f'{text}<p class="dr-status dr-unrated">Stopped{why}.</p>'
    note = "Not from the documents." if answer.outside and not answer.abstained else ""
    note = "No answer was given: the documents do not support one." if answer.abstained and not text else note
    return text + (f'<p class="dr-status">{note}</p>' if note else "")


def _progress(answer: Answer) -> str:
    if answer.withdrawn:
        return "A draft was withdrawn. Writing another …"
    if answer.decisions:
        last = answer.decisions[-1]
        return f"{safe(last['stage'])}: {safe(last['chosen'])} …"
    return "…"


def _size(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{max(1, round(size / 1e3))} kB"
