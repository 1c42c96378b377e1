"""Replays of outcome tables as streams: how learners do on questions that come one at a time."""
