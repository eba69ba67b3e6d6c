"""A SPIKE hub's driver against its emulator: who it is, what it reads, what it prints, what it refuses."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.driver import (
    Claimed,
    Console,
    Measured,
    Printed,
    Refused,
    Reopen,
    Say,
    Told,
)
from devices.errors import ProtocolError
from devices.kits.spike.hub import Hub
from devices.protocols.plotter import Sample
from devices.protocols.spike import Event, HubUuid, Id, Notified
from devices.protocols.spike_cobs import encode
from devices.protocols.spike_records import Color, Distance, Force, Imu, Matrix, Motor, format_records
from devices.protocols.spike_requests import InfoRequest, NotifyRequest, UuidRequest, parse_request
from tests.devices.kits.spike_bench import Bench

DEVICE = "spike-6d21d5c9"


class Numberless(Hub):
    """Firmware that does not know the question."""

    def answer(self, request) -> tuple[Event, ...]:
        return () if isinstance(request, UuidRequest) else super().answer(request)


@pytest.fixture
def bench() -> Bench:
    return Bench().plug().run(0.5)


@pytest.mark.parametrize("port", ["0badcafe", "12345678"])
def test_a_hub_is_known_by_its_own_number_wherever_it_is_plugged_in(port):
    assert Bench(port=port).plug().run(0.5).all(Claimed) == [Claimed(DEVICE)]


def test_a_hub_that_takes_three_seconds_to_answer_is_still_known_by_its_number():
    bench = Bench()
    bench.board.late_us = 3_000_000
    assert bench.plug().run(20).all(Claimed)[:1] == [Claimed(DEVICE)]


def test_a_hub_without_a_number_is_known_by_its_port():
    bench = Bench(hub=Numberless()).plug().run(4.5)
    assert bench.all(Claimed) == [Claimed("spike-0badcafe")]


def test_a_number_that_came_damaged_is_not_believed():
    bench = Bench(hub=Numberless()).plug().run(0.1)
    for last in (1, 2, 3, 3):
        bench.board._tell(HubUuid(bytes(15) + bytes([last])))
    claimed = bench.all(Claimed)
    assert len(claimed) == 1
    other = Bench(hub=Numberless()).plug().run(0.1)
    for last in (3, 3):
        other.board._tell(HubUuid(bytes(15) + bytes([last])))
    assert claimed == other.all(Claimed)


def test_nothing_is_said_before_the_hub_had_its_moment(bench):
    bench = Bench().plug()
    assert bench.all(Say) == []
    assert bench.run(0.1).board.requests[0] == InfoRequest()
    assert bench.all(Say)[0] == Say(b"\x02\x00\x00\x02")


def test_the_hub_says_what_it_is(bench):
    assert bench.told("firmware", "name") == ["SPIKE Prime"]
    assert bench.told("firmware", "version") == ["1.8.149"]
    assert bench.told("hub", "name") == ["Robi"]
    assert bench.told("battery", "percent") == ["87"]


@pytest.mark.parametrize(
    ("pid", "name", "ports"),
    [
        (0x0009, "SPIKE Prime", "abcdef"),
        (0x000D, "SPIKE Essential", "ab"),
        (0x0010, "Robot Inventor", "abcdef"),
    ],
)
def test_hubs_of_three_kinds_are_told_apart_by_their_usb_identity_and_have_their_own_ports(pid, name, ports):
    bench = Bench(usb=(0x0694, pid))
    bench.hub.records = lambda _: (Motor(1, 0x31, 0, 0, 0, 0),)
    bench.plug().run(0.5)
    assert bench.told("firmware", "name") == [name]
    told = {one.key: one.value for one in bench.all(Told) if one.node == "ports"}
    assert told == dict.fromkeys(ports, '{"device": null}') | {"b": '{"device": "large-motor"}'}


@pytest.mark.parametrize(
    "message",
    ["01" + "07" + "00000000", "02" + "00" + "4000000000", "03" + "01" + "002a" + b"Pybricks Hub".hex()],
)
def test_a_hub_with_pybricks_firmware_is_left_alone(message):
    bench = Bench()
    bench.board.mute = True
    bench.plug()
    for _ in range(20):
        bench.hear(encode(bytes.fromhex(message)))
        bench.run(0.4)
    assert bench.all(Claimed) == []
    assert {type(request) for request in bench.board.requests} == {InfoRequest}


def test_a_hub_that_was_unplugged_is_greeted_again(bench):
    bench.unplug()
    bench.run(3)
    bench.outputs.clear()
    bench.plug().run(0.5)
    assert bench.all(Claimed) == [Claimed(DEVICE)]
    assert bench.samples()["distance-d"] == (420.0, "mm")


def test_the_first_words_after_a_swap_belong_to_the_new_hub(bench):
    bench.unplug()
    bench.hub._uuid = bytes(16)
    bench.outputs.clear()
    bench.plug().run(0.5)
    (claimed,) = bench.all(Claimed)
    assert claimed.device != DEVICE
    assert bench.told("hub", "name") == ["Robi"]


def test_motors_are_read_with_their_units(bench):
    bench.notify(Motor(1, 0x31, -90, -2550, -25, 720))
    assert bench.samples() == {
        "motor-b-angle": (720.0, "°"),
        "motor-b-absolute": (-90.0, "°"),
        "motor-b-speed": (-25.0, "%"),
        "motor-b-power": (-25.5, "%"),
    }
    assert bench.told("ports", "b") == ['{"device": "large-motor"}']
    assert bench.told("ports", "a") == ['{"device": null}']


def test_sensors_are_read_with_their_units(bench):
    bench.notify(Force(0, 42, 1), Color(2, 9, 1000, 12, 3), Distance(3, 133), Matrix(5, bytes(9)))
    assert bench.samples() == {
        "force-a": (42.0, "%"),
        "force-a-pressed": (1.0, ""),
        "color-c-red": (1000.0, ""),
        "color-c-green": (12.0, ""),
        "color-c-blue": (3.0, ""),
        "distance-d": (133.0, "mm"),
    }
    assert json.loads(bench.told("ports", "c")[-1]) == {"device": "color-sensor", "color": "red"}
    assert json.loads(bench.told("ports", "f")[-1]) == {"device": "color-matrix"}


def test_nothing_in_sight_is_no_distance(bench):
    bench.notify(Distance(3, -1))
    assert bench.samples() == {}


def test_the_hub_feels_how_it_stands(bench):
    bench.notify(Imu(0, 0, -905, 10, 0, 12, 0, 998, 0, 0, -33))
    assert bench.samples() == {
        "imu-yaw": (-90.5, "°"),
        "imu-pitch": (1.0, "°"),
        "imu-roll": (0.0, "°"),
        "imu-acceleration-x": (0.012, "g"),
        "imu-acceleration-y": (0.0, "g"),
        "imu-acceleration-z": (0.998, "g"),
        "imu-rotation-x": (0.0, "°/s"),
        "imu-rotation-y": (0.0, "°/s"),
        "imu-rotation-z": (-3.3, "°/s"),
    }


def test_untrue_records_are_not_told(bench):
    bench.outputs.clear()
    bench.board._tell(Notified(format_records((Distance(3, 5),)) + b"\x00\xff"))
    assert bench.all(Measured) == []
    assert [note.level for note in bench.all(Console)] == ["debug"]


def test_what_a_program_prints_is_heard_even_torn_in_the_middle_of_a_letter(bench):
    word = "Сәлем\n".encode()
    for at in range(len(word)):
        bench.hub.print(word[at : at + 1])
    assert "".join(printed.text for printed in bench.all(Printed)) == "Сәлем\n"


def test_a_long_text_comes_in_pieces_and_whole(bench):
    bench.hub.print(b"x" * 1000 + b"\n")
    assert "".join(printed.text for printed in bench.all(Printed)) == "x" * 1000 + "\n"


def test_a_plotter_line_is_telemetry_and_text(bench):
    bench.outputs.clear()
    bench.hub.print(b"light:41,dist")
    bench.hub.print(b"ance:120\nhello\n")
    (measured,) = bench.all(Measured)
    assert measured.samples == (Sample("light", "light", 41.0), Sample("distance", "distance", 120.0))
    assert "".join(printed.text for printed in bench.all(Printed)) == "light:41,distance:120\nhello\n"


def test_a_program_is_started_and_stopped(bench):
    bench.hub.slots[7] = b"pass"
    bench.command("program", "run", "7")
    assert (bench.hub.running, bench.told("program", "running")) == (7, ["true"])
    assert bench.told("program", "slot") == ["7"]
    bench.command("program", "stop", "true")
    assert (bench.hub.running, bench.told("program", "running")) == (None, ["true", "false"])


def test_a_program_that_ends_by_itself_is_told(bench):
    bench.hub.slots[0] = b"pass"
    bench.command("program", "run", "0")
    bench.hub.end()
    assert bench.told("program", "running") == ["true", "false"]


def test_without_a_slot_the_program_that_came_last_is_started(bench):
    bench.hub.slots[3] = b"pass"
    bench.notes["slot"] = "3"
    bench.command("program", "run", "")
    assert bench.hub.running == 3


def test_an_empty_slot_is_refused(bench):
    bench.command("program", "run", "7")
    assert bench.all(Refused) == [Refused("slot_empty", {"slot": 7})]
    assert bench.told("program", "running") == []


def test_a_hub_that_was_given_no_program_yet_says_so(bench):
    with pytest.raises(ProtocolError, match="no_program"):
        bench.command("program", "run", "")


def test_an_answer_that_comes_too_late_is_not_taken_for_another_question(bench):
    bench.hub.slots[1] = b"pass"
    bench.board.lose_byte()
    bench.command("program", "run", "5")
    bench.run(4)
    bench.command("program", "run", "1")
    assert bench.told("program", "slot") == ["1"]


def test_a_hub_is_given_a_name(bench):
    bench.command("hub", "name", "Тұлпар")
    assert bench.told("hub", "name") == ["Robi", "Тұлпар"]


def test_a_name_that_the_hub_refuses_is_told(bench):
    bench.board.refuse(Id.SET_NAME)
    bench.command("hub", "name", "Robi 2")
    assert bench.all(Refused) == [Refused("name_refused")]
    assert bench.told("hub", "name") == ["Robi"]


@pytest.mark.parametrize(
    ("node", "key", "payload"),
    [("program", "run", "20"), ("program", "run", "-1"), ("program", "run", "²"),
     ("program", "run", "9" * 5000), ("program", "run", "x"), ("program", "stop", "false"),
     ("hub", "name", ""), ("hub", "name", "x" * 30), ("hub", "name", "a\nb"), ("console", "send", "x")],
)  # fmt: skip
def test_a_command_that_is_none_is_refused(bench, node, key, payload):
    with pytest.raises(ProtocolError) as refused:
        bench.command(node, key, payload)
    assert refused.value.code == "bad_command"


def test_a_low_battery_is_told_until_it_is_charged(bench):
    bench.hub.battery_percent = 14
    bench.run(0.2)
    assert bench.alerts() == {"battery": ("battery_low", {"percent": 14})}
    bench.hub.battery_percent = 17
    bench.run(0.2)
    assert list(bench.alerts()) == ["battery"]
    bench.hub.battery_percent = 40
    bench.run(0.2)
    assert bench.alerts() == {}


def test_a_silent_hub_is_asked_then_told_and_in_the_end_opened_anew(bench):
    bench.board.mute = True
    before = len(bench.board.requests)
    bench.run(5)
    assert NotifyRequest(100) in bench.board.requests[before:]
    assert bench.alerts() == {"silent": ("hub_silent", {})}
    bench.board.mute = False
    bench.run(1)
    assert bench.alerts() == {}
    bench.board.mute = True
    bench.run(13)
    assert Reopen("board_silent") in bench.outputs


def test_a_hub_that_refuses_notifications_is_kept_all_the_same(bench):
    bench = Bench()
    bench.board.refuse(*[Id.NOTIFY] * 20)
    bench.plug().run(15)
    assert (bench.alerts(), bench.all(Reopen)) == ({}, [])


def test_answers_that_come_late_are_answers():
    bench = Bench()
    bench.board.late_us = 350_000
    bench.plug().run(3)
    assert bench.all(Claimed)[0] == Claimed(DEVICE)
    assert bench.told("hub", "name") == ["Robi"]


def test_the_firmware_of_another_app_is_recognised_and_said_to_need_an_update():
    bench = Bench(old_firmware=True).plug().run(20)
    assert bench.all(Claimed) == [Claimed("spike-0badcafe")]
    assert bench.alerts() == {"firmware": ("firmware_too_old", {"found": "2", "needed": "3"})}
    assert bench.all(Reopen) == []


def test_json_of_a_pupil_on_another_board_is_not_taken_for_a_hub():
    bench = Bench(old_firmware=True, usb=(0x2341, 0x0043)).plug().run(5)
    assert bench.all(Claimed) == []


def test_a_flood_is_survived_with_few_words_about_it(bench):
    bench.outputs.clear()
    for _ in range(30):
        bench.board.flood(b"\x55\x02" * 2000)
    assert len(bench.all(Console)) == 1
    bench.board.flood(b"\x02")
    bench.outputs.clear()
    bench.run(0.3)
    assert bench.samples()["distance-d"] == (420.0, "mm")
    assert bench.driver._reader.kept_bytes == 0


@settings(max_examples=40, deadline=None)
@given(st.lists(st.binary(max_size=120), max_size=20), st.booleans())
def test_any_bytes_are_survived(pieces, greeted):
    bench = Bench().plug()
    if greeted:
        bench.run(0.4)
    for piece in pieces:
        bench.hear(piece)
        bench.hear(encode(piece))
        bench.run(0.05)
    assert bench.driver._reader.kept_bytes < 20_000


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 60), max_size=12), st.integers(0, 12), st.integers(0, 60), st.integers(1, 255))
def test_whatever_the_line_does_no_other_hub_appears(lost, when, place, flip):
    bench = Bench().plug()
    for turn, byte in enumerate([*lost, 0]):
        if turn == when:
            bench.board.corrupt_byte(place, flip)
        elif turn < len(lost):
            bench.board.lose_byte(byte)
    bench.run(2.5)
    assert {claimed.device for claimed in bench.all(Claimed)} <= {DEVICE, "spike-0badcafe"}


def test_the_emulator_hears_only_whole_requests():
    bench = Bench().plug().run(0.5)
    before = list(bench.board.requests)
    bench.board.heard(encode(b"\x46")[:-1])
    bench.board.heard(b"\x02" + encode(b"\x77") + b"noise\x02")
    assert bench.board.requests == before
    assert parse_request(b"\x77") is None
