"""The panel beside an answer as HTML: its cost, its way through the stages, and its sources.

All text may come from users, documents or models, and is escaped here.
"""

import re
from collections.abc import Iterator, Sequence

from dynamicrag.lab.view.amounts import safe
from dynamicrag.serve.web.answer import Answer
from dynamicrag.serve.web.baseline import BASIS
from dynamicrag.serve.web.figures import CostLine, cost_lines
from dynamicrag.serve.web.otherwise import Otherwise
from dynamicrag.serve.web.prose import plain
from dynamicrag.serve.web.steps import OptionLine, Step, fixed, steps
from dynamicrag.serve.web.support import Piece, Supported, supported

__all__ = ["EMPTY", "basis", "other_weights", "panel"]

LONGEST = 400
_HEADING = re.compile(r"#{1,6} ")
EMPTY = (
    '<p class="dr-empty">Ask a question. Its way through the stages, its cost and its sources stand here.</p>'
)


def panel(answer: Answer | None) -> str:
    """Return the cost of an answer, and its way through the stages."""
    if answer is None:
        return EMPTY
    return f'<div class="dr-panel">{"".join([*_cost(answer), *_way(answer)])}</div>'


def basis(answer: Answer | None) -> str:
    """Return the basis of an answer: its sources, and the drafts besides it."""
    if answer is None or answer.state == "writing":
        return ""
    parts = [*_sources(answer), *_drafts(answer)]
    if answer.query_id:
        parts.append(f'<p class="dr-small">Query <code>{safe(answer.query_id)}</code></p>')
    return f'<div class="dr-panel">{"".join(parts)}</div>'


def other_weights(lines: Sequence[Otherwise]) -> str:
    """Return the choices at other weights as a list; the decisions that change stand out."""
    if not lines:
        return '<p class="dr-empty">No decision of this answer had estimates to weigh.</p>'
    changed = sum(line.differs for line in lines)
    said = (
        "Every stage would be decided as it was."
        if not changed
        else f"{changed} of {len(lines)} would differ."
    )
    rows = "".join(
        f"<li{_class('changed', line.differs)}><span>{safe(line.stage)}</span> "
        + (f"{safe(line.chosen)} → <b>{safe(line.option)}</b>" if line.differs else safe(line.option))
        + "</li>"
        for line in lines
    )
    return f'<p class="dr-small">{said}</p><ul class="dr-weights">{rows}</ul>'


def _cost(answer: Answer) -> Iterator[str]:
    lines = cost_lines(answer)
    if not lines:
        return
    about = f"Without routing: {BASIS}; expected by the same cost model." if answer.baseline else ""
    note = "" if answer.settled else " Provisional: the meter has not covered it yet."
    rows = "".join(map(_cost_row, lines))
    beside = '<th scope="col">Without routing (expected)</th>' if answer.baseline else ""
    yield (
        f'<section><h2>Cost</h2><table class="dr-cost"><thead><tr><td></td><th scope="col">This answer</th>'
        f"{beside}</tr></thead>"
        f'<tbody>{rows}</tbody></table><p class="dr-small">{safe(about, LONGEST)}{note}</p></section>'
    )


def _cost_row(line: CostLine) -> str:
    difference = (
        f"<small{_class('less', line.less)}>{safe(line.difference)}</small>" if line.difference else ""
    )
    basis = f"<small>{safe(line.basis)}</small>" if line.basis else ""
    beside = f"<td>{safe(line.expected)}{basis}</td>" if line.expected else ""
    return (
        f'<tr><th scope="row">{safe(line.title)}</th>'
        f"<td>{safe(line.value)}<small>{safe(line.kind)}</small>{difference}</td>{beside}</tr>"
    )


def _way(answer: Answer) -> Iterator[str]:
    found = steps(answer.decisions)
    if not answer.decisions:
        return
    body = "".join(map(_step, found))
    alone = ", ".join(f"{stage} {option}" for stage, option in fixed(answer.decisions).items())
    rest = f'<p class="dr-small">Without a choice: {safe(alone, LONGEST)}</p>' if alone else ""
    ups = "".join(
        f"<li>{safe(each['stage'])} → {safe(each['option'])}: {safe(each['reason'], LONGEST)}</li>"
        for each in answer.escalations
    )
    stepped = f'<p class="dr-small">Steps back up</p><ul class="dr-ups">{ups}</ul>' if ups else ""
    head = (
        '<thead><tr><th scope="col">Option</th><th scope="col">Estimate</th>'
        '<th scope="col">Expected</th></tr></thead>'
    )
    table = f'<table class="dr-way">{head}{body}</table>' if found else ""
    yield f"<section><h2>The way it took</h2>{table}{stepped}{rest}</section>"


