"""Outcome tables: what every option gave on every query, and cost; the food of all training."""
