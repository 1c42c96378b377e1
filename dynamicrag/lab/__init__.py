"""Floor 7: questions, runs over them, scores and summaries."""
