"""An EV3: who it is, what it measures, its mail."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.driver import Alert, Cleared, Host, Refused, Reopen
from devices.errors import ProtocolError
from devices.kits.ev3.driver import Ev3Driver
from devices.kits.ev3.emulator import Ev3Emulator
from devices.kits.ev3.ports import Plugged
from devices.transports.byte_pipe import Chunk
from tests.devices.kits.ev3_bench import PATH, PROGRAM, bench
from tests.devices.kits.lego_bench import HOST, Bench


def test_a_brick_is_known_by_its_address_and_tells_what_is_plugged_in():
    brick = bench().run()
    assert brick.device == brick.brick.device == "ev3-5340e2ab"
    assert brick.told() == {
        "firmware/version": "V1.09H",
        "firmware/name": "EV3",
        "ports/1": '{"device": "touch", "mode": 0}',
        "ports/2": '{"device": "color", "mode": 0}',
        "ports/3": '{"device": "ultrasonic", "mode": 0}',
        "ports/4": '{"device": null}',
        "ports/a": '{"device": "large-motor", "mode": 0}',
        "ports/b": '{"device": "large-motor", "mode": 0}',
        "ports/c": '{"device": "medium-motor", "mode": 0}',
        "ports/d": '{"device": null}',
        "program/running": "false",
        "battery/voltage": "7.60",
        "battery/percent": "72",
    }


def test_sensors_and_motors_are_measured_with_their_units():
    brick = bench().run()
    units = {key: unit for key, (_, unit) in brick.measured().items()}
    assert units == {
        "sensor-1-pressed": "",
        "sensor-2-reflection": "%",
        "sensor-3-distance": "cm",
        "motor-a-angle": "°",
        "motor-b-angle": "°",
        "motor-c-angle": "°",
    }
    brick.brick.machine.powers, brick.brick.machine.powered = [20, 0, 0, 0], [True, False, False, False]
    brick.run()
    assert brick.measured()["motor-a-angle"][0] > 100


def test_measurements_come_ten_times_a_second_and_no_faster():
    brick = bench().run()
    before = len(brick.heard)
    brick.run(10_000_000)
    assert 100 <= len(brick.heard) - before <= 125


def test_a_sensor_that_is_plugged_in_later_is_told_and_measured():
    brick = bench().run()
    brick.brick.machine.plugged[3] = Plugged(32, 1)
    brick.run(1_500_000)
    assert brick.told()["ports/4"] == '{"device": "gyro", "mode": 1}'
    assert brick.measured()["sensor-4-turn-rate"][1] == "°/s"


def test_a_battery_that_runs_low_is_an_alert_until_it_is_charged():
    brick = bench().run()
    brick.brick.machine.percent = 9
    brick.run(10_000_000)
    brick.brick.machine.percent = 80
    brick.run(10_500_000)
    alerts = [one for one in brick.said if isinstance(one, Alert | Cleared)]
    assert alerts == [Alert("battery", "battery_low", {"percent": 9}), Cleared("battery")]


def test_programs_are_started_by_name_by_path_or_as_the_last_one_uploaded():
    brick = bench(Host("room", "0badcafe", {"program": "../prjs/follower/follower.rbf"}))
    brick.brick.files.files |= {PATH: PROGRAM, "prjs/log/log.rbf": PROGRAM}
    brick.run()
    brick.command("program", "run", "")
    brick.run()
    assert (brick.brick.machine.running, brick.told()["program/running"]) == (f"../{PATH}", "true")
    brick.command("program", "stop", "true")
    brick.run()
    assert (brick.brick.machine.running, brick.told()["program/running"]) == (None, "false")
    brick.command("program", "run", "log.rbf")
    brick.run()
    assert brick.brick.machine.running == "../prjs/log/log.rbf"


def test_a_program_that_is_not_there_is_refused_by_its_name():
    brick = bench().run()
    brick.command("program", "run", "nothing")
    brick.run()
    refusals = [one for one in brick.said if isinstance(one, Refused)]
    assert refusals == [Refused("program_not_started", {"name": "nothing.rbf"})]


def test_a_brick_that_was_given_no_program_yet_says_so():
    brick = bench().run()
    with pytest.raises(ProtocolError, match="no_program"):
        brick.command("program", "run", "")


def test_a_brick_beeps_so_that_a_child_finds_it():
    brick = bench().run()
    brick.command("board", "identify", "true")
    brick.run()
    assert brick.brick.machine.tones == [(880, 600)]


def test_mail_goes_both_ways_and_numbers_are_plotted():
    brick = bench().run()
    brick.command("mailbox", "send", '{"box": "go", "value": true}')
    brick.command("mailbox", "send", '{"box": "speed", "value": 40}')
    assert brick.brick.mailboxes == {"go": b"\x01", "speed": b"\x00\x00 B"}
    brick.brick.send_mail("state", "turning")
    brick.listen()
    assert json.loads(brick.told()["mailbox/received"]) == {"box": "state", "value": "turning"}
    brick.brick.send_mail("temp", 23.5)
    brick.brick.send_mail("log", "light:41,distance:7")
    brick.listen()
    assert [brick.measured()[key][0] for key in ("temp", "light", "distance")] == [23.5, 41.0, 7.0]


@pytest.mark.parametrize(
    ("node", "key", "payload"),
    [
        ("program", "run", "a\nb"),
        ("mailbox", "send", "{"),
        ("mailbox", "send", '{"box": "", "value": 1}'),
        ("mailbox", "send", '{"box": "x", "value": [1]}'),
        ("mailbox", "send", '{"box": "x", "value": 1e300}'),
        ("mailbox", "send", json.dumps({"box": "x", "value": "y" * 300})),
        ("motor", "a", "100"),
    ],
)
def test_a_command_that_makes_no_sense_is_refused(node, key, payload):
    brick = bench().run()
    with pytest.raises(ProtocolError, match="bad_command"):
        brick.command(node, key, payload)


def test_a_lost_or_wrong_byte_costs_one_answer_and_no_more():
    brick = bench().run()
    for spoil in (brick.brick.lose_byte, brick.brick.corrupt_byte):
        for place in range(9):
            spoil(place)
            brick.run(3_000_000)
            brick.said.clear()
            brick.run(1_000_000)
            assert len(brick.measured()) == 6


def test_a_flood_of_what_nobody_asked_for_is_passed_over():
    brick = bench().run()
    brick.brick.flood(1000)
    brick.said.clear()
    brick.run()
    assert len(brick.measured()) == 6


def test_a_silent_brick_is_opened_anew():
    brick = bench().run()
    brick.brick.mute = True
    brick.run(12_000_000)
    assert Reopen("board_silent") in brick.said


def test_a_wrong_byte_in_the_address_makes_no_other_brick():
    brick = Bench(Ev3Emulator, Ev3Driver(HOST))
    for place in range(5, 30):
        brick.driver.opened(brick.clock.now_us())
        brick.brick.corrupt_byte(place)
        brick.run(3_000_000)
    assert {brick.device} == {"ev3-5340e2ab"}


@given(st.lists(st.binary(max_size=200), max_size=10))
def test_noise_on_the_line_never_fails(chunks):
    driver = Ev3Driver(HOST)
    driver.opened(0)
    for at, chunk in enumerate(chunks):
        driver.received(Chunk(chunk, at))
        driver.tick(at * 3_000_000)
