"""The lab's kit for an ESP32 with MicroPython: runs `program.py` and takes a new one over Wi-Fi. See README.md"""

import _thread
from binascii import hexlify
from time import sleep_ms, ticks_diff, ticks_ms

import config
import flash
import homie
import network
from kit import STOPPED, Kit
from machine import unique_id
from runner import Runner
from updates import Updates


def settle(failure):
    """End the trial, once: True if the new program was taken back."""
    with lock:
        if settled:
            return False
        settled.append(True)
        if failure is None:
            updates.confirm()
            return False
        updates.take_back(*failure)
        return True


def try_out():
    """Watch a new program's first seconds, before anything else may go wrong."""
    begun = ticks_ms()
    while ticks_diff(ticks_ms(), begun) < config.TRIAL_MS and not settled:
        sleep_ms(20)
    settle(None)


def join_wifi():
    station = network.WLAN(network.STA_IF)
    station.active(True)
    if not station.isconnected():
        station.connect(config.WIFI_NAME, config.WIFI_PASSWORD)
    while not station.isconnected():
        sleep_ms(100)


def serve():
    if trial:
        try_out()
    join_wifi()
    Kit(device, config, updates, runner).serve()


device = "esp-" + hexlify(unique_id()[-4:]).decode()
homie.NAME[0] = config.NAME
homie.BLINKS[0] = getattr(config, "LED_PIN", None) is not None
updates = Updates()
trial = updates.is_trial()
stopped = flash.load(STOPPED)
flash.remove(STOPPED)
runner = Runner(wanted=not stopped)
lock, settled = _thread.allocate_lock(), []
print("lab kit", device)
_thread.stack_size(16 * 1024)
_thread.start_new_thread(serve, ())

while True:
    runner.wait()
    runner.run()
    if trial and settle(runner.failure):
        runner.wanted = True
