"""pros-cli, which we did not write, speaks with the emulated brain, and asks of it what our upload asks."""

import gzip
import random

import pytest

from devices.clock import MonotonicClock
from devices.kits.vex_v5.emulator import V5Emulator
from devices.kits.vex_v5_user.emulator import GREETING, V5UserEmulator
from devices.protocols.vex import Ack, Command, ExtendedPacket, crc32
from devices.protocols.vex_files import PIT, Product, parse_transfer
from tests.devices.kits.vex_bench import UploadBench
from tests.devices.waiting import until
from tests.peers.vex import Pros

PROGRAM = b"XVX5" + random.Random(3).randbytes(30_001)

pytestmark = pytest.mark.peer


@pytest.fixture
def pros(tmp_path) -> Pros:
    home = tmp_path / "home"
    home.mkdir()
    return Pros(home)


@pytest.fixture
def program(tmp_path):
    file = tmp_path / "line_follower.bin"
    file.write_bytes(PROGRAM)
    return file


@pytest.fixture
async def brain(tmp_path):
    brain = V5Emulator(MonotonicClock())
    server = brain.serve(tmp_path / "ttyACM0")
    yield brain, server.path
    server.unplug()


def told(brain: V5Emulator) -> list[tuple]:
    """What a host asked of the brain's files, in order, without the time of day."""
    extended = [each for each in brain.asked if isinstance(each, ExtendedPacket)]
    inits = [parse_transfer(each.body) for each in extended if each.command == Command.INIT]
    return [(each.name, each.kind, each.address, each.owner, each.target, each.options) for each in inits]


async def test_pros_cli_uploads_to_the_emulated_brain(pros, brain, program):
    emulated, port = brain
    said = await pros.run("upload", "--target", "v5", "--slot", "3", "--after", "run", program, port)
    assert said.code == 0, said.text
    assert "Finished uploading" in said.text
    assert gzip.decompress(emulated.files[1, "slot_3.bin"].data) == PROGRAM
    assert b"name = line_follower" in emulated.files[1, "slot_3.ini"].data
    assert emulated.brain.running == "slot_3.bin"


async def test_our_upload_asks_of_a_brain_what_pros_cli_asks(pros, brain, program):
    """In the order of its quirk 1, the name last, which leaves no program under a wrong name."""
    emulated, port = brain
    quirk = ("--quirk", "1")
    await pros.run("upload", "--target", "v5", "--slot", "3", "--after", "run", *quirk, program, port)
    ours = UploadBench()
    assert ours.upload("line_follower.bin", PROGRAM, slot=2) is None
    assert told(ours.brain) == told(emulated)
    kept, own = emulated.files[1, "slot_3.bin"], ours.brain.files[1, "slot_3.bin"]
    assert gzip.decompress(kept.data) == gzip.decompress(own.data)
    assert (kept.transfer.crc, own.transfer.crc) == (crc32(kept.data), crc32(own.data))


async def test_pros_cli_overcomes_a_damaged_and_a_lost_answer(pros, brain, program):
    emulated, port = brain
    emulated.corrupt_byte()
    emulated.lose_answer()
    said = await pros.run("upload", "--target", "v5", "--slot", "1", program, port)
    assert said.code == 0, said.text
    assert gzip.decompress(emulated.files[1, "slot_1.bin"].data) == PROGRAM


async def test_pros_cli_understands_a_refusal(pros, brain, program):
    emulated, port = brain
    for _ in range(4):
        emulated.refuse(Command.INIT, Ack.TOO_MANY_FILES)
    said = await pros.run("upload", "--target", "v5", "--slot", "1", program, port)
    assert "Max user files" in said.text
    assert emulated.files == {}


async def test_pros_cli_uploads_through_the_emulated_controller(pros, tmp_path, program):
    emulated = V5Emulator(MonotonicClock(), product=Product.V5_CONTROLLER)
    server = emulated.serve(tmp_path / "ttyACM0")
    try:
        said = await pros.run(
            "upload", "--target", "v5", "--slot", "1", "--no-compress-bin", program, server.path
        )
        assert said.code == 0, said.text
        assert emulated.files[1, "slot_1.bin"].data == PROGRAM
        assert emulated.channel == PIT
    finally:
        server.unplug()


async def test_pros_cli_lists_reads_starts_stops_and_deletes_on_the_emulated_brain(pros, brain):
    emulated, port = brain
    ours = UploadBench()
    ours.upload("my robot.bin", PROGRAM, slot=1)
    emulated.files.update(ours.brain.files)
    status = await pros.run("v5", "status", port)
    assert "System ID: 0xbe182800" in status.text
    assert "1.1.5" in status.text
    files = await pros.run("v5", "ls-files", port)
    assert "slot_2.ini" in files.text
    assert f"'size': {len(ours.stored('slot_2.bin'))}" in files.text
    slots = await pros.slots(port)
    assert slots == {str(slot): "my robot" if slot == 2 else None for slot in range(1, 9)}
    await pros.run("v5", "run", "2", port)
    assert emulated.brain.running == "slot_2.bin"
    await pros.run("v5", "stop", port)
    assert emulated.brain.running is None
    await pros.run("v5", "rm-file", "slot_2.bin", port)
    assert list(emulated.files) == [(1, "slot_2.ini")]


async def test_the_terminal_of_pros_cli_reads_the_emulated_user_port(pros, tmp_path):
    program = V5UserEmulator(MonotonicClock(), logs_every_s=0.05)
    server = program.serve(tmp_path / "ttyACM1")
    try:
        async with pros.terminal(server.path, until="line-left:") as terminal:
            assert GREETING.strip() in terminal.shown
            terminal.press(b"!")
            await until(lambda: program.typed.endswith(b"!"), 30)
    finally:
        server.unplug()
