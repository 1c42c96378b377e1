"""The few elements of HTML that the report is made of. What they are given is markup already."""

from collections.abc import Mapping, Sequence

Cells = Sequence[str]
Tiles = Sequence[tuple[str, str, str]]
"""A word, the figure, and what it rests on."""


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


def banner(kicker: str, title: str, lede: str, tiles: Tiles, notes: Sequence[str]) -> str:
    """Return the head of a page: what was looked at, the finding, what it rests on, and the main figures."""
    cells = "".join(f"<div><dt>{t}</dt><dd>{value}</dd><dd>{about}</dd></div>" for t, value, about in tiles)
    listed = "".join(f"<li>{note}</li>" for note in notes)
    return (
        f'<header><p class="kicker">DynamicRAG · {kicker}</p><h1>{title}</h1><p class="lede">{lede}</p>'
        f'<dl class="tiles">{cells}</dl>{f"<ul class=notes>{listed}</ul>" if notes else ""}</header>'
    )


def glossary(words: Mapping[str, str]) -> str:
    """Return what words mean."""
    terms = "".join(f"<dt>{word}</dt><dd>{text}</dd>" for word, text in words.items())
    return f'<dl class="terms">{terms}</dl>'
