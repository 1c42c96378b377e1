"""Floor 3: converts text and signals to named numbers."""
