"""Floor 4: routers pick one of a stage's options from the stage's context."""
