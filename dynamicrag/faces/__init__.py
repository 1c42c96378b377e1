"""Floor 8: our routing behind the interfaces of other libraries."""
