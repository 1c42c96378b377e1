"""The MkDocs hook: reference pages are generated from the code at every build, and never checked in."""

from collections.abc import Callable

import page_command_line
import page_errors
import page_names
import page_policy
import page_python
import page_state
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

PAGES: dict[str, Callable[[], str]] = {
    "reference/command-line.md": page_command_line.page,
    "reference/policy.md": page_policy.page,
    "reference/names.md": page_names.page,
    "reference/python.md": page_python.page,
    "reference/state-and-events.md": page_state.page,
    "reference/errors.md": page_errors.page,
}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages to those that are files."""
    for path, page in PAGES.items():
        files.append(File.generated(config, path, content=page()))
    return files
