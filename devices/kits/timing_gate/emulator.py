"""A gate that speaks the real sentences at the far end of a line, and misbehaves on request."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from devices.clock import Clock, MonotonicClock
from devices.kits.timing_gate.debounce import WINDOW_US, Lane, Verdict
from devices.protocols.gate import (
    Acked,
    AckRequest,
    ArmReply,
    ArmRequest,
    BoardError,
    BoardPassage,
    GateEvent,
    GateRequest,
    Gone,
    Hello,
    HelloRequest,
    RawEdge,
    RequestDecoder,
    ResendRequest,
    Status,
    StatusRequest,
    SyncReply,
    SyncRequest,
    format_event,
)
from devices.transports.pty import PtyServer

LANES = (1, 2)
BOUNCE_GAP_US = 1_500
KEPT = 128


class GateEmulator:
    """One board. Faults: `ppm`, `bounces`, `mute`, `lose_byte`, `corrupt_byte`, `reset`, `stay_blocked`,
    a small `kept` that overflows, `vanish` and `come_back`.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        id: str = "a1b2c3",  # noqa: A002
        ppm: float = 0.0,
        kept: int = KEPT,
        resets_on_open: bool = True,
        boot: int = 0x5F39,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.id = id
        self.kept = kept
        self.bounces = 0
        self.mute = False
        self.armed = False
        self._clock = clock or MonotonicClock()
        self._ppm = ppm
        self._resets_on_open = resets_on_open
        self._boot = boot
        self._sleep = sleep
        self._stuck: set[int] = set()
        self._faults: list[Callable[[bytes], bytes]] = []
        self._say: Callable[[bytes], None] | None = None
        self._server: PtyServer | None = None
        self._requests = RequestDecoder()
        self._power_on()

    @property
    def boot(self) -> str:
        """Different after every restart."""
        return f"{self._boot & 0xFFFF:04x}"

    @property
    def device(self) -> str:
        """Its id on the bus."""
        return f"gate-{self.id}"

    @property
    def ppm(self) -> float:
        """How much faster than the host the board's clock runs."""
        return self._ppm

    @ppm.setter
    def ppm(self, ppm: float) -> None:
        self._base_us, self._base_host_us = self.now_us(), self._clock.now_us()
        self._ppm = ppm

    @property
    def unacknowledged(self) -> tuple[BoardPassage, ...]:
        """What the ring keeps."""
        return tuple(self._ring.values())

    def now_us(self) -> int:
        """The board's own clock."""
        passed_us = self._clock.now_us() - self._base_host_us
        return self._base_us + passed_us + int(passed_us * self._ppm / 1e6)

    def serve(self, link: Path | None = None) -> PtyServer:
        """Plug the board into a pseudo-terminal; `path` of what is returned is a serial port."""
        self._server = PtyServer(self, link)
        self._server.plug()
        return self._server

    def vanish(self) -> None:
        """Pull the cable, which is also the power."""
        if self._server is not None:
            self._server.unplug()
        self._boot += 1
        self._power_on()

    def come_back(self) -> None:
        """Put the cable back."""
        if self._server is not None:
            self._server.plug()

    def reset(self) -> None:
        """The reset button: a new boot, and what was not acknowledged is gone."""
        self._boot += 1
        self._power_on()
        self._tell(Hello("gate", "1.0", self.id))

    def stay_blocked(self, lane: int) -> None:
        """The beam is broken and stays so, whatever passes, until `come_clear`."""
        self._edge(lane, True)
        self._stuck.add(lane)

    def come_clear(self, lane: int) -> None:
        """The obstacle is taken away."""
        self._stuck.discard(lane)
        self._edge(lane, False)

    def lose_byte(self, place: int = 7) -> None:
        """The next sentence loses a byte."""
        self._faults.append(lambda line: line[: place % len(line)] + line[place % len(line) + 1 :])

    def corrupt_byte(self, place: int = 7, flip: int = 0x10) -> None:
        """The next sentence has a wrong byte."""
        self._faults.append(
            lambda line: (
                line[: place % len(line)]
                + bytes([line[place % len(line)] ^ flip])
                + line[place % len(line) + 1 :]
            )
        )

    async def break_beam(self, lane: int) -> BoardPassage | None:
        """A robot enters the beam; the passage, if one was made at once."""
        return self._bouncing(lane, True)

    async def clear_beam(self, lane: int) -> BoardPassage | None:
        """The robot has left the beam; within the debounce window the passage comes later."""
        return self._bouncing(lane, False)

    async def pass_robot(self, lane: int, blocked_us: int) -> None:
        """A robot drives through."""
        await self.break_beam(lane)
        await self._sleep(blocked_us / 1e6)
        await self.clear_beam(lane)

    def print_line(self, text: str) -> None:
        """A pupil's own `Serial.println`."""
        self._send(text.encode() + b"\r\n")

    def tick(self) -> None:
        """Close debounce windows that are over; with a real clock this happens by itself."""
        for lane in LANES:
            self._report(lane, self._lanes[lane].close(self.now_us()))

    def opened(self, say: Callable[[bytes], None]) -> None:
        """The host opened the port, which resets most boards."""
        self._say = say
        self._requests = RequestDecoder()
        if self._resets_on_open:
            self.reset()

    def heard(self, data: bytes) -> None:
        """Answer requests."""
        for request in self._requests.feed(data):
            if not self.mute:
                self._answer(request)

    def closed(self) -> None:
        """The host let go."""
        self._say = None

    def _power_on(self) -> None:
        self._base_us = 0
        self._base_host_us = self._clock.now_us()
        self._lanes = {lane: Lane() for lane in LANES}
        for lane in self._stuck:
            self._lanes[lane] = Lane(broken=True, told_broken=True)
        self._ring: dict[int, BoardPassage] = {}
        self._seq = self._acked = self._lost = self._bounced = 0
        self.armed = False

    def _bouncing(self, lane: int, broken: bool) -> BoardPassage | None:
        if lane in self._stuck:
            return None
        made = self._edge(lane, broken)
        us = self.now_us()
        for place in range(1, 2 * self.bounces + 1):
            us += BOUNCE_GAP_US
            self._report(lane, self._lanes[lane].see(broken == (place % 2 == 0), us))
        return made

    def _edge(self, lane: int, broken: bool) -> BoardPassage | None:
        before = self._seq
        self._report(lane, self._lanes[lane].see(broken, self.now_us()))
        if self._lanes[lane].window_from_us is not None:
            self._tick_after(WINDOW_US)
        return self._ring.get(self._seq) if self._seq > before else None

    def _tick_after(self, delay_us: int) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        loop.call_later(delay_us / 1e6 + 0.001, self.tick)

    def _report(self, lane: int, verdicts: list[Verdict]) -> None:
        for kind, edge, us in verdicts:
            if kind == "raw":
                self._bounced += 1
                self._tell(RawEdge(self._bounced, self.boot, lane, edge, us))
                continue
            self._seq += 1
            passage = BoardPassage(self._seq, self.boot, lane, edge, us)
            self._ring[self._seq] = passage
            if len(self._ring) > self.kept:
                del self._ring[min(self._ring)]
                self._lost += 1
            self._tell(passage)
            self._tick_after(WINDOW_US)

    def _answer(self, request: GateRequest | BoardError) -> None:
        match request:
            case BoardError():
                self._tell(request)
            case HelloRequest():
                self._tell(Hello("gate", "1.0", self.id))
            case SyncRequest(token=token):
                self._tell(SyncReply(token, self.now_us()))
            case ArmRequest(armed=armed, token=token):
                self.armed = armed
                self._tell(ArmReply(armed, token, self.boot, self._seq, self.now_us()))
            case StatusRequest():
                self._tell(self._status())
            case AckRequest(boot=boot, seq=seq):
                self._acknowledge(boot, seq)
            case ResendRequest(from_seq=from_seq):
                self._resend(max(from_seq, self._acked + 1))

    def _status(self) -> Status:
        mask = sum(1 << (lane - 1) for lane in LANES if self._lanes[lane].broken)
        unacked = len(self._ring)
        us = self.now_us()
        return Status(self.boot, self._seq, self.armed, mask, unacked, self._lost, self._bounced, us)

    def _acknowledge(self, boot: str, seq: int) -> None:
        if boot != self.boot or seq > self._seq:
            self._tell(BoardError("args"))
            return
        self._acked = max(self._acked, seq)
        self._ring = {kept: passage for kept, passage in self._ring.items() if kept > self._acked}
        self._tell(Acked(boot, seq))

    def _resend(self, from_seq: int) -> None:
        oldest = min(self._ring, default=self._seq + 1)
        if from_seq < oldest:
            self._tell(Gone(self.boot, from_seq, oldest - 1))
        for seq, passage in self._ring.items():
            if seq >= from_seq:
                self._tell(passage)

    def _tell(self, event: GateEvent) -> None:
        if not self.mute:
            self._send(format_event(event))

    def _send(self, line: bytes) -> None:
        if self._say is not None:
            self._say(self._faults.pop(0)(line) if self._faults else line)
