"""What differs from kit to kit. Edit this file; leave the others."""

WIFI_NAME = "robotics-room"
WIFI_PASSWORD = ""  # nosec: an example

BROKER = "192.168.1.10"
BROKER_PORT = 1883
DEVICE_PASSWORD = ""  # from `lab broker-users`

NAME = "Wi-Fi kit"
LED_PIN = 2  # blinks when the lab is asked which kit this is; None on a board without a light
TRIAL_MS = 3000  # how long a new program must run before the old one is given up
