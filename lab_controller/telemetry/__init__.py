"""Readings of sensors, stored as fast as the bus brings them."""
