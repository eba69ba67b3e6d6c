"""What a race timer's lines mean by its profile."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from devices.protocols.race_timer import LINE_MAX, Profile

_BREAK = re.compile(rb"[\r\n]+")
_DECIMAL = re.compile(r"(\d{1,6})(?:\.(\d{1,6}))?")


@dataclass(frozen=True)
class Identified:
    """It is a timer of this kind."""

    text: str


@dataclass(frozen=True)
class Armed:
    """Ready for a race; `lanes` if it tells how many it has."""

    lanes: int | None


@dataclass(frozen=True)
class Started:
    """The start gate has let the cars go."""


@dataclass(frozen=True)
class LaneTime:
    """`us` None is a lane that did not finish; `resolution_us` is the step in which the timer counts."""

    lane: int
    us: int | None
    resolution_us: int


@dataclass(frozen=True)
class Finished:
    """The race is over."""


@dataclass(frozen=True)
class GateState:
    """Of the start gate."""

    state: Literal["open", "closed"]


@dataclass(frozen=True)
class NotUnderstood:
    """A line that the profile does not explain."""

    line: str


RaceEvent = Identified | Armed | Started | LaneTime | Finished | GateState | NotUnderstood


class RaceSession:
    """Lines in, events out; keeps no more than one line and the lanes of one race."""

    def __init__(self, profile: Profile, lanes: Sequence[int] = ()) -> None:
        """`lanes` are those that race; all of them if none is given."""
        self.lanes = tuple(lanes) or tuple(range(1, profile.lanes + 1))
        self._profile = profile
        self._kept = b""
        self._lane: str | None = None
        self._told: set[int] = set()
        self._racing = False
        self._gate: str | None = None

    def feed(self, data: bytes) -> Iterator[RaceEvent]:
        """Events of the lines that are whole by now."""
        *lines, rest = _BREAK.split(self._kept + data)
        self._kept = rest[-LINE_MAX:]
        for line in lines:
            yield from self._read(line)

    def pending(self) -> Iterator[RaceEvent]:
        """Events of a line whose end does not come, as a prompt or a single letter."""
        line, self._kept = self._kept, b""
        yield from self._read(line)

    def _read(self, raw: bytes) -> Iterator[RaceEvent]:
        line = raw[:LINE_MAX].decode("ascii", "replace").strip()
        if line and line not in self._profile.says:
            found = tuple(self._explain(line))
            profile = self._profile
            known = found or any(each.search(line) for each in (*profile.ignore, *profile.results))
            yield from found if known else (NotUnderstood(line),)

    def _explain(self, line: str) -> Iterator[RaceEvent]:
        profile = self._profile
        if profile.probe_hear.search(line):
            yield Identified(line)
        if profile.ready is not None and (match := profile.ready.search(line)):
            lanes = match.groupdict().get("lanes")
            self._reset()
            yield Armed(int(lanes) if lanes and lanes.isdecimal() else None)
        if profile.started is not None and profile.started.search(line):
            yield from self._start()
        yield from self._gate_state(line)
        yield from self._results(line)
        if profile.finished is not None and profile.finished.search(line):
            yield from self._finish()

    def _gate_state(self, line: str) -> Iterator[RaceEvent]:
        profile = self._profile
        if profile.gate_open is not None and profile.gate_open.search(line):
            changed, self._gate = self._gate == "closed", "open"
            yield GateState("open")
            if changed and profile.started is None:
                yield from self._start()
        elif profile.gate_closed is not None and profile.gate_closed.search(line):
            changed, self._gate = self._gate != "closed", "closed"
            yield GateState("closed")
            if changed and profile.ready is None:
                self._reset()
                yield Armed(None)

    def _results(self, line: str) -> Iterator[RaceEvent]:
        for pattern in self._profile.results:
            for match in pattern.finditer(line):
                groups = match.groupdict()
                self._lane = groups.get("lane") or self._lane
                if (time := groups.get("time")) and self._lane is not None:
                    result = self._lane_time(self._lane, time)
                    self._lane = None
                    if result is not None:
                        self._told.add(result.lane)
                        yield result

    def _lane_time(self, lane: str, time: str) -> LaneTime | None:
        number = _lane_number(lane)
        match = _DECIMAL.fullmatch(time)
        if match is None or not 1 <= number <= self._profile.lanes:
            return None
        whole, part = match[1], match[2]
        if part is None:
            us, step = int(whole) * self._profile.us_per_unit, self._profile.us_per_unit
        else:
            us, step = int(whole) * 1_000_000 + int(part.ljust(6, "0")), 10 ** (6 - len(part))
        return LaneTime(number, us or None, step)

    def _start(self) -> Iterator[RaceEvent]:
        if not self._racing:
            self._told.clear()
            self._racing = True
            yield Started()

    def _finish(self) -> Iterator[RaceEvent]:
        if self._profile.missing == "dnf":
            for lane in self.lanes:
                if lane not in self._told:
                    yield LaneTime(lane, None, self._profile.us_per_unit)
        self._reset()
        yield Finished()

    def _reset(self) -> None:
        self._told.clear()
        self._racing = False
        self._lane = None


def _lane_number(lane: str) -> int:
    """`3`, or `C` for the third; 0 for what is neither."""
    if lane.isdecimal():
        return int(lane)
    return ord(lane.upper()) - 64 if len(lane) == 1 else 0
