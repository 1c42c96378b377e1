"""Floor 6: YAML to a validated policy, and to built objects; the place where names become objects."""
