"""Real peers of the tests."""
