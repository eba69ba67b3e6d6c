"""Championships: the append-only log, what is folded from it, and the gates' passages that feed it."""
