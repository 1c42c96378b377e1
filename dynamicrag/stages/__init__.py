"""Floor 4: the six points of decision, one a file; no LangGraph here."""
