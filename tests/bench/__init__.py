"""Speed as ratios within one run, ``make bench``: one line a measure, ``name  value  goal  OK|SHORT``."""
