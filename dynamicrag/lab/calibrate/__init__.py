"""A policy learnt from recorded paths, set to a target, and proved on questions it has not seen."""
