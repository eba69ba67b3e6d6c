import pytest

from lab_controller.clock import ManualClock, SteadyClock

HOUR_NS = 3_600_000_000_000


class Host:
    def __init__(self) -> None:
        self.wall_ns = 1_800_000_000_000_000_000
        self.monotonic_ns = 5_000_000_000

    def pass_ns(self, ns: int) -> None:
        self.wall_ns += ns
        self.monotonic_ns += ns

    def clock(self) -> SteadyClock:
        return SteadyClock(lambda: self.wall_ns, lambda: self.monotonic_ns)


@pytest.mark.parametrize("step_ns", [HOUR_NS, -HOUR_NS])
def test_a_step_of_the_host_clock_moves_no_time_and_is_told_once(step_ns: int) -> None:
    host = Host()
    clock = host.clock()
    start_us = clock.now_us()
    host.wall_ns += step_ns
    host.pass_ns(2_000_000)
    assert clock.now_us() - start_us == 2_000
    assert clock.observe_step_us() == step_ns // 1000
    assert clock.observe_step_us() is None
    assert clock.host_offset_us() == step_ns // 1000


def test_ordinary_slewing_is_no_step_until_it_adds_up() -> None:
    host = Host()
    clock = host.clock()
    host.wall_ns += 400_000_000
    assert clock.observe_step_us() is None
    host.wall_ns += 100_000_000
    assert clock.observe_step_us() == 500_000


def test_a_manual_clock_moves_only_forwards() -> None:
    clock = ManualClock(10)
    clock.advance(us=5, s=1)
    assert clock.now_us() == 1_000_015
    with pytest.raises(ValueError):
        clock.advance(us=-1)
