"""Learns the shipped prior from public outcome tables, and judges it out of fold."""
