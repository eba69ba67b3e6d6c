"""What every kit must show, whatever it is: `tests/devices/test_conformance.py` sends each kit through it."""

import asyncio
import json
import tomllib
from collections.abc import Iterable
from pathlib import Path

from devices.clock import MonotonicClock
from devices.driver import Claimed, Driver, Host, Kept, Output
from devices.kit import Kit
from devices.session import Session
from devices.transports.byte_pipe import Chunk
from devices.transports.memory import MemoryPipe
from tests.devices.waiting import until

LANGUAGES = {"kk", "ru", "en"}
UNITLESS = {"boolean", "json", "enum", "string"}
HOST = Host("room", "0badcafe")
QUALITY = {"done", "exempt", "never_tried"}


class Captured:
    """A recorded line, and what must come of it."""

    def __init__(self, path: Path) -> None:
        self.data = path.read_bytes()
        self.expected = [json.loads(line) for line in path.with_suffix(".jsonl").read_text().splitlines()]


def captures(kit: Kit) -> list[Path]:
    """Recorded lines of a kit, at least one."""
    found = sorted((kit.folder / "captures").glob("*.capture"))
    assert found, f"{kit.id} has no capture"
    return found


def replay(driver: Driver, chunks: Iterable[bytes]) -> list[dict]:
    """What a driver makes of a line, as `.jsonl` of a capture tells it."""
    outputs = driver.opened(0)
    for place, chunk in enumerate(chunks):
        outputs += driver.received(Chunk(chunk, place))
    return essence(outputs)


def essence(outputs: Iterable[Output]) -> list[dict]:
    """The device and the values that must not be lost."""
    told = []
    for output in outputs:
        if isinstance(output, Claimed) and {"claimed": output.device} not in told:
            told.append({"claimed": output.device})
        elif isinstance(output, Kept):
            value = json.loads(output.value)
            told.append({"kept": [output.node, output.key, output.boot, output.seq, value]})
    return told


def check_whole(kit: Kit, captured: Captured) -> None:
    assert replay(kit.driver(HOST), [captured.data]) == captured.expected


def check_byte_by_byte(kit: Kit, captured: Captured) -> None:
    assert replay(kit.driver(HOST), (captured.data[at : at + 1] for at in range(len(captured.data)))) == (
        captured.expected
    )


def check_corrupt(kit: Kit, captured: Captured) -> None:
    """One wrong byte may lose a value, but never makes one that was not told."""
    for place in range(0, len(captured.data), 3):
        damaged = bytearray(captured.data)
        damaged[place] ^= 1 << (place % 8)
        made = replay(kit.driver(HOST), [bytes(damaged)])
        strange = [one for one in made if one not in captured.expected]
        assert not strange, f"byte {place} of {len(damaged)} makes {strange}"


async def check_unplug_and_return(kit: Kit) -> None:
    """The emulator answers the handshake, its cable is pulled in the middle of a word, and it comes back."""
    clock = MonotonicClock()
    pipe = MemoryPipe("memory", kit.emulator(clock), clock)
    links: list[tuple[bool, str | None]] = []
    outputs: list[Output] = []

    def on_link(session: Session) -> None:
        links.append((session.linked, session.problem.code if session.problem else None))

    def on_output(_session: Session, output: Output) -> None:
        outputs.append(output)

    session = Session(pipe, [kit.driver(HOST)], clock, on_output=on_output, on_link=on_link)
    running = asyncio.create_task(session.run())
    try:
        await until(lambda: session.linked)
        device = session.device
        pipe._say(captures(kit)[0].read_bytes()[:5])
        pipe.unplug()
        await until(lambda: not session.linked)
        pipe.plug()
        await until(lambda: session.linked)
        assert session.device == device
        assert links[:2] == [(True, None), (False, "cable_pulled")]
        assert links[-1] == (True, None)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def check_readings(kit: Kit) -> None:
    """Every reading and command has a name in three languages, and every number a unit."""
    names = kit.load_translations()
    keys = {f"{one.node}/{one.key}" for one in (*kit.readings, *kit.commands)}
    assert set(names) == {"kit", *keys}
    for key in names:
        assert set(names[key]) == LANGUAGES, key
        assert all(name.strip() for name in names[key].values()), key
    for reading in kit.readings:
        assert reading.unit or reading.datatype in UNITLESS, f"{reading.key} has no unit"


def check_description(kit: Kit) -> None:
    """Ids are fit for topics."""
    nodes = kit.describe()
    ids = [*nodes, *(key for node in nodes.values() for key in node["properties"]), *kit.alerts]
    assert all(set(one) <= set("abcdefghijklmnopqrstuvwxyz0123456789-") for one in ids)


def check_quality(kit: Kit) -> None:
    """The kit says what is done, what is exempt and what was never tried."""
    with (kit.folder / "quality.toml").open("rb") as file:
        assert set(tomllib.load(file)) == QUALITY
