"""Programs on their way into the slots of a VEX brain, whatever happens to them."""

import asyncio
import gzip
import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.clock import MonotonicClock
from devices.driver import Host, Output, Remember, Told
from devices.errors import TransportError, UploadError
from devices.kits.vex_v5.brain_files import StoredFile
from devices.kits.vex_v5.driver import V5Driver
from devices.kits.vex_v5.emulator import V5Emulator
from devices.kits.vex_v5.program import prepare
from devices.kits.vex_v5.upload import upload
from devices.protocols.vex import Ack, Command, ExtendedPacket
from devices.protocols.vex_files import PIT, VM, Product, Transfer, parse_transfer
from devices.session import Session
from devices.talk import Progress
from devices.transports.memory import MemoryPipe
from devices.uploads import Program
from tests.devices.kits.vex_bench import HOST, UploadBench
from tests.devices.waiting import until

PROGRAM = b"XVX5" + random.Random(5).randbytes(9_000)
INI = b"[project]\nide=PROS\n[program]\nname=line follower\nslot=2\nicon=USER902x.bmp\ndescription=\n"
SOURCE = "from vex import *\n\nbrain = Brain()\nbrain.screen.print('сәлем')\n".encode()
EXP = Host("room", "0badcafe", {}, "/dev/ttyACM0", (0x2888, 0x0600))


def send(bench: UploadBench, **how) -> None:
    error = bench.upload("line follower.bin", PROGRAM, slot=2, **how)
    if error is not None:
        raise error


def transfers(bench: UploadBench) -> list[Transfer]:
    return [parse_transfer(packet.body) for packet in asked(bench, Command.INIT)]


def asked(bench: UploadBench, command: int) -> list[ExtendedPacket]:
    return [
        each for each in bench.brain.asked if isinstance(each, ExtendedPacket) and each.command == command
    ]


def install_python(bench: UploadBench) -> None:
    transfer = Transfer(1, "python_vm.bin", 4, 0x1030_0000, 0, b"bin\x61", 0, owner=VM)
    bench.brain.files[VM, "python_vm.bin"] = StoredFile(transfer, b"VM..")


def test_a_program_is_whole_in_its_slot_and_runs():
    bench = UploadBench()
    bench.brain.brain.running = "slot_1.bin"
    send(bench)
    assert gzip.decompress(bench.stored("slot_3.bin")) == PROGRAM
    assert bench.stored("slot_3.ini") == INI
    assert bench.brain.brain.running == "slot_3.bin"
    assert Remember("slot", "3") in bench.steps
    stages = list(dict.fromkeys(step.stage for step in bench.steps if isinstance(step, Progress)))
    assert stages == ["syncing", "stopping", "writing", "verifying", "starting"]


def test_what_runs_is_stopped_before_and_files_come_in_order():
    bench = UploadBench()
    send(bench)
    assert [each.body[:2] for each in asked(bench, Command.LOAD)] == [b"\x01\x80", b"\x01\x00"]
    assert [(each.name, each.kind, each.address, each.seconds) for each in transfers(bench)] == [
        ("slot_3.bin", b"bin\0", 0x0380_0000, 7),
        ("slot_3.ini", b"ini\0", 0x0380_0000, 7),
    ]
    assert {len(each.body) - 4 for each in asked(bench, Command.WRITE)[:-2]} <= {2048}


def test_a_program_need_not_be_started():
    bench = UploadBench()
    send(bench, run=False)
    assert bench.brain.brain.running is None
    assert (1, "slot_3.bin") in bench.brain.files


def test_progress_never_goes_back_and_ends_with_all_bytes():
    bench = UploadBench()
    send(bench)
    done = [(step.done, step.total) for step in bench.steps if isinstance(step, Progress) and step.total]
    assert done == sorted(done)
    size = len(gzip.compress(PROGRAM, mtime=0))
    assert done[-1] == (size, size)


def test_old_firmware_gets_the_program_as_it_is():
    bench = UploadBench(version=(1, 0, 4, 0))
    send(bench)
    assert bench.stored("slot_3.bin") == PROGRAM


