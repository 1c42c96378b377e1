"""What may happen in a stream, one file each."""
