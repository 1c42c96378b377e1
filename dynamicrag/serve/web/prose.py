"""Untrusted text as safe HTML: Markdown without raw HTML, pictures, and links that run code.

A picture in an answer would make the browser ask its host, and so send it all that the address holds.
"""

from functools import cache
from html import escape
from typing import Any

from dynamicrag.lab.view.amounts import cut

__all__ = ["plain", "prose"]

LONGEST = 40_000
"""Largest number of characters shown."""
BLOCKS = tuple(
    f"{each}_open" for each in ("paragraph", "heading", "bullet_list", "ordered_list", "table", "blockquote")
)
"""Tokens with a direction of their own; the items of a list and the columns of a table follow it."""


def prose(text: str) -> str:
    """Return an answer in Markdown as HTML; each block reads in the direction of its own script."""
    markdown = _markdown()
    tokens = markdown.parse(_visible(text))
    for token in tokens:
        # a direction further in would hide its text from the one around it
        if token.type in BLOCKS and not token.level:
            token.attrSet("dir", "auto")
    rendered: str = markdown.renderer.render(tokens, markdown.options, {})
    return rendered


def plain(text: str) -> str:
    """Return a text as HTML, with its line breaks."""
    return escape(_visible(text), quote=True).replace("\n", "<br>")


def _visible(text: str) -> str:
    """Return a text without control characters and characters that change the reading direction."""
    return "\n".join(cut(line, LONGEST) for line in text[:LONGEST].replace("\t", "    ").splitlines())


@cache
def _markdown() -> Any:
    from markdown_it import MarkdownIt

    made = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable("table").disable("image")
    made.add_render_rule("link_open", _link)
    return made


def _link(renderer: Any, tokens: Any, index: int, options: Any, _env: Any) -> str:
    tokens[index].attrSet("rel", "noopener noreferrer nofollow")
    tokens[index].attrSet("target", "_blank")
    rendered: str = renderer.renderToken(tokens, index, options, _env)
    return rendered
