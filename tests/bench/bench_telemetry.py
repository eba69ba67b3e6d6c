"""Telemetry stored by one process with SQLite, beside raw `executemany` into the same table."""

import asyncio
import json
import sqlite3
import tempfile
import time
from pathlib import Path

from sqlalchemy import func
from sqlmodel import select

from devices.transports.mqtt import MqttMessage, MqttTransport
from lab_controller.bus.access import Kind
from lab_controller.bus.intake import Intake
from lab_controller.bus.topics import ROOT
from lab_controller.clock import SteadyClock
from lab_controller.database import Database
from lab_controller.equipment.handler import DeviceHandler
from lab_controller.lab import Lab
from lab_controller.settings import Settings
from lab_controller.telemetry.handler import TelemetryHandler
from lab_controller.telemetry.tables import ReadingRow
from tests.bench.figures import Figure

ROWS = 200_000
SAMPLES = 50
BATCH = 200
MESSAGES = 3_000
STEP_US = 2
"""So dense that a device's own time keeps up with the arrival of what it sends here in a second."""
DEVICE = "kit-bench"


def measure() -> list[Figure]:
    """Readings a second through the hub's intake, and messages a second of intake and broker."""
    with tempfile.TemporaryDirectory() as folder:
        raw = _raw(Path(folder))
        streamed = _stored(Path(folder) / "streamed", SAMPLES, ROWS) * SAMPLES
        single = _stored(Path(folder) / "single", 1, ROWS // 8)
        broker = asyncio.run(_broker(Path(folder) / "broker"))
    return [
        Figure(
            f"readings stored a second, {SAMPLES} in a message",
            f"{streamed:,.0f}",
            f"1/10 of raw executemany: {raw / 10:,.0f}",
            streamed > raw / 10,
        ),
        Figure(
            "messages stored a second, one reading in each",
            f"{single:,.0f}",
            f"the embedded broker's own rate: {broker:,.0f}",
            single > broker,
        ),
    ]


def _raw(folder: Path) -> float:
    """Rows a second that SQLite takes at best, as safely on disk as ours."""
    path = folder / "raw.sqlite3"
    database = Database(f"sqlite:///{path}")
    database.migrate()
    database.close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("INSERT INTO series (id, device, key, unit) VALUES (1, 'd', 'k', 'u')")
        rows = [(1, at_us, 0.5) for at_us in range(ROWS)]
        begun = time.perf_counter()
        connection.executemany("INSERT INTO readings (series_id, at_us, value) VALUES (?, ?, ?)", rows)
        connection.commit()
        return ROWS / (time.perf_counter() - begun)


def _stored(folder: Path, samples: int, rows: int) -> float:
    """Messages a second through the hub's intake, without the network."""
    folder.mkdir()
    database = Database(f"sqlite:///{folder / 'lab.sqlite3'}")
    database.migrate()
    intake = Intake(database, [DeviceHandler(), TelemetryHandler()], SteadyClock(), 1 << 18)
    messages = [_message(number, samples) for number in range(rows // samples)]
    begun = time.perf_counter()
    for first in range(0, len(messages), BATCH):
        intake.store(messages[first : first + BATCH])
    took = time.perf_counter() - begun
    with database.read() as session:
        stored = session.exec(select(func.count()).select_from(ReadingRow)).one()
    database.close()
    if stored != len(messages) * samples:
        raise RuntimeError(f"{stored} of {len(messages) * samples} readings were stored")
    return len(messages) / took


def _message(number: int, samples: int) -> MqttMessage:
    first_us = number * samples * STEP_US
    payload = {
        "key": "light",
        "unit": "lx",
        "us": [first_us + sample * STEP_US for sample in range(samples)],
        "values": [0.5 + sample for sample in range(samples)],
    }
    return MqttMessage(f"{ROOT}/{DEVICE}/kit/stream", json.dumps(payload).encode(), 1, False, lambda: None)


async def _broker(folder: Path) -> float:
    """Messages a second from one publisher to one subscriber at QoS 1, with no database behind."""
    settings = Settings(data_dir=folder, mqtt_host="127.0.0.1", mqtt_port=0)
    async with Lab.open(settings, embedded_agent=False) as lab:
        assert lab.broker is not None
        ends = []
        for name, kind in ((DEVICE, Kind.DEVICE), ("lab-hub-9", Kind.HUB)):
            password = lab.broker_accounts.add_own(name, kind)
            ends.append(
                MqttTransport(
                    client_id=name, host="127.0.0.1", port=lab.broker.port, username=name, password=password
                )
            )
        publisher, subscriber = ends
        await subscriber.subscribe([f"{ROOT}/{DEVICE}/bench/count"])
        for end in ends:
            await end.start()
            await end.connected.wait()
        begun = time.perf_counter()
        said = [publisher.publish(f"{ROOT}/{DEVICE}/bench/count", b"1") for _ in range(MESSAGES)]
        heard = 0
        async for message in subscriber.messages():
            message.ack()
            heard += 1
            if heard == MESSAGES:
                break
        took = time.perf_counter() - begun
        await asyncio.gather(*said)
        for end in ends:
            await end.stop()
    return MESSAGES / took
