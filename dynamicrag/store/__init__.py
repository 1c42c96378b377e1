"""The run store: finished queries with their decisions, feedback, and states of learners."""
