"""Floor 6: the LangGraph glue. It knows the order of the stages, and nothing of what they do."""
