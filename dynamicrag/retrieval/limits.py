"""Bounds on what is read, so that no file takes more time or memory than its size explains."""

MOST_BYTES = 50_000_000
"""Of a text, Markdown or HTML file."""
MOST_PDF_BYTES = 500_000_000
"""Of a PDF file."""
MOST_PAGES = 10_000
"""Pages of a PDF file that are read."""
MOST_CHARACTERS = 50_000_000
"""Of the text of a PDF file."""
MOST_LINE = 10_000_000
"""Bytes of a JSON line."""
EXPANSION, EXPANSION_FROM = 200, 100_000_000
"""A compressed file may grow to so many times its size, and to so many bytes in any case."""
MOST_NAMED = 20
"""Bad lines of one file that are named; the others are only counted."""
MOST_DEPTH = 1_000
"""Open HTML elements; deeper ones are read as if they stood at the top."""
MOST_TABLES = 8
"""HTML tables within each other; deeper ones are read as plain text."""
MOST_COLUMNS, MOST_ROWS = 50, 100
"""Columns and rows of a table over which cells can span."""
LONGEST_RUN = 1_000
"""Letters and digits in a row, from which they are data (base64, keys) and left out of the text."""