@pytest.mark.parametrize("window", [4096, 244, 100, 8])
def test_chunks_fit_into_half_the_window_and_are_whole_words(window):
    bench = UploadBench(window=window)
    assert bench.upload("a.bin", b"XVX5" + bytes(range(200)) * 2, slot=0) is None
    sizes = {len(each.body) - 4 for each in asked(bench, Command.WRITE)}
    assert max(sizes) <= window // 2
    assert all(size % 4 == 0 for size in sizes)


def test_names_are_short_and_readable_by_a_brain():
    for name, shown in (
        ("a very long name for a small robot.bin", b"name=a very long name for a \n"),
        ("Жол іздеуші.bin", b"name=slot_1\n"),
        ("робот 7.bin", b"name=7\n"),
    ):
        assert shown in prepare(Program(name, b"XVX5")).ini
    assert all(len(line) < 80 for line in prepare(Program("x\n[y].bin", b"XVX5")).ini.splitlines())


@pytest.mark.parametrize("fault", ["lose_byte", "corrupt_byte", "lose_answer"])
def test_every_single_answer_may_be_lost_or_damaged(fault):
    count = len(_packets())
    for place in range(count):
        bench = UploadBench()
        bench.brain._faults = [lambda answer: answer] * place
        getattr(bench.brain, fault)()
        send(bench)
        assert gzip.decompress(bench.stored("slot_3.bin")) == PROGRAM
        assert bench.brain.brain.running == "slot_3.bin"


def _packets() -> list:
    bench = UploadBench()
    send(bench)
    return bench.brain.asked


@pytest.mark.parametrize("place", range(4))
def test_a_question_that_was_damaged_on_its_way_is_said_again(place):
    bench = UploadBench()
    heard, times = bench.brain.heard, [0]

    def damage(data: bytes) -> None:
        times[0] += 1
        cut = data[:-3] + bytes((data[-3] ^ 1,)) + data[-2:] if times[0] == 3 + place else data
        heard(cut)

    bench.brain.heard = damage
    send(bench)
    assert gzip.decompress(bench.stored("slot_3.bin")) == PROGRAM


@pytest.mark.parametrize("command", [Command.WRITE, Command.EXIT])
def test_a_transfer_that_the_brain_forgot_begins_anew(command):
    bench = UploadBench()
    bench.brain.refuse(command, Ack.UNINITIALIZED)
    bench.brain.refuse(command, Ack.UNINITIALIZED)
    send(bench)
    assert gzip.decompress(bench.stored("slot_3.bin")) == PROGRAM
    assert len(transfers(bench)) == 4


def test_a_brain_that_always_forgets_is_told():
    bench = UploadBench()
    for _ in range(3):
        bench.brain.refuse(Command.WRITE, Ack.UNINITIALIZED)
    assert _failure(bench) == ("device_refused", {"status": "uninitialized (D4)"})


@pytest.mark.parametrize(
    ("command", "ack", "code", "params"),
    [
        (Command.INIT, Ack.TOO_MANY_FILES, "storage_full", {"slots": 8}),
        (Command.EXIT, Ack.PROGRAM_CRC, "verify_failed", {"address": "03800000"}),
        (Command.EXIT, Ack.PROGRAM_FILE, "device_refused", {"status": "program file (D3)"}),
        (Command.INIT, Ack.BAD_INIT, "device_refused", {"status": "bad init (D5)"}),
        (Command.WRITE, Ack.NACK, "device_refused", {"status": "nack (FF)"}),
    ],
)
def test_refusals_are_translated(command, ack, code, params):
    bench = UploadBench()
    bench.brain.refuse(command, ack)
    assert _failure(bench) == (code, params)
    send(bench)


def test_a_full_brain_is_told():
    assert _failure(UploadBench(free=5000)) == ("storage_full", {"slots": 8})


def test_silence_is_told_with_the_port_after_four_tries():
    bench = UploadBench()
    bench.brain.mute = True
    assert _failure(bench) == ("board_silent", {"port": "/dev/ttyACM0"})
    assert [packet.command for packet in bench.brain.asked] == [0xA4] * 4 + [0x22] * 4


