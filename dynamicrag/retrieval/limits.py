"""Limits of reading, so that no file takes unreasonable time or memory."""

MOST_BYTES = 50_000_000
"""Largest text, Markdown or HTML file in bytes."""
MOST_PDF_BYTES = 500_000_000
"""Largest PDF file in bytes."""
MOST_PAGES = 10_000
"""Number of pages read from a PDF file."""
MOST_CHARACTERS = 50_000_000
"""Longest text of a PDF file in characters."""
MOST_LINE = 10_000_000
"""Longest JSON line in bytes."""
EXPANSION, EXPANSION_FROM = 200, 100_000_000
"""A compressed file may expand by this factor, or to this number of bytes in any case."""
MOST_NAMED = 20
"""Number of bad lines named per file; the others are only counted."""
MOST_DEPTH = 1_000
"""Deepest nesting of HTML elements; deeper ones are read as top-level elements."""
MOST_TABLES = 8
"""Deepest nesting of HTML tables; deeper ones are read as plain text."""
MOST_COLUMNS, MOST_ROWS = 50, 100
"""Largest column and row span of a table cell."""
LONGEST_RUN = 1_000
"""Shortest run of letters and digits that counts as data (base64, keys) and is left out of the text."""
