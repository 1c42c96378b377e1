"""Routers judged on an outcome table, beside the baselines that they have to beat. Arrays; no models."""