def test_an_answer_that_is_always_late_still_makes_a_whole_program():
    bench = UploadBench()
    bench.brain.late_us = 1_400_000
    assert bench.upload("a.bin", b"XVX5" + bytes(9000), slot=0, run=False) is None
    assert gzip.decompress(bench.stored("slot_1.bin")) == b"XVX5" + bytes(9000)


def test_a_cancellation_at_every_step_leaves_a_brain_that_takes_the_next_program():
    count = len(_packets())
    for place in range(1, count):
        bench = UploadBench()
        error = bench.upload("a.bin", PROGRAM, slot=2, cancel_at=place)
        assert error is not None
        assert error.code == "cancelled"
        assert bench.brain.brain._underway is None
        send(bench)
        assert gzip.decompress(bench.stored("slot_3.bin")) == PROGRAM


def test_a_cancellation_at_every_step_leaves_each_program_under_its_own_name():
    old = b"XVX5 of another pupil"
    seen = set()
    for place in range(1, len(_packets())):
        bench = UploadBench()
        assert bench.upload("old.bin", old, slot=2) is None
        assert bench.upload("new.bin", PROGRAM, slot=2, cancel_at=bench.said + place) is not None
        kept = gzip.decompress(bench.stored("slot_3.bin"))
        assert (b"name=old\n" in bench.stored("slot_3.ini")) == (kept == old)
        assert (b"name=new\n" in bench.stored("slot_3.ini")) == (kept == PROGRAM)
        seen.add(kept)
    assert seen == {old, PROGRAM}


def test_a_failure_leaves_the_old_program_under_its_own_name():
    bench = UploadBench()
    assert bench.upload("old.bin", b"XVX5 old", slot=2) is None
    bench.brain.refuse(Command.WRITE, Ack.NACK)
    assert _failure(bench)[0] == "device_refused"
    assert gzip.decompress(bench.stored("slot_3.bin")) == b"XVX5 old"
    assert b"name=old\n" in bench.stored("slot_3.ini")


def test_a_program_that_cannot_be_started_is_kept():
    bench = UploadBench()
    bench.brain.refuse(Command.LOAD, Ack.OK)  # the stop
    bench.brain.refuse(Command.LOAD, Ack.NACK)
    assert _failure(bench) == ("device_refused", {"status": "nack (FF)"})
    assert gzip.decompress(bench.stored("slot_3.bin")) == PROGRAM
    assert Remember("slot", "3") in bench.steps


def test_a_cable_pulled_at_every_step_leaves_a_brain_that_takes_the_next_program():
    count = len(_packets())
    for place in range(1, count):
        bench = UploadBench()
        with pytest.raises(TransportError):
            bench.upload("a.bin", PROGRAM, slot=2, pull_at=place)
        send(bench)
        assert gzip.decompress(bench.stored("slot_3.bin")) == PROGRAM


def test_a_controller_is_switched_to_its_fast_channel_and_back():
    bench = UploadBench(product=Product.V5_CONTROLLER)
    send(bench)
    assert gzip.decompress(bench.stored("slot_3.bin")) == PROGRAM
    assert [each.body for each in asked(bench, Command.CHANNEL)] == [b"\1\1", b"\1\0"]
    assert bench.brain.channel == PIT


def test_a_controller_is_given_back_after_a_failure():
    bench = UploadBench(product=Product.V5_CONTROLLER)
    bench.brain.refuse(Command.WRITE, Ack.NACK)
    assert _failure(bench)[0] == "device_refused"
    assert bench.brain.channel == PIT


def test_a_controller_without_a_brain_is_told():
    bench = UploadBench(product=Product.V5_CONTROLLER)
    bench.brain.linked = False
    assert _failure(bench) == ("brain_not_linked", {})


def test_a_program_for_another_brain_is_not_sent():
    bench = UploadBench(product=Product.IQ2)
    assert _failure(bench) == ("wrong_board", {"found": "VEX IQ 2", "expected": "VEX V5"})
    assert transfers(bench) == []
    error = UploadBench().upload("a.bin", b"XVXE" + bytes(40))
    assert error is not None
    assert dict(error.params) == {"found": "VEX V5", "expected": "VEX EXP"}


