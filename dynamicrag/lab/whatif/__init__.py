"""What another policy would have given on logged queries: estimates, refusals, and the verdict for CI."""
