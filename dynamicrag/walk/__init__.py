"""Floor 5: one traversal of the topology, and its executors."""
