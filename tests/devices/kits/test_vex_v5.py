"""A VEX brain as its driver sees it: who it is, how it is, and which program runs."""

import json

import pytest

from devices.driver import Alert, Claimed, Cleared, Host, Refused, Reopen, Told
from devices.errors import ProtocolError
from devices.kits.vex_v5 import KIT
from devices.kits.vex_v5.brain_files import StoredFile
from devices.kits.vex_v5.emulator import V5Emulator
from devices.protocols.vex import Ack, Command, ExtendedPacket, crc32
from devices.protocols.vex_files import Product, Transfer
from tests.devices.kits.vex_bench import HOST, DriverBench


def put(brain: V5Emulator, name: str, seconds: int, data: bytes = b"XVX5") -> None:
    transfer = Transfer(1, name, len(data), 0x0380_0000, crc32(data), b"bin\0", seconds)
    brain.files[1, name] = StoredFile(transfer, data)


def told(bench: DriverBench, node: str, key: str) -> list[str]:
    return [
        each.value
        for each in bench.outputs
        if isinstance(each, Told) and (each.node, each.key) == (node, key)
    ]


def alerts(bench: DriverBench) -> dict[str, tuple[str, dict]]:
    raised: dict[str, tuple[str, dict]] = {}
    for output in bench.outputs:
        if isinstance(output, Alert):
            raised[output.id] = output.code, dict(output.params)
        elif isinstance(output, Cleared):
            raised.pop(output.id, None)
    return raised


@pytest.fixture
def bench() -> DriverBench:
    return DriverBench().plug().run(2)


def test_a_brain_says_who_it_is(bench):
    assert bench.outputs.count(Claimed("v5-0badcafe")) == 1
    assert set(told(bench, "firmware", "name")) == {"VEX V5"}
    assert told(bench, "firmware", "version")[0] == "1.1.5"
    assert told(bench, "board", "serial") == ["BE182800"]
    assert told(bench, "radio", "linked") == []


def test_its_ports_are_shown_with_what_is_plugged_in(bench):
    shown = [json.loads(told(bench, "ports", str(port))[-1]) for port in (1, 2, 5)]
    assert shown == [
        {"device": "motor", "kind": 2},
        {"device": None},
        {"device": "inertial sensor", "kind": 6},
    ]
    bench.brain.plugged = {2: 77}
    bench.run(6)
    assert json.loads(told(bench, "ports", "2")[-1]) == {"device": "device 77", "kind": 77}


def test_a_low_battery_is_an_alert_until_it_is_charged(bench):
    assert told(bench, "battery", "percent")[-1] == "80"
    bench.brain.battery_percent = 8
    bench.run(2)
    assert alerts(bench) == {"battery": ("battery_low", {"percent": 8})}
    bench.brain.battery_percent = 60
    bench.run(2)
    assert alerts(bench) == {}


def test_a_program_is_started_by_the_number_that_people_see(bench):
    put(bench.brain, "slot_3.bin", 5)
    bench.command("run", "3")
    assert bench.brain.brain.running == "slot_3.bin"
    bench.run(0.2)
    assert (told(bench, "program", "running")[-1], told(bench, "program", "slot")[-1]) == ("true", "3")
    bench.command("stop", "true")
    bench.run(0.2)
    assert bench.brain.brain.running is None
    assert told(bench, "program", "running")[-1] == "false"


@pytest.mark.parametrize("wanted", ["slot_2", "slot_2.bin", " 2 "])
def test_a_program_is_started_by_its_name(bench, wanted):
    put(bench.brain, "slot_2.bin", 5)
    bench.command("run", wanted)
    assert bench.brain.brain.running == "slot_2.bin"


def test_without_a_number_the_program_that_came_last_is_started():
    bench = DriverBench()
    for slot, seconds in ((1, 5), (4, 9), (6, 7)):
        put(bench.brain, f"slot_{slot}.bin", seconds)
    bench.plug().run(1)
    bench.command("run", "")
    assert bench.brain.brain.running == "slot_4.bin"


def test_without_a_number_the_last_upload_is_meant_if_it_is_remembered():
    bench = DriverBench(Host("room", "0badcafe", {"slot": "6"}))
    put(bench.brain, "slot_6.bin", 1)
    put(bench.brain, "slot_7.bin", 2)
    bench.plug().run(1)
    bench.command("run", "")
    assert bench.brain.brain.running == "slot_6.bin"


def test_the_programs_that_are_there_are_listed():
    bench = DriverBench()
    put(bench.brain, "slot_2.bin", 5, b"XVX5 and more")
    put(bench.brain, "slot_2.ini", 5, b"[program]")
    put(bench.brain, "slot_1.bin", 5)
    put(bench.brain, "notes.txt", 5)
    bench.plug().run(1)
    assert [json.loads(each) for each in told(bench, "program", "stored")] == [
        [{"slot": 1, "size": 4}, {"slot": 2, "size": 13}]
    ]


