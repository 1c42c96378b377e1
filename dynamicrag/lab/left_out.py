"""Parts of a published file that cannot be used: counted, named and left out."""

from collections.abc import Sequence

NAMED = 3


def left_out(file: str, names: Sequence[str], total: int, what: str, why: str) -> list[str]:
    """Return a note on the parts left out; none if there are none.

    Args:
        file: Its name.
        names: Names of the parts left out.
        total: Number of all parts, the named ones among them.
        what: Their kind, such as ``rows``.
        why: The reason, such as ``have no results``.
    """
    if not names:
        return []
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    first = ", ".join(names[:NAMED])
    return [f"{file}: {len(names):,} of {total:,} {what} {why}, and are left out: {first}{more}"]
