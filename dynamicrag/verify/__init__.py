"""Floor 3: verifiers of a draft, one per file."""
