"""An NXT: who it is, what it measures, its messages."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.driver import Alert, Cleared, Host, Refused, Reopen
from devices.errors import ProtocolError
from devices.kits.nxt.driver import NxtDriver
from devices.transports.byte_pipe import Chunk
from tests.devices.kits.lego_bench import HOST
from tests.devices.kits.nxt_bench import PROGRAM, bench


def test_a_brick_is_known_by_its_address_and_tells_what_its_program_has_set():
    brick = bench().run()
    assert brick.device == brick.brick.device == "nxt-53045c1a"
    assert brick.told() == {
        "firmware/name": "NXT",
        "firmware/version": "1.31",
        "program/running": "false",
        "battery/voltage": "7.80",
        "battery/percent": "52",
        "ports/1": '{"device": "touch", "mode": 1}',
        "ports/2": '{"device": "sound", "mode": 4}',
        "ports/3": '{"device": "light", "mode": 4}',
        "ports/4": '{"device": null}',
    }


def test_sensors_and_motors_are_measured_with_their_units():
    brick = bench().run()
    assert {key: unit for key, (_, unit) in brick.measured().items()} == {
        "sensor-1-pressed": "",
        "sensor-2-percent": "%",
        "sensor-3-percent": "%",
        "motor-a-angle": "°",
        "motor-b-angle": "°",
        "motor-c-angle": "°",
    }
    brick.brick.powers[1] = -50
    brick.run()
    assert brick.measured()["motor-b-angle"][0] < -300


def test_a_round_of_measurements_comes_five_times_a_second_and_no_faster():
    brick = bench().run()
    before = len(brick.heard)
    brick.run(10_000_000)
    assert 340 <= len(brick.heard) - before <= 400


def test_a_brick_is_kept_awake():
    assert bench().run(130_000_000).brick.kept_awake == 3


def test_a_battery_that_runs_low_is_an_alert_until_it_is_charged():
    brick = bench().run()
    brick.brick.millivolts = 6700
    brick.run(10_000_000)
    brick.brick.millivolts = 8400
    brick.run(10_500_000)
    alerts = [one for one in brick.said if isinstance(one, Alert | Cleared)]
    assert alerts == [Alert("battery", "battery_low", {"percent": 8}), Cleared("battery")]


def test_programs_are_started_by_name_or_as_the_last_one_uploaded():
    brick = bench(Host("room", "0badcafe", {"program": "follower.rxe"}))
    brick.brick.files.files["follower.rxe"] = PROGRAM
    brick.run()
    brick.command("program", "run", "")
    brick.run()
    assert (brick.brick.running, brick.told()["program/running"]) == ("follower.rxe", "true")
    brick.command("program", "stop", "true")
    brick.run()
    assert (brick.brick.running, brick.told()["program/running"]) == (None, "false")
    brick.command("program", "run", "Demo")
    brick.run()
    assert brick.brick.running == "Demo.rxe"


def test_what_the_brick_refuses_is_told():
    brick = bench().run()
    brick.command("program", "stop", "true")
    brick.command("mailbox", "send", '{"box": 1, "value": "go"}')
    brick.command("program", "run", "nothing")
    brick.run()
    assert [one for one in brick.said if isinstance(one, Refused)] == [
        Refused("nothing_runs"),
        Refused("nobody_reads"),
        Refused("program_not_started", {"name": "nothing.rxe"}),
    ]


def test_a_brick_that_was_given_no_program_yet_says_so():
    brick = bench().run()
    with pytest.raises(ProtocolError, match="no_program"):
        brick.command("program", "run", "")


def test_messages_go_both_ways_and_numbers_are_plotted():
    brick = bench().run()
    brick.command("program", "run", "Demo")
    brick.run()
    brick.command("mailbox", "send", '{"box": 1, "value": "go"}')
    brick.command("mailbox", "send", '{"box": 2, "value": 40}')
    brick.brick.send_message(3, "light:41,distance:7")
    brick.run(3_000_000)
    assert brick.brick.inboxes == {1: [b"go\0"], 2: [b"40\0"]}
    assert json.loads(brick.told()["mailbox/received"]) == {"box": 3, "value": "light:41,distance:7"}
    assert [brick.measured()[key][0] for key in ("light", "distance")] == [41.0, 7.0]


def test_a_beep_tells_which_brick_it_is():
    brick = bench().run()
    brick.command("board", "identify", "true")
    brick.run()
    assert brick.brick.tones == [(880, 600)]


@pytest.mark.parametrize(
    ("node", "key", "payload"),
    [
        ("program", "run", "a name that is far too long"),
        ("program", "run", "сызық"),
        ("mailbox", "send", "[]"),
        ("mailbox", "send", '{"box": 0, "value": "x"}'),
        ("mailbox", "send", '{"box": 11, "value": "x"}'),
        ("mailbox", "send", json.dumps({"box": 1, "value": "y" * 59})),
        ("motor", "a", "100"),
    ],
)
def test_a_command_that_makes_no_sense_is_refused(node, key, payload):
    brick = bench().run()
    with pytest.raises(ProtocolError, match="bad_command"):
        brick.command(node, key, payload)


def test_a_lost_or_wrong_byte_costs_an_answer_and_no_more():
    brick = bench().run()
    for spoil in (brick.brick.lose_byte, brick.brick.corrupt_byte):
        for place in range(6):
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
    assert Reopen("board_silent") in brick.run(12_000_000).said


@given(st.lists(st.binary(max_size=200), max_size=10))
def test_noise_on_the_line_never_fails(chunks):
    driver = NxtDriver(HOST)
    driver.opened(0)
    for at, chunk in enumerate(chunks):
        driver.received(Chunk(chunk, at))
        driver.tick(at * 3_000_000)
