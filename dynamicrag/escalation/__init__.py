"""Floor 2: whether to accept a draft, try another option, or abstain. Arrays only."""
