"""Everything near the hardware: protocols, transports, kits, timing and the room agent."""
