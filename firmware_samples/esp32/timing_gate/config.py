"""What differs from gate to gate. Edit this file; leave the others."""

WIFI_NAME = "robotics-room"
WIFI_PASSWORD = ""  # nosec: an example

BROKER = "192.168.1.10"
BROKER_PORT = 1883
DEVICE_PASSWORD = ""  # from `lab broker-users`

LANE_PINS = {1: 4, 2: 5}  # lane: GPIO of the beam's receiver, HIGH when clear
