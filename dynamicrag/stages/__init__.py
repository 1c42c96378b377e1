"""Floor 4: the six decision points, one per file; no LangGraph here."""
