"""Floor 6: the LangGraph glue. It knows the order of the stages, but not their work."""
