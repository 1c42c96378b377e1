"""Compares a policy with the logged one, on logged queries: estimates, refusals, and the verdict for CI."""
