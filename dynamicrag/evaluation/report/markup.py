"""The few elements of HTML that the report is made of. What they are given is markup already."""

from collections.abc import Sequence

Cells = Sequence[str]


def document(title: str, style: str, body: str) -> str:
    """Return a document that runs no script and asks no network."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">'
        f"<title>{title}</title><style>{style}</style></head><body>{body}</body></html>\n"
    )


def key(shade: str) -> str:
    """Return a square in the colour of a series."""
    return f'<i class="c {shade}"></i>'


def legend(series: Sequence[tuple[str, str]]) -> str:
    """Return what the colours mean, by the class of the series."""
    return f'<ul class="legend">{"".join(f"<li>{key(shade)}{text}</li>" for shade, text in series)}</ul>'


def card(body: str, title: str = "", about: str = "") -> str:
    """Return a framed part, with its title."""
    more = f" <span>· {about}</span>" if about else ""
    return f'<div class="card">{f"<h3>{title}{more}</h3>" if title else ""}{body}</div>'


def cell(text: str, kind: str = "") -> str:
    """Return a cell of a table."""
    return f'<td class="{kind}">{text}</td>' if kind else f"<td>{text}</td>"


def head(text: str, title: str = "") -> str:
    """Return the head of a row."""
    return f'<th scope="row" title="{title}">{text}</th>' if title else f'<th scope="row">{text}</th>'


def table(header: Sequence[str], rows: Sequence[Cells], foot: Cells = (), *, wide: bool = False) -> str:
    """Return a table that scrolls sideways where it has no room.

    Args:
        header: Names of the columns.
        rows: Cells, each an element.
        foot: Cells of the last row, which sums up.
        wide: Whether the first column stays in sight.
    """
    names = "".join(f'<th scope="col">{name}</th>' for name in header)
    body = "".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    last = f"<tfoot><tr>{''.join(foot)}</tr></tfoot>" if foot else ""
    frame = f'class="{"scroll wide" if wide else "scroll"}" role="region" aria-label="table" tabindex="0"'
    return f"<div {frame}><table><thead><tr>{names}</tr></thead><tbody>{body}</tbody>{last}</table></div>"


def section(title: str, about: str, body: str) -> str:
    """Return a section with what it shows in a sentence."""
    return f"<section><h2>{title}</h2><p>{about}</p>{body}</section>"
