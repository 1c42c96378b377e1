"""Floor 4: the loop over drafts: judge a draft, choose a move, make it."""