@pytest.mark.parametrize(
    ("host", "product", "address"),
    [(UploadBench().host, Product.IQ2, 0x0700_0000), (EXP, Product.EXP, 0x3070_0000)],
)
def test_a_python_source_is_linked_to_the_machine_that_runs_it(host, product, address):
    bench = UploadBench(host, product=product)
    bench.brain.knows_version = product != Product.EXP
    install_python(bench)
    assert bench.upload("hello.py", SOURCE, slot=0) is None
    kept = bench.brain.files[1, "slot_1.bin"]
    assert (kept.data, kept.linked) == (SOURCE, (VM, "python_vm.bin"))
    assert (kept.transfer.kind, kept.transfer.address) == (b"bin\x61", address)
    assert b"ide=Python" in bench.stored("slot_1.ini")


def test_a_python_source_without_its_machine_is_not_sent():
    error = UploadBench(product=Product.IQ2).upload("hello.py", SOURCE)
    assert error is not None
    assert error.code == "python_missing"


def test_a_python_source_for_a_v5_is_not_sent_where_nobody_knows():
    error = UploadBench().upload("hello.py", SOURCE)
    assert error is not None
    assert dict(error.params) == {"found": "VEX V5", "expected": "VEX EXP, VEX IQ 2"}


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.bin", b"", "program_empty"),
        ("a.bin", b"\x7fELF and more", "program_damaged"),
        ("a.py", b"def f(:\n", "compile_failed"),
        ("a.py", b"\xff\xfe", "compile_failed"),
        ("a.py", b"\0", "compile_failed"),
        ("a.py", b"x = 1\n" * 60_000, "program_too_big"),
    ],
)
def test_a_file_that_cannot_run_is_not_sent(name, data, code):
    with pytest.raises(UploadError) as refused:
        prepare(Program(name, data))
    assert refused.value.code == code


def test_a_mistake_is_told_with_its_line():
    with pytest.raises(UploadError) as refused:
        prepare(Program("a.py", b"x = 1\nif x\n    y\n"))
    assert dict(refused.value.params) == {"problem": "expected ':'", "line": 2}


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["lose", "corrupt", "hide", "none"]), st.integers(0, 60)), max_size=12
    ),
    st.integers(1, 9000),
)
def test_whatever_the_line_does_a_success_is_whole(faults, size):
    bench = UploadBench()
    for kind, place in faults:
        {
            "lose": lambda at=place: bench.brain.lose_byte(at),
            "corrupt": lambda at=place: bench.brain.corrupt_byte(at),
            "hide": bench.brain.lose_answer,
            "none": lambda: bench.brain._faults.append(lambda answer: answer),
        }[kind]()
    data = b"XVX5" + bytes(size)
    if bench.upload("a.bin", data, slot=0) is None:
        kept = bench.stored("slot_1.bin")
        assert (kept if kept.startswith(b"XVX5") else gzip.decompress(kept)) == data
    bench.brain._faults.clear()
    assert bench.upload("a.bin", data, slot=0) is None


def _failure(bench: UploadBench) -> tuple[str, dict]:
    error = bench.upload("line follower.bin", PROGRAM, slot=2)
    assert error is not None
    return error.code, dict(error.params)


async def test_after_an_upload_the_port_stays_open_and_the_kit_is_known_again():
    clock = MonotonicClock()
    brain = V5Emulator(clock)
    pipe = MemoryPipe("memory", brain, clock)
    outputs: list[Output] = []
    links: list[bool] = []
    session = Session(
        pipe,
        [V5Driver(HOST)],
        clock,
        on_output=lambda _, output: outputs.append(output),
        on_link=lambda session: links.append(session.linked),
    )
    running = asyncio.create_task(session.run())
    try:
        await until(lambda: session.linked)
        cargo = prepare(Program("a.bin", PROGRAM, 1))
        await session.converse(lambda heard: upload(cargo, heard, HOST), lambda _: None, reopens=False)
        stored = Told("program", "stored", json.dumps([{"slot": 2, "size": len(cargo.packed)}]))
        await until(lambda: stored in outputs)
        assert Told("program", "slot", "2") in outputs
        assert links == [True]
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
