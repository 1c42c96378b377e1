"""The frame of every page: no script, no network, no font to load; readable on a phone and a desk."""

from datetime import UTC, datetime
from importlib.resources import files


def document(
    *,
    name: str,
    command: str,
    header: str,
    body: str,
    absent: str,
    now: datetime | None = None,
    style: str = "",
) -> str:
    """Return an HTML document, whose content security policy forbids whatever is not of the page itself.

    Args:
        name: What the page is, for its title.
        command: The command that made it.
        header: Markup of its head line.
        body: Markup of its sections.
        absent: What is not in the file, in words.
        now: When it is made.
        style: CSS beside that of all pages.
    """
    shared = files("dynamicrag.lab.report").joinpath("report.css").read_text("utf-8")
    made = (now or datetime.now(UTC)).astimezone(UTC)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">'
        f"<title>DynamicRAG {name}, {made:%Y-%m-%d}</title><style>{shared}{style}</style></head><body>"
        f"{header}<main>{body}</main>"
        f"<footer>Made by <code>{command}</code> on {made:%Y-%m-%d at %H:%M} UTC. {absent}</footer>"
        "</body></html>\n"
    )
