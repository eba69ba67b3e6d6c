"""The kit's conversation with the lab, in the network thread."""

import json
import sys
import time

import flash
import lab
from blinker import Blinker
from link import Link
from machine import reset
from updates import MAX_BYTES, PART_BYTES, Updates

STOPPED = "stopped.json"
BATCH_MS = 200
AGAIN_MS = 10_000
ACCEPTS = {"kit": "lab-kit", "suffixes": [".py"], "max_bytes": MAX_BYTES, "slots": 0, "can_run": True}


class Kit:
    def __init__(self, device, config, updates, runner):
        self.updates, self.runner = updates, runner
        self.link = Link(device, config, self._on_ready)
        self.link.commands = Commands(updates)
        self._blinker = Blinker(getattr(config, "LED_PIN", None))
        self._told = {}
        self._batch_at = self._again_at = time.ticks_ms()

    def serve(self):
        self.link.run(self._work)

    def _work(self):
        while self.link.commands:
            self._obey(*self.link.commands.pop(0))
        while self.updates.words:
            self.link.tell("jobs/event", json.dumps(self.updates.words.pop(0)), retain=False)
        if self.updates.wants_restart:
            reset()
        self._tell_change("program/running", "true" if self.runner.running else "false")
        now = time.ticks_ms()
        self._blinker.tick(now)
        if time.ticks_diff(now, self._batch_at) >= BATCH_MS:
            self._batch_at = now
            self._tell_batches()
        if time.ticks_diff(now, self._again_at) >= AGAIN_MS:
            self._again_at = now
            self.updates.tick()
            self.updates.tell_again()

    def _on_ready(self):
        self._told = {}
        accepts = dict(ACCEPTS)
        accepts["part_bytes"] = PART_BYTES
        self._tell_change("program/accepts", json.dumps(accepts))
        self._tell_change("firmware/version", ".".join(str(part) for part in sys.implementation[1][:3]))
        self.updates.tell_again()

    def _tell_batches(self):
        batches = lab.take_batches()
        if batches:
            self.link.tell("telemetry/stream", json.dumps(batches), retain=False)
        text, skipped = lab.take_text()
        if text or skipped:
            told = {"us": lab.now_us(), "text": text, "skipped": skipped}
            self.link.tell("console/printed", json.dumps(told), retain=False)

    def _tell_change(self, name, value):
        if self._told.get(name) != value:
            self.link.tell(name, value)
            self._told[name] = value

    def _obey(self, name, payload):
        if name == "program/run":
            flash.remove(STOPPED)
            if self.runner.running:
                reset()
            self.runner.wanted = True
        elif name == "program/stop" and payload == b"true":
            if self.runner.running:
                # Nothing stops a thread but a restart, which also lets go of the motors.
                flash.save(STOPPED, True)
                reset()
        elif name == "board/reset" and payload == b"true":
            reset()
        elif name == "board/identify" and payload == b"true":
            self._blinker.start()


class Commands(list):
    """What waits for its turn; the parts of a program go straight into flash, as there is no room to keep them."""

    def __init__(self, updates):
        super().__init__()
        self._updates = updates

    def append(self, command):
        name, payload = command
        if not name.startswith("jobs/"):
            super().append(command)
            return
        try:
            self._updates.obey(name[5:], json.loads(payload))
        except (ValueError, KeyError, TypeError) as problem:
            print("not understood:", name, repr(problem))
