"""A race timer on a line: found among several kinds, armed, read, and remembered."""

import json

import pytest

from devices.driver import Claimed, Host, Measured, Output, Remember, Say, Told
from devices.errors import ProtocolError
from devices.kits.race_timer.driver import PROBE_US, SILENCE_US, RaceTimerDriver
from devices.kits.race_timer.emulator import TimerEmulator
from devices.kits.race_timer.race import Race
from devices.protocols.plotter import Sample
from devices.protocols.race_session import LaneTime
from devices.transports.byte_pipe import Chunk

TIMER = "timer-0badcafe"


class Bench:
    """A driver and a timer on one line."""

    def __init__(self, notes: dict[str, str] | None = None) -> None:
        self.timer = TimerEmulator()
        self.driver = RaceTimerDriver(Host("room", "0badcafe", notes or {}))
        self.outputs: list[Output] = []
        self.asked: list[bytes] = []
        self._said: list[bytes] = []
        self.timer.opened(self._said.append)

    def take(self, outputs: list[Output]) -> None:
        for output in outputs:
            if isinstance(output, Say):
                self.asked.append(output.data)
                self.timer.heard(output.data)
            else:
                self.outputs.append(output)

    def settle(self, at_us: int = 0) -> None:
        while self._said:
            self.take(self.driver.received(Chunk(self._said.pop(0), at_us)))

    def find(self) -> None:
        self.take(self.driver.opened(0))
        self.settle()
        for turn in range(1, 5):
            self.take(self.driver.tick(turn * PROBE_US))
            self.settle(turn * PROBE_US)


@pytest.fixture
def bench() -> Bench:
    made = Bench()
    made.find()
    return made


def test_each_kind_is_asked_for_until_one_answers(bench):
    assert Claimed(TIMER) in bench.outputs
    assert Remember("profile", "fasttrack") in bench.outputs
    assert Told("timer", "model", "MicroWizard FastTrack, K series") in bench.outputs
    assert bench.asked[:3] == [b"C\r\n", b"R\r\n", b"RV\r\n"]


def test_the_kind_that_was_there_last_is_asked_for_first():
    bench = Bench({"profile": "fasttrack"})
    bench.take(bench.driver.opened(0))
    bench.settle()
    assert bench.asked[0] == b"RV\r\n"
    assert bench.outputs[0] == Claimed(TIMER)


def test_a_race_is_told_lane_by_lane(bench):
    bench.take(bench.driver.command("timer", "arm", '{"lanes": [1, 2, 3]}', 0))
    bench.settle()
    assert bench.timer.masked == {4, 5, 6}
    bench.outputs.clear()
    bench.take(bench.driver.tick(10 * PROBE_US))
    bench.settle()
    bench.timer.race((3.1, 0.0, 2.95))
    bench.take(bench.driver.tick(20 * PROBE_US))
    bench.settle(7)
    told = [
        json.loads(each.value) for each in bench.outputs if isinstance(each, Told) and each.key == "result"
    ]
    assert [(each["lane"], each["us"], each["resolution_us"]) for each in told] == [
        (1, 3_100_000, 1000),
        (2, None, 1000),
        (3, 2_950_000, 1000),
    ]
    assert Measured((Sample("lane-1", "Lane 1", 3.1, "s"),), 7) in bench.outputs
    assert Told("timer", "state", "racing") in bench.outputs


def last_race(bench: Bench) -> dict:
    told = [each for each in bench.outputs if isinstance(each, Told) and each.key == "race"]
    return json.loads(told[-1].value)


def test_the_last_race_is_told_whole_and_the_next_takes_its_place(bench):
    for number, times in ((1, (3.1, 0.0)), (2, (2.95, 3.2))):
        bench.timer.close_gate()
        bench.take(bench.driver.tick((2 * number + 8) * PROBE_US))
        bench.settle()
        bench.timer.race(times)
        bench.take(bench.driver.tick((2 * number + 9) * PROBE_US))
        bench.settle()
        lanes = [
            {"lane": n, "us": round(s * 1e6) or None, "resolution_us": 1000} for n, s in enumerate(times, 1)
        ]
        assert last_race(bench) == {"race": number, "lanes": lanes}


def test_a_timer_that_tells_no_start_begins_a_race_with_its_first_lane():
    race = Race()
    assert race.add(LaneTime(1, 5, 1))["race"] == 1
    race.finish()
    assert race.add(LaneTime(2, 6, 1))["race"] == 2
    assert race.add(LaneTime(2, 7, 1))["race"] == 3
    assert json.loads(race.describe()) == {
        "race": 3,
        "lanes": [{"lane": 2, "us": 7, "resolution_us": 1}],
    }


def test_what_it_can_be_told_is_told(bench):
    assert Told("timer", "takes", '["lanes"]') in bench.outputs


def test_a_loose_contact_makes_no_result(bench):
    bench.outputs.clear()
    bench.timer.garble()
    bench.settle()
    assert not [each for each in bench.outputs if isinstance(each, Told)]


def test_a_line_without_an_end_is_read_when_nothing_more_comes():
    bench = Bench({"profile": "supertimer"})
    bench.timer.mute = True
    bench.take(bench.driver.opened(0))
    bench.take(bench.driver.received(Chunk(b"UUUUt", 0)))
    assert bench.outputs == []
    bench.take(bench.driver.tick(SILENCE_US))
    assert bench.outputs[0] == Claimed(TIMER)


@pytest.mark.parametrize(
    ("key", "payload"), [("arm", "[]"), ("arm", '{"lanes": [9]}'), ("arm", "x"), ("end", "true"), ("fly", "")]
)
def test_a_senseless_command_is_refused(bench, key, payload):
    with pytest.raises(ProtocolError, match="bad_command"):
        bench.driver.command("timer", key, payload, 0)
