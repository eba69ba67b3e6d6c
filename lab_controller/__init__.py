"""The lab: people, equipment, championships, and the bus and store beneath them."""
