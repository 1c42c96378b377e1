"""Shipped knowledge of the quality of options, before anything was recorded."""
