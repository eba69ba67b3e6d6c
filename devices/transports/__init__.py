"""Ways to reach a device: the only importers of pyserial and paho."""
