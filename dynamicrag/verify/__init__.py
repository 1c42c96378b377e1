"""Floor 3: judges of a draft, one a file."""
