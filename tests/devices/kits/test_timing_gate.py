"""A gate's driver against its emulator: nothing is lost or doubled, and every fault is named."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.driver import Alert, Claimed, Cleared, Console, Kept, Measured, Output, Reopen, Say, Told
from devices.errors import ProtocolError
from devices.kits.timing_gate.driver import GateDriver
from devices.kits.timing_gate.emulator import GateEmulator
from devices.protocols.gate import BoardPassage, Status, format_event
from devices.protocols.plotter import Sample
from devices.transports.byte_pipe import Chunk
from lab_controller.clock import ManualClock


class Bench:
    """A driver and an emulator, joined by a line without delay; `disk` is what was kept."""

    def __init__(self, **board) -> None:
        self.clock = ManualClock(1_000_000_000)
        self.board = GateEmulator(self.clock, **board)
        self.driver = GateDriver("room")
        self.outputs: list[Output] = []
        self.disk: list[Kept] = []
        self.storing = True
        self.plugged = False

    def plug(self) -> "Bench":
        self.plugged = True
        self.board.opened(self._hear)
        self._carry(self.driver.opened(self.clock.now_us()))
        return self

    def unplug(self) -> None:
        self.plugged = False
        self.board.closed()

    def run(self, seconds: float) -> "Bench":
        for _ in range(int(seconds * 20)):
            self.clock.advance(us=50_000)
            self.board.tick()
            self._carry(self.driver.tick(self.clock.now_us()))
        return self

    def command(self, key: str, payload: object) -> None:
        self._carry(self.driver.command("gate", key, json.dumps(payload), self.clock.now_us()))

    def told(self, key: str, node: str = "gate") -> list:
        return [
            json.loads(o.value)
            for o in self.outputs
            if isinstance(o, Told) and (o.node, o.key) == (node, key)
        ]

    def alerts(self) -> list[str]:
        raised: dict[str, str] = {}
        for output in self.outputs:
            if isinstance(output, Alert):
                raised[output.id] = output.code
            elif isinstance(output, Cleared):
                raised.pop(output.id, None)
        return sorted(raised.values())

    def seqs(self) -> list[int]:
        return [kept.seq for kept in self.disk]

    def _hear(self, data: bytes) -> None:
        if self.plugged:
            self._carry(self.driver.received(Chunk(data, self.clock.now_us())))

    def _carry(self, outputs: list[Output]) -> None:
        self.outputs += outputs
        for output in outputs:
            if isinstance(output, Kept):
                self.disk.append(output)
                if self.storing:
                    self._carry(self.driver.stored(output.boot, (output.seq,)))
            elif isinstance(output, Say) and self.plugged:
                self.board.heard(output.data)


@pytest.fixture
def bench() -> Bench:
    return Bench().plug().run(0.2)


async def test_a_board_is_known_by_its_own_id(bench):
    assert Claimed("gate-a1b2c3") in bench.outputs


async def test_a_robot_makes_two_passages_and_the_board_may_forget_them(bench):
    at_us = bench.clock.now_us() - 1_000_000_000
    await bench.board.break_beam(1)
    bench.clock.advance(us=300_000)
    await bench.board.clear_beam(1)
    assert [json.loads(kept.value) for kept in bench.disk] == [
        {"seq": 1, "boot": "5f3a", "lane": 1, "edge": "B", "us": at_us},
        {"seq": 2, "boot": "5f3a", "lane": 1, "edge": "C", "us": at_us + 300_000},
    ]
    assert bench.board.unacknowledged == ()


async def test_a_passage_is_not_acknowledged_before_it_is_on_disk(bench):
    bench.storing = False
    await bench.board.break_beam(1)
    bench.run(3)
    assert (bench.seqs(), len(bench.board.unacknowledged)) == ([1], 1)
    bench._carry(bench.driver.stored("5f3a", (1,)))
    assert bench.board.unacknowledged == ()


async def test_a_bouncing_beam_is_one_passage_with_its_edges_as_evidence(bench):
    bench.board.bounces = 3
    await bench.board.break_beam(1)
    bench.run(0.1)
    assert bench.seqs() == [1]
    assert [edge["edge"] for edge in bench.told("edge")] == ["C", "B", "C", "B", "C", "B"]
    assert bench.alerts() == ["beam_bounces"]
    bench.run(20)
    assert bench.alerts() == ["beam_blocked"]


async def test_a_robot_faster_than_the_debounce_window_is_not_lost(bench):
    await bench.board.break_beam(2)
    bench.clock.advance(us=4_000)
    await bench.board.clear_beam(2)
    bench.run(0.1)
    assert [(json.loads(kept.value)["edge"]) for kept in bench.disk] == ["B", "C"]
    first, second = (json.loads(kept.value)["us"] for kept in bench.disk)
    assert second - first == 4_000


@pytest.mark.parametrize("fault", ["lose_byte", "corrupt_byte"])
async def test_a_damaged_passage_is_asked_for_again_at_once(bench, fault):
    getattr(bench.board, fault)()
    await bench.board.break_beam(1)
    assert bench.seqs() == [1]
    assert bench.board.unacknowledged == ()


async def test_a_passage_that_vanished_whole_is_noticed_within_a_second(bench):
    say = bench.board._say
    bench.board._say = None
    await bench.board.break_beam(1)
    bench.board._say = say
    bench.run(1.2)
    assert bench.seqs() == [1]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["none", "lose", "corrupt", "pull"]), st.integers(0, 40)), max_size=25)
)
async def test_whatever_the_line_does_each_passage_comes_once(faults):
    bench = Bench(resets_on_open=False).plug().run(0.2)
    for place, (fault, byte) in enumerate(faults):
        if fault == "lose":
            bench.board.lose_byte(byte)
        elif fault == "corrupt":
            bench.board.corrupt_byte(byte)
        elif fault == "pull" and bench.plugged:
            bench.unplug()
        elif not bench.plugged:
            bench.plug()
        await (bench.board.break_beam(1) if place % 2 == 0 else bench.board.clear_beam(1))
        bench.run(0.1)
    if not bench.plugged:
        bench.plug()
    bench.run(12)
    assert sorted(bench.seqs()) == list(range(1, len(faults) + 1))
    assert bench.board.unacknowledged == ()
    assert "passages_lost" not in bench.alerts()


async def test_an_overflowing_ring_is_told_with_the_lost_passages():
    bench = Bench(kept=2, resets_on_open=False).plug().run(0.2)
    bench.unplug()
    for place in range(6):
        await (bench.board.break_beam(1) if place % 2 == 0 else bench.board.clear_beam(1))
        bench.clock.advance(us=100_000)
    bench.plug().run(3)
    assert bench.seqs() == [5, 6]
    (lost,) = [o for o in bench.outputs if isinstance(o, Alert) and o.code == "passages_lost"]
    assert dict(lost.params) == {"first": 1, "last": 4}


async def test_a_board_that_resets_by_itself_begins_a_new_boot_and_is_told(bench):
    await bench.board.break_beam(1)
    bench.board.reset()
    bench.clock.advance(us=50_000)
    bench.board._edge(1, False)
    await bench.board.break_beam(1)
    bench.run(0.2)
    assert [(kept.boot, kept.seq) for kept in bench.disk] == [("5f3a", 1), ("5f3b", 1)]
    assert bench.alerts() == ["board_reset"]


async def test_the_first_opening_is_no_reset(bench):
    bench.run(2)
    assert bench.alerts() == []


async def test_an_arming_names_the_last_passage_before_it(bench):
    await bench.board.break_beam(1)
    bench.command("arm", {"armed": True, "token": "0a1b2c3d"})
    (arm,) = bench.told("arm")
    assert (arm["armed"], arm["token"], arm["boot"], arm["seq"]) == (True, "0a1b2c3d", "5f3a", 1)
    assert bench.told("armed")[-1] is True


async def test_a_lost_arming_is_repeated(bench):
    bench.board.mute = True
    bench.command("arm", {"armed": True, "token": "0a1b2c3d"})
    bench.board.mute = False
    bench.run(0.5)
    assert [arm["token"] for arm in bench.told("arm")] == ["0a1b2c3d"]


@pytest.mark.parametrize(
    ("key", "payload"),
    [("arm", "x"), ("arm", {}), ("arm", {"armed": 1, "token": "a"}), ("arm", {"armed": True, "token": "a,b"}),
     ("arm", {"armed": True, "token": "toolongtoken"}), ("passage", {}), ("self-test", [])],
)  # fmt: skip
async def test_a_command_that_is_none_is_refused(bench, key, payload):
    with pytest.raises(ProtocolError) as refused:
        bench.command(key, payload)
    assert refused.value.code == "bad_command"


async def test_a_blocked_beam_is_told_after_ten_seconds_until_it_is_clear(bench):
    bench.board.stay_blocked(2)
    bench.run(9)
    assert (bench.told("blocked")[-1], bench.alerts()) == ([2], [])
    bench.run(2)
    assert bench.alerts() == ["beam_blocked"]
    bench.board.come_clear(2)
    assert (bench.told("blocked")[-1], bench.alerts()) == ([], [])


async def test_a_reset_forgets_a_blocked_beam(bench):
    bench.board.stay_blocked(2)
    bench.run(11)
    assert bench.alerts() == ["beam_blocked"]
    bench.board._stuck.clear()
    bench.board.reset()
    bench.run(1)
    assert (bench.told("blocked")[-1], bench.alerts()) == ([], ["board_reset"])


@pytest.mark.parametrize("ppm", [-1300, 0, 100])
async def test_the_drift_is_measured_once_a_second(ppm):
    bench = Bench(ppm=ppm).plug().run(60)
    fits = bench.told("fit", "clock")
    assert 55 <= len(fits) <= 61
    assert fits[-1]["ppm_lo"] <= -ppm / (1 + ppm / 1e6) <= fits[-1]["ppm_hi"]
    assert bench.alerts() == []


async def test_a_clock_far_from_true_is_told():
    assert Bench(ppm=4000).plug().run(30).alerts() == ["drift_too_large"]


async def test_a_board_that_falls_silent_is_told_and_its_port_opened_anew(bench):
    bench.run(1)
    bench.board.mute = True
    bench.run(4)
    assert bench.alerts() == ["board_silent"]
    bench.run(8)
    assert Reopen("board_silent") in bench.outputs
    bench.board.mute = False
    bench.run(2)
    assert bench.alerts() == []


async def test_a_self_test_says_what_is_wrong(bench):
    bench.run(3)
    bench.command("self-test", {"token": "7"})
    bench.board.stay_blocked(1)
    bench.command("self-test", {"token": "8"})
    bench.board.mute = True
    bench.command("self-test", {"token": "9"})
    bench.run(2.5)
    well, blocked, silent = bench.told("self-test")
    assert (well["token"], well["blocked"], well["link"], well["problems"]) == ("7", [], "ok", [])
    assert well["drift_ppm"][0] < 0 < well["drift_ppm"][1]
    assert (blocked["token"], blocked["blocked"], blocked["problems"]) == ("8", [1], ["beam_blocked"])
    assert (silent["token"], silent["link"]) == ("9", "lost")
    assert "board_silent" in silent["problems"]


async def test_a_noisy_line_is_told_and_forgiven(bench):
    for _ in range(3):
        bench.board.print_line("\x01\x02\x03")
    bench.run(0.1)
    assert bench.alerts() == ["line_noise"]
    bench.run(31)
    assert bench.alerts() == []


async def test_what_a_pupil_prints_beside_the_gate_is_telemetry(bench):
    bench.board.print_line("temp:23.5")
    bench.board.print_line("go!")
    now_us = bench.clock.now_us()
    assert Measured((Sample("temp", "temp", 23.5),), now_us) in bench.outputs
    assert Console("debug", "go!") in bench.outputs


@given(st.binary(max_size=2000))
async def test_random_bytes_neither_crash_the_driver_nor_make_a_passage(noise):
    bench = Bench().plug().run(0.1)
    bench._hear(noise)
    bench.run(0.2)
    assert bench.disk == []


@pytest.mark.parametrize(
    "lie",
    [
        BoardPassage(4294967295, "5f3a", 1, "B", 1),
        Status("5f3a", 4294967295, False, 0, 0, 0, 0, 1),
        Status("5f3a", 0, False, 0, 0, 0, 0, 1),
    ],
)
async def test_a_number_from_nowhere_loses_no_passage(bench, lie):
    await bench.board.break_beam(1)
    bench._hear(format_event(lie))
    bench.run(0.5)
    await bench.board.clear_beam(1)
    bench.run(3)
    assert sorted(set(bench.seqs())) == [1, 2]
    assert bench.board.unacknowledged == ()


async def test_a_gate_that_ran_alone_for_long_tells_what_is_lost():
    bench = Bench(resets_on_open=False).plug().run(0.2)
    bench.unplug()
    for place in range(5000):
        await (bench.board.break_beam(1) if place % 2 == 0 else bench.board.clear_beam(1))
        bench.clock.advance(us=30_000)
    bench.plug().run(4)
    assert bench.seqs() == list(range(5000 - 127, 5001))
    (lost,) = [o for o in bench.outputs if isinstance(o, Alert) and o.code == "passages_lost"]
    assert dict(lost.params) == {"first": 1, "last": 5000 - 128}
