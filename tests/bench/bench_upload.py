"""Putting a program onto an Uno, beside avrdude alone; onto sixteen; with the cable pulled at every page."""

import asyncio
import contextlib
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from multiprocessing.synchronize import Event
from pathlib import Path

from devices.clock import MonotonicClock
from devices.driver import Host
from devices.kits.arduino_uno.driver import ASKED_BAUD, ArduinoDriver
from devices.kits.arduino_uno.emulator import UnoEmulator
from devices.kits.arduino_uno.upload import UPLOADS, Image
from devices.session import Session
from devices.transports.serial_port import SerialPort
from devices.uploads import Program
from tests.bench.figures import Figure
from tests.devices.kits.uno_line import holds, plugged, pull_and_upload
from tests.devices.waiting import until
from tests.intel_hex import format_intel_hex
from tests.peers.arduino import build_optiboot, compile_sketch
from tests.peers.avrdude import upload
from tests.peers.simboard import SimBoard

SAMPLES = Path(__file__).parents[2] / "firmware_samples/arduino"
SKETCH = SAMPLES / "sensor_log/sensor_log.ino"
NEXT_SKETCH = SAMPLES / "line_follower/line_follower.ino"
ROUNDS = 5
LIMIT = 1.1
BOARDS = 16
BOARDS_LIMIT = 1.5
PROGRAM_BYTES = 8192
CLAIM_S = 30.0
PULLED_BOARDS = 5
"""Of the simulator at once: most of each round is waiting for a sketch to speak."""


def measure() -> list[Figure]:
    """Medians of several rounds in turns; the emulated boards are paced as the wire and the chip are."""
    with tempfile.TemporaryDirectory() as folder:
        ours_s, avrdude_s = _beside_avrdude(Path(folder))
        one_s, all_s = _at_once(Path(folder))
        usable, pulls = asyncio.run(_pull_everywhere(Path(folder)))
    return [
        Figure(
            f"upload to the simulated Uno, median of {ROUNDS}",
            f"{ours_s:.2f} s, {ours_s / avrdude_s:.2f} times avrdude",
            f"{LIMIT} times avrdude's {avrdude_s:.2f} s",
            ours_s <= LIMIT * avrdude_s,
        ),
        Figure(
            f"upload to {BOARDS} emulated Unos at once",
            f"{all_s:.2f} s, {all_s / one_s:.2f} times one",
            f"{BOARDS_LIMIT} times one's {one_s:.2f} s",
            all_s <= BOARDS_LIMIT * one_s,
        ),
        Figure(
            "cable pulled from the simulated Uno at every page boundary: told, and the next upload taken",
            f"{usable} of {pulls}",
            f"{pulls}",
            usable == pulls,
        ),
    ]


def _beside_avrdude(folder: Path) -> tuple[float, float]:
    sketch = compile_sketch(SKETCH, folder / "build").hex
    image = _prepare(sketch.read_bytes())
    ours, theirs = [], []
    with SimBoard(bootloader=build_optiboot(folder)) as board:
        for _ in range(ROUNDS):
            done = upload(sketch, board.port)
            if not done.verified:
                raise RuntimeError(done.said)
            theirs.append(done.seconds)
            ours.append(asyncio.run(_upload([board.port], image)))
    return statistics.median(ours), statistics.median(theirs)


async def _pull_everywhere(folder: Path) -> tuple[int, int]:
    """Pulls after which all was well, and all pulls."""
    pulled = compile_sketch(SKETCH, folder / "pulled")
    following = compile_sketch(NEXT_SKETCH, folder / "next")
    boundaries = range(len(_prepare(pulled.hex.read_bytes()).pages) + 1)
    with SimBoard(bootloader=build_optiboot(folder), boards=PULLED_BOARDS) as sim:

        async def pull(board: int) -> int:
            usable = 0
            async with plugged(sim.ports[board]) as line:
                for page in boundaries[board::PULLED_BOARDS]:
                    said = await pull_and_upload(line, sim, page, pulled.hex, following.hex, board=board)
                    usable += said.startswith("cable_pulled") and holds(sim.flash(board), following.hex)
            return usable

        return sum(await asyncio.gather(*map(pull, range(PULLED_BOARDS)))), len(boundaries)


def _at_once(folder: Path) -> tuple[float, float]:
    data = bytes((at * 31 + at // 128 * 17) % 251 for at in range(PROGRAM_BYTES))
    image = _prepare(format_intel_hex(data))
    ports = [folder / f"uno{number}" for number in range(BOARDS)]
    context = multiprocessing.get_context("spawn")
    playing, over = context.Event(), context.Event()
    process = context.Process(target=_play, args=(ports, playing, over), daemon=True)
    process.start()
    try:
        playing.wait(CLAIM_S)
        one_s = statistics.median(asyncio.run(_upload(ports[:1], image)) for _ in range(3))
        all_s = statistics.median(asyncio.run(_upload(ports, image)) for _ in range(3))
    finally:
        over.set()
        process.join()
    return one_s, all_s


def _prepare(data: bytes) -> Image:
    prepared: Image = UPLOADS.prepare(Program("a.hex", data))
    return prepared


def _play(ports: Sequence[Path], playing: Event, over: Event) -> None:
    """The boards, in a process of their own."""

    async def serve() -> None:
        servers = [UnoEmulator(paced=True).serve(port) for port in ports]
        playing.set()
        await asyncio.to_thread(over.wait)
        for server in servers:
            server.unplug()

    asyncio.run(serve())


async def _upload(ports: Sequence[Path], image: Image) -> float:
    """Seconds until the last of the boards has the program, read back."""
    async with contextlib.AsyncExitStack() as stack:
        lines = [await stack.enter_async_context(_line(port)) for port in ports]
        await until(lambda: all(session.linked for session, _ in lines), CLAIM_S)
        begun = time.monotonic()
        await asyncio.gather(*(_converse(session, host, image) for session, host in lines))
        return time.monotonic() - begun


async def _converse(session: Session, host: Host, image: Image) -> None:
    talk = UPLOADS.talk
    assert talk is not None
    await session.converse(lambda heard: talk(image, heard, host), lambda _: None)


@contextlib.asynccontextmanager
async def _line(port: Path) -> AsyncIterator[tuple[Session, Host]]:
    clock = MonotonicClock()
    host = Host("room", "0badcafe", {}, str(port))
    session = Session(
        SerialPort(str(port), ASKED_BAUD, clock),
        [ArduinoDriver(host)],
        clock,
        on_output=lambda *_: None,
        on_link=lambda _: None,
        bauds=[(ASKED_BAUD,)],
    )
    running = asyncio.create_task(session.run())
    try:
        yield session, host
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
