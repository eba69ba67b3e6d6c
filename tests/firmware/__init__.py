"""The programs that run on kits, on simulated boards and real interpreters."""