def _step(step: Step) -> str:
    binding = f" Limit: {step.binding}." if step.binding else ""
    reason = (step.reason if step.reason != step.router else "") + binding
    again = " again" if step.again else ""
    changes = "".join(f"<li>{safe(line, LONGEST)}</li>" for line in step.changes)
    plan = f'<div class="dr-plan">Plan changed on evidence<ul>{changes}</ul></div>' if changes else ""
    why = f'<span class="dr-why">{safe(reason, LONGEST)}</span>' if reason else ""
    return (
        f'<tbody><tr><th colspan="3" scope="rowgroup">{plan}'
        f'<span class="dr-stage">{safe(step.stage)}{again}</span> '
        f'<b>{safe(step.chosen)}</b> <span class="dr-router">by {safe(step.router)}</span>{why}</th></tr>'
        f"{''.join(map(_option, step.options))}</tbody>"
    )


def _option(line: OptionLine) -> str:
    style = "chosen" if line.chosen else "" if line.open else "closed"
    mark = '<span class="dr-mark" aria-hidden="true">●</span><span class="dr-hidden">chosen: </span>'
    name = f"{mark if line.chosen else ''}{safe(line.name)}"
    closed = "" if line.open else ' <span class="dr-hidden">(closed)</span>'
    return (
        f"<tr{_class(style, bool(style))}><td>{name}{closed}</td><td>{safe(line.estimate)}</td>"
        f"<td>{' · '.join(f'<span>{safe(part)}</span>' for part in line.costs) or '–'}</td></tr>"
    )


def _sources(answer: Answer) -> Iterator[str]:
    if not answer.passages or answer.state != "done" or answer.abstained:
        return
    found = supported(answer.question, answer.text, answer.passages)
    first = next((index for index, each in enumerate(found) if each.used), 0)
    items = "".join(_source(each, index == first) for index, each in enumerate(found))
    outside = (
        '<p class="dr-note">The documents do not cover this question: the answer is the model’s own.</p>'
        if answer.outside
        else ""
    )
    marked = '<p class="dr-small">Marked: sentences that share the words of the answer.</p>'
    yield f"<section><h2>Sources</h2>{outside}{marked}{items}</section>"


def _source(source: Supported, is_open: bool) -> str:
    text = " ".join(_piece(piece, source.title) for piece in source.pieces)
    used = "used" if source.used else "shown to the model"
    title = safe(source.title or source.id, 120)
    return (
        f"<details{' open' if is_open else ''}><summary>{title} <small>{used}</small></summary>"
        f'<div class="dr-text">{text}</div><p class="dr-small" dir="ltr">{safe(source.id, 200)}</p></details>'
    )


def _piece(piece: Piece, title: str) -> str:
    heading = _HEADING.match(piece.text)
    text = piece.text[heading.end() :] if heading else piece.text
    if heading and not text.endswith("."):
        return f"<b>{plain(text)}</b>"
    if heading:  # a passage cut to its best sentences has them on one line
        text = text.removeprefix(f"{title} ")
    return f"<mark>{plain(text)}</mark>" if piece.used else plain(text)


def _drafts(answer: Answer) -> Iterator[str]:
    other = answer.other
    gone = "".join(
        f"<details><summary>Withdrawn draft <small>{safe(each.reason, 160)}</small></summary>"
        f"<p>{plain(each.text)}</p></details>"
        for each in answer.withdrawn
        if other is None or each.text != other.text
    )
    compared = (
        f"<details><summary>The other draft <small>{safe(other.stage)}: {safe(other.option)} instead of "
        f"{safe(other.against)}</small></summary><p>{plain(other.text)}</p></details>"
        if other
        else ""
    )
    if gone or compared:
        yield f"<section><h2>Drafts</h2>{compared}{gone}</section>"


def _class(name: str, given: bool) -> str:
    return f' class="{name}"' if given else ""
