"""From the beam in the simulated board to the pixel in a real browser."""
