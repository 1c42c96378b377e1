"""Floor 5: one traversal of the topology, and what carries it out."""
