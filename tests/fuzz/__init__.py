"""Whatever users hand in is read, or refused with an error that names the place: nothing else, and soon.

``python -m tests.fuzz`` runs longer, and prints how often each outcome was seen.
"""
