"""Learning from use: folding of feedback into states of learners, and off-policy evaluation."""
