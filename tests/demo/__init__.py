"""The demo plays through the same path as a real championship."""
