"""One line of a file of JSON lines."""

import json
from typing import Any

from dynamicrag.errors import InputError


def parse_line(line: str, where: str, expected: str) -> dict[str, Any]:
    """Return the mapping that a line holds.

    Args:
        line: The line.
        where: File and number of the line, for messages.
        expected: What it is to hold, for messages.

    Raises:
        InputError: It holds something else.
    """
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: not a JSON object ({error}); expected {expected}") from None
    if not isinstance(record, dict):
        raise InputError(f"{where}: expected {expected}, got {type(record).__name__}")
    return record
