"""Changes in a stream, one file each."""
