"""Floor 1: the cost of a call in money, seconds, joules and carbon, with its provenance."""
