"""Floor 3: text and signals to named numbers."""
