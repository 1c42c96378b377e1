"""A process that writes to the decision log, and prints what was acknowledged."""

import sys
from pathlib import Path

from dynamicrag.store.database import Database
from dynamicrag.store.log import Log
from dynamicrag.store.logged import Feedback

from .made import query


def main(where: str, mode: str, first: int, count: int) -> None:
    """Write feedback on the queries that are there, or queries with feedback, until killed."""
    log = Log(Database(where if "://" in where else Path(where)))
    for number in range(first, first + count):
        if mode == "queries":
            log.add(query(number))
            sys.stdout.write(f"query {number}\n")
            sys.stdout.flush()
        log.feedback(Feedback(f"q{number}", "thumb", "user", 0.0, 1.0))
        sys.stdout.write(f"feedback {number}\n")
        sys.stdout.flush()
