"""Kits, gates and agents: what is there, how it is, and commands to it."""
