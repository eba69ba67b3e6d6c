"""A championship in progress on virtual gates: what `make run` shows."""
