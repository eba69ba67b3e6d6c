"""Timing gate for an ESP32 with MicroPython. Settings: config.py. Wiring and meaning: README.md"""

import _thread
from time import sleep_ms

import config
import network
from gate import Gate
from identity import count_boot, device_id


def join_wifi():
    station = network.WLAN(network.STA_IF)
    station.active(True)
    if not station.isconnected():
        station.connect(config.WIFI_NAME, config.WIFI_PASSWORD)
    while not station.isconnected():
        sleep_ms(100)


def serve(gate):
    join_wifi()
    gate.serve()


gate = Gate(device_id(), count_boot(), config)
print("timing gate", gate.device, "boot", gate.boot)
_thread.stack_size(16 * 1024)
_thread.start_new_thread(serve, (gate,))

# Pin interrupts run between two instructions of this thread, so it must never wait for the network.
while True:
    gate.watch()
    sleep_ms(1)
