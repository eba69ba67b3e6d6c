"""What comes fast travels in batches: no sample is lost between two, and a flood stays small."""

import json
from typing import Any

from devices.agent.streams import BATCH_VALUES, KEYS_MAX, SAMPLES_MAX, TEXT_MAX, Streams
from devices.agent.twin import Twin
from devices.driver import Measured
from devices.protocols.plotter import Sample


class Bus:
    """Keeps what was said under each property."""

    def __init__(self) -> None:
        self.told: dict[str, list[Any]] = {}
        self.descriptions: list[Any] = []
        self.alerts: list[str] = []
        twin = Twin("uno-0badcafe", self._publish, lambda: True, kind="arduino-uno", nodes={})
        self.streams = Streams(twin)

    def _publish(self, topic: str, payload: str, *, retain: bool, qos: int = 1) -> None:
        name = topic.removeprefix("lab/5/uno-0badcafe/")
        if name == "$description":
            self.descriptions.append(json.loads(payload))
        elif name == "$alert/flood":
            self.alerts.append(json.loads(payload)["code"] if payload else "")
        elif not name.startswith("$"):
            self.told.setdefault(name, []).append(json.loads(payload))


def test_samples_of_one_moment_are_rows_of_their_own_also_in_two_batches():
    bus = Bus()
    for number in range(3 * BATCH_VALUES):
        bus.streams.add(Measured((Sample("light", "light", float(number), "lx"),), 5_000_000))
    bus.streams.tick(6_000_000)
    batches = [batch for message in bus.told["telemetry/stream"] for batch in message]
    assert {batch["unit"] for batch in batches} == {"lx"}
    assert [value for batch in batches for value in batch["values"]] == list(map(float, range(600)))
    times = [us for batch in batches for us in batch["us"]]
    assert times == sorted(set(times))


def test_a_flood_of_text_is_cut_and_says_how_much():
    bus = Bus()
    for _ in range(5):
        bus.streams.print("x" * TEXT_MAX, 1_000)
    bus.streams.tick(2_000_000)
    told = bus.told["console/printed"]
    assert sum(len(each["text"]) + each["skipped"] for each in told) == 5 * TEXT_MAX
    assert all(len(each["text"]) <= TEXT_MAX for each in told)


def test_a_kit_of_many_sensors_is_described_once_and_measured_in_one_message():
    bus = Bus()
    samples = tuple(Sample(f"s{number}", f"S{number}", 1.0) for number in range(100))
    bus.streams.add(Measured(samples, 1_000_000))
    assert len(bus.descriptions) == 1
    assert [len(message) for message in bus.told["telemetry/stream"]] == [KEYS_MAX]
    bus.streams.add(Measured(samples, 3_000_000))
    assert len(bus.descriptions) == 1


def test_more_samples_than_a_line_carries_are_left_out_and_the_device_is_told_to_flood():
    bus = Bus()
    for number in range(3 * SAMPLES_MAX):
        bus.streams.add(Measured((Sample("light", "light", float(number)),), 5_000_000))
    bus.streams.tick(6_000_000)
    told = [
        value for message in bus.told["telemetry/stream"] for batch in message for value in batch["values"]
    ]
    assert told == list(map(float, range(SAMPLES_MAX)))
    assert bus.alerts == []


def test_a_flood_that_lasts_is_an_alert_until_it_is_over():
    bus = Bus()
    for tenth in range(20):
        bus.streams.print("x" * (2 * TEXT_MAX), 5_000_000 + tenth * 100_000)
        bus.streams.tick(5_000_000 + tenth * 100_000)
    assert bus.alerts == ["device_floods"]
    bus.streams.tick(8_500_000)
    assert bus.alerts == ["device_floods"]
    bus.streams.tick(9_000_000)
    assert bus.alerts == ["device_floods", ""]
