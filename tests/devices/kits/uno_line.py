"""A session on the port of an Uno, for uploads to a board that is not in the same process."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

from devices.clock import MonotonicClock
from devices.driver import Host, Output, Remember
from devices.errors import DeviceError
from devices.kits.arduino_uno.driver import ASKED_BAUD, ArduinoDriver
from devices.kits.arduino_uno.upload import PAGE_BYTES, UPLOADS
from devices.protocols.intel_hex import parse_intel_hex
from devices.session import Session
from devices.talk import Progress
from devices.transports.serial_port import SerialPort
from devices.uploads import Program
from tests.devices.waiting import until
from tests.peers.simboard import SimBoard


@dataclass
class Line:
    """A session on a port, and what its uploads told and left."""

    session: Session
    host: Host
    notes: dict[str, str]
    told: list[Progress] = field(default_factory=list)
    on_progress: Callable[[Progress], None] = lambda _: None

    async def upload(self, hex_file: Path) -> None:
        """Until the board's own program runs again."""
        data = await asyncio.to_thread(hex_file.read_bytes)
        prepared = UPLOADS.prepare(Program(hex_file.name, data))
        assert UPLOADS.talk is not None
        talk = UPLOADS.talk
        await until(lambda: self.session.linked, 15)
        try:
            await self.session.converse(lambda heard: talk(prepared, heard, self.host), self._tell)
        finally:
            await until(lambda: not self.session.linked)

    def _tell(self, progress: Progress) -> None:
        self.told.append(progress)
        self.on_progress(progress)


@contextlib.asynccontextmanager
async def plugged(port: Path) -> AsyncIterator[Line]:
    """The driver of an Uno at a port, as long as the block lasts."""
    clock, notes = MonotonicClock(), dict[str, str]()
    host = Host("room", "0badcafe", notes, str(port))

    def on_output(_session: Session, output: Output) -> None:
        if isinstance(output, Remember):
            notes[output.key] = output.value

    pipe = SerialPort(str(port), ASKED_BAUD, clock)
    session = Session(
        pipe,
        [ArduinoDriver(host)],
        clock,
        on_output=on_output,
        on_link=lambda _: None,
        bauds=[(ASKED_BAUD,)],
    )
    running = asyncio.create_task(session.run())
    try:
        yield Line(session, host, notes)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def pull_and_upload(
    line: Line, sim: SimBoard, page: int, pulled: Path, following: Path, *, board: int = 0
) -> str:
    """How the upload that lost its cable before `page` ended; the next one is carried out to its end."""
    out = False

    def pull(progress: Progress) -> None:
        nonlocal out
        if not out and progress.stage == "writing" and progress.done >= PAGE_BYTES * page:
            sim.pull(board)
            out = True

    line.on_progress = pull
    try:
        await line.upload(pulled)
        said = ""
    except DeviceError as error:
        said = str(error)
    line.on_progress = lambda _: None
    sim.plug(board)
    await line.upload(following)
    return said


def holds(flash: bytes | bytearray, hex_file: Path) -> bool:
    """Whether every byte of the file is where it belongs."""
    return all(flash[place] == byte for place, byte in parse_intel_hex(hex_file.read_bytes()).cells.items())
