"""Floor 2: estimates of quality, and the selection that trades them against cost. Arrays only."""
