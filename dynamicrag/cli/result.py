"""The console of a command with a result: words for people, and JSON for machines."""

from pathlib import Path
from typing import Any

from dynamicrag.cli.console import PlainConsole
from dynamicrag.cli.output import check_target, write_json, write_text
from dynamicrag.lab.view.html import to_html
from dynamicrag.lab.view.page import Page, Table
from dynamicrag.lab.view.terminal import print_page, print_table


class Output(PlainConsole):
    """The console of a command that gives its result as JSON, too.

    With ``--json -``, standard output is for JSON alone: messages go to standard error, and the result is not
    shown in words.

    Args:
        json: Value of ``--json``.

    Raises:
        InputError: The file cannot be written.
    """

    def __init__(self, json: str | None) -> None:
        check_target(json)
        super().__init__(stderr=json == "-")
        self._json = json

    @property
    def in_words(self) -> bool:
        """Whether the result is shown to people."""
        return self._json != "-"

    def give(self, data: Any, shown: Page | Table | None = None, html: Path | None = None) -> None:
        """Give a result: as a file of HTML, as JSON, and in words.

        Args:
            data: The result as plain data.
            shown: The result in words.
            html: The file of the page.
        """
        if html is not None and isinstance(shown, Page):
            write_text(html, to_html(shown))
        write_json(self._json, data)
        if not self.in_words:
            return
        if isinstance(shown, Page):
            print_page(self, shown)
        elif shown is not None:
            print_table(self, shown)
