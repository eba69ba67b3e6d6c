"""Asks which of the known race timers is there, and tells of its races."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from devices.driver import Claimed, Console, Host, Measured, Output, Remember, Say, SetBaud, Told
from devices.errors import ProtocolError
from devices.kits.race_timer.profiles import load_profiles
from devices.kits.race_timer.race import Race
from devices.protocols.plotter import Sample
from devices.protocols.race_session import (
    Armed,
    Finished,
    GateState,
    Identified,
    LaneTime,
    NotUnderstood,
    RaceEvent,
    RaceSession,
    Started,
)
from devices.protocols.race_timer import Profile
from devices.transports.byte_pipe import Chunk

BAUD = 9600
"""Of a line that was just opened."""
NOTE = "profile"
PROBE_US = 1_200_000
SILENCE_US = 250_000
GATE_US = 1_000_000


class RaceTimerDriver:
    """One timer. What it is, is remembered, and asked for first the next time.

    `load` gives the kinds that are known, anew for each round of questions.
    """

    def __init__(self, host: Host, load: Callable[[], Mapping[str, Profile]] = load_profiles) -> None:
        self._load = load
        self._noted = host.notes.get(NOTE)
        self._baud = BAUD
        self._device = f"timer-{host.port}"
        self._race = Race()
        self._due_us = 0
        self._heard_us: int | None = None
        self._known = False
        self._left = self._round()
        self._id, self._profile = self._left[0]
        self._session = RaceSession(self._profile)

    def opened(self, now_us: int) -> list[Output]:
        """Ask for the likeliest kind first; where nobody has answered yet, for those that are left."""
        if self._known:
            self._left.clear()
        self._known, self._heard_us, self._baud = False, None, BAUD
        return self._probe(now_us)

    def received(self, chunk: Chunk) -> list[Output]:
        """Lines of the timer, or what may become one."""
        self._heard_us = chunk.at_us
        return self._meet(self._session.feed(chunk.data), chunk.at_us)

    def tick(self, now_us: int) -> list[Output]:
        """Some timers end no line; and somebody has to ask for the start gate."""
        out: list[Output] = []
        if self._heard_us is not None and now_us - self._heard_us >= SILENCE_US:
            self._heard_us = None
            out += self._meet(self._session.pending(), now_us)
        if not self._known:
            return out if now_us < self._due_us else [*out, *self._probe(now_us)]
        if self._profile.gate_ask is not None and now_us >= self._due_us:
            self._due_us = now_us + GATE_US
            out.append(self._say(self._profile.gate_ask))
        return out

    def command(self, node: str, key: str, payload: str, now_us: int) -> list[Output]:
        """`timer/arm` with `{"lanes": [1, 2]}`, and `timer/end` to end a race by force."""
        match node, key:
            case "timer", "arm":
                lanes = _lanes(payload, self._profile.lanes)
                self._session = RaceSession(self._profile, lanes)
                return [self._say(each) for each in self._profile.arming(self._session.lanes)]
            case "timer", "end" if self._profile.force_end is not None:
                return [self._say(self._profile.force_end)]
        raise ProtocolError("bad_command", node=node, key=key)

    def stored(self, boot: str, seqs: Sequence[int]) -> list[Output]:
        """A race timer counts nothing that could be acknowledged."""
        return []

    def _probe(self, now_us: int) -> list[Output]:
        if not self._left:
            self._left = self._round()
        self._id, self._profile = self._left.pop(0)
        self._session = RaceSession(self._profile)
        self._due_us = now_us + PROBE_US
        out: list[Output] = [self._say(self._profile.probe_say)]
        if self._profile.baud != self._baud:
            self._baud = self._profile.baud
            out.insert(0, SetBaud(self._baud))
        return out

    def _round(self) -> list[tuple[str, Profile]]:
        return sorted(self._load().items(), key=lambda item: item[0] != self._noted)

    def _meet(self, events: Any, at_us: int) -> list[Output]:
        out: list[Output] = []
        for event in events:
            if isinstance(event, Identified) and not self._known:
                out += self._greet(event)
            elif self._known:
                out += self._tell(event, at_us)
        return out

    def _greet(self, event: Identified) -> list[Output]:
        self._known, self._noted = True, self._id
        return [
            Claimed(self._device),
            Remember(NOTE, self._id),
            Told("timer", "model", self._profile.name),
            Told("timer", "lanes", str(self._profile.lanes)),
            Told("timer", "takes", json.dumps(self._takes())),
            Console("info", event.text),
            *(self._say(each) for each in self._profile.setup),
        ]

    def _takes(self) -> list[str]:
        """Whether a race may be without some lanes, and whether it can be ended by force."""
        profile = self._profile
        told = {"lanes": profile.mask_bits or profile.mask_lane or profile.missing, "end": profile.force_end}
        return [name for name, there in told.items() if there]

    def _tell(self, event: RaceEvent, at_us: int) -> list[Output]:
        match event:
            case Armed():
                return [Told("timer", "state", "armed")]
            case Started():
                self._race.start()
                return [Told("timer", "state", "racing")]
            case Finished():
                self._race.finish()
                return [Told("timer", "state", "finished")]
            case GateState(state=state):
                return [Told("timer", "gate", state)]
            case LaneTime(lane=lane, us=us):
                out: list[Output] = [
                    Told("timer", "result", json.dumps(self._race.add(event))),
                    Told("timer", "race", self._race.describe()),
                ]
                if us is not None:
                    sample = Sample(f"lane-{lane}", f"Lane {lane}", us / 1e6, "s")
                    out.append(Measured((sample,), at_us))
                return out
            case NotUnderstood(line=line):
                return [Console("info", line)]
        return []

    def _say(self, command: str) -> Say:
        return Say((command + self._profile.end).encode("latin-1", "replace"))


def _lanes(payload: str, most: int) -> tuple[int, ...]:
    try:
        told = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise ProtocolError("bad_command", payload=payload[:80]) from error
    lanes = told.get("lanes", []) if isinstance(told, dict) else None
    if not isinstance(lanes, list) or not all(type(lane) is int and 1 <= lane <= most for lane in lanes):
        raise ProtocolError("bad_command", payload=payload[:80])
    return tuple(lanes)
