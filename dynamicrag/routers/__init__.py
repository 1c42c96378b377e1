"""Floor 4: routers choose one of a stage's options from the stage's context."""