def test_a_slot_without_a_program_is_refused(bench):
    bench.command("run", "5")
    bench.run(0.2)
    put(bench.brain, "slot_5.bin", 5)
    bench.command("run", "5")
    bench.run(0.2)
    assert [each for each in bench.outputs if isinstance(each, Refused)] == [Refused("no_program")]


def test_a_brain_without_a_program_says_so(bench):
    with pytest.raises(ProtocolError, match="no_program"):
        bench.command("run", "")


@pytest.mark.parametrize(
    ("key", "payload"),
    [("run", "0"), ("run", "9"), ("run", "x"), ("stop", "false"), ("slot", "1")],
)
def test_a_command_that_is_none_is_refused(bench, key, payload):
    with pytest.raises(ProtocolError) as refused:
        bench.command(key, payload)
    assert refused.value.code == "bad_command"


def test_a_controller_tells_whether_its_brain_is_there():
    bench = DriverBench(product=Product.V5_CONTROLLER).plug().run(1)
    assert set(told(bench, "firmware", "name")) == {"VEX V5 controller"}
    assert told(bench, "radio", "linked") == ["true"]
    bench.brain.linked = False
    bench.run(6)
    assert alerts(bench) == {"radio": ("brain_not_linked", {})}
    bench.brain.linked = True
    bench.run(6)
    assert alerts(bench) == {}


def test_a_radio_is_not_kept_busy_with_questions():
    bench = DriverBench(product=Product.V5_CONTROLLER).plug().run(20)
    asked = {packet.command for packet in bench.brain.asked if isinstance(packet, ExtendedPacket)}
    assert asked == {Command.SYSTEM}
    assert len(bench.brain.asked) <= 6


def test_an_exp_is_known_by_its_identity_where_it_does_not_tell_its_version():
    bench = DriverBench(Host("room", "0badcafe", usb=(0x2888, 0x0600)))
    bench.brain.knows_version = False
    bench.plug().run(3)
    assert Claimed("v5-0badcafe") in bench.outputs
    assert told(bench, "firmware", "name") == ["VEX EXP"]
    assert told(bench, "battery", "percent") != []


def test_what_a_brain_refuses_is_not_asked_again():
    bench = DriverBench()
    bench.brain.refuse(Command.FLAGS, Ack.NACK)
    bench.plug().run(10)
    assert [packet.command for packet in bench.brain.asked].count(Command.FLAGS) == 1
    assert told(bench, "battery", "percent") == []


@pytest.mark.parametrize("fault", ["lose_byte", "corrupt_byte", "lose_answer"])
def test_a_damaged_answer_is_asked_for_again(fault):
    bench = DriverBench()
    getattr(bench.brain, fault)()
    bench.plug().run(4)
    assert Claimed("v5-0badcafe") in bench.outputs
    assert told(bench, "board", "serial") == ["BE182800"]
    assert told(bench, "battery", "percent") != []


def test_a_brain_that_answers_late_is_known_all_the_same():
    bench = DriverBench()
    bench.brain.late_us = 700_000
    bench.plug().run(12)
    assert Claimed("v5-0badcafe") in bench.outputs
    assert told(bench, "battery", "percent") != []


def test_a_brain_that_falls_silent_is_opened_anew(bench):
    bench.deaf = True
    bench.run(9)
    assert Reopen("board_silent") not in bench.outputs
    bench.run(2)
    assert Reopen("board_silent") in bench.outputs


def test_a_silent_port_is_not_claimed():
    bench = DriverBench()
    bench.brain.mute = True
    bench.plug().run(5)
    assert [each for each in bench.outputs if isinstance(each, Claimed)] == []


def test_noise_is_no_brain(bench):
    before = len(bench.outputs)
    bench.brain.flood(100_000)
    bench.run(2)
    assert all(isinstance(each, Told) or type(each).__name__ in {"Say", "Console", "Cleared"}
               for each in bench.outputs[before:])  # fmt: skip


def test_the_first_slot_is_number_one_on_the_brain():
    accepts = json.loads(KIT.accepts())
    assert (accepts["slots"], accepts["first_slot"], accepts["suffixes"]) == (8, 1, [".bin", ".py"])


def test_only_the_system_port_of_a_brain_is_this_kit():
    assert {(match.pid, match.interface) for match in KIT.usb} == {(0x0501, 0), (0x0600, 0), (0x0503, None)}
    assert HOST.port == "0badcafe"
