"""Floor 1: what a call costs, in money, seconds, joules and carbon, and how that is known."""
