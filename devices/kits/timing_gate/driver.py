"""Speaks with one timing gate: who it is, its passages, its clock and its health."""

import json
from collections.abc import Sequence
from typing import Any

from devices.driver import Claimed, Console, Kept, Measured, Output, Reopen, Say, Told
from devices.errors import ProtocolError
from devices.kits.timing_gate.arming import Arming
from devices.kits.timing_gate.clock_watch import ClockWatch
from devices.kits.timing_gate.health import GateHealth
from devices.kits.timing_gate.self_test import LASTS_US, SelfTest
from devices.kits.timing_gate.sequence import PassageRun
from devices.protocols.gate import (
    Acked,
    AckRequest,
    ArmReply,
    BoardError,
    BoardPassage,
    GateDecoder,
    GateEvent,
    GateRequest,
    Gone,
    Hello,
    HelloRequest,
    RawEdge,
    ResendRequest,
    Status,
    StatusRequest,
    SyncReply,
    format_request,
)
from devices.protocols.plotter import parse_plotter
from devices.protocols.sentences import Damaged, Text
from devices.transports.byte_pipe import Chunk

KIND = "gate"
HELLO_US = 500_000
SYNC_US = 1_000_000
STATUS_US = 1_000_000
RESEND_US = 250_000
RESENDS = 8
HANG_US = 10_000_000


class GateDriver:
    """A gate on one line; its clock fit survives a pulled cable as long as the board does not restart."""

    def __init__(self, clock_id: str) -> None:
        self._decoder = GateDecoder()
        self._health = GateHealth()
        self._hello: Hello | None = None
        self._greeted = False
        self._run: PassageRun | None = None
        self._clock = ClockWatch(clock_id)
        self._arming = Arming()
        self._testing: SelfTest | None = None
        self._now_us = 0
        self._hello_due_us = 0
        self._sync_due_us = 0
        self._status_due_us = 0
        self._resend_due_us = 0
        self._doubting = False
        self._resends: tuple[int, int] = (0, 0)
        self._blocked: tuple[int, ...] | None = None
        self._out: list[Output] = []

    def opened(self, now_us: int) -> list[Output]:
        """Ask who is there; the board may be starting and not hear it."""
        self._now_us = now_us
        self._decoder = GateDecoder()
        self._greeted = False
        self._blocked = None
        self._health.heard_us = now_us
        self._hello_due_us = now_us + HELLO_US
        self._ask(HelloRequest())
        return self._take()

    def received(self, chunk: Chunk) -> list[Output]:
        """Events of a board; its passages leave here first."""
        self._now_us = max(self._now_us, chunk.at_us)
        for event in self._decoder.feed(chunk.data, chunk.at_us):
            self._meet(event)
        return self._take()

    def tick(self, now_us: int) -> list[Output]:
        """Ask what is due."""
        self._now_us = now_us
        if not self._greeted:
            if now_us >= self._hello_due_us:
                self._hello_due_us = now_us + HELLO_US
                self._ask(HelloRequest())
            return self._take()
        self._health.tick(now_us)
        if now_us - self._health.heard_us >= HANG_US:
            self._out.append(Reopen("board_silent"))
        if now_us >= self._sync_due_us:
            self._ask_time()  # alone: another answer on the line would make this one late
        elif now_us >= self._status_due_us:
            self._ask_status()
        if now_us >= self._resend_due_us:
            self._ask_missing()
        self._ask_to_arm()
        self._finish_test()
        return self._take()

    def command(self, node: str, key: str, payload: str, now_us: int) -> list[Output]:
        """`gate/arm`, `gate/armed` and `gate/self-test` can be set."""
        self._now_us = now_us
        match node, key:
            case "gate", "armed":
                self._arming.wish({"armed": payload == "true", "token": "set"}, now_us)
                self._ask_to_arm()
            case "gate", "arm":
                self._arming.wish(_object(payload), now_us)
                self._ask_to_arm()
            case "gate", "self-test":
                token = str(_object(payload).get("token", ""))[:64]
                self._testing = SelfTest(token, now_us + LASTS_US)
                self._ask_time()
                self._ask_status()
            case _:
                raise ProtocolError("bad_command", node=node, key=key)
        return self._take()

    def stored(self, boot: str, seqs: Sequence[int]) -> list[Output]:
        """The board may forget what is on disk without a gap."""
        run = self._run
        if run is not None and run.boot == boot:
            before = run.floor
            run.store(seqs)
            if run.floor is not None and run.floor != before:
                self._ask(AckRequest(boot, run.floor))
        return self._take()

    def _meet(self, event: GateEvent) -> None:
        match event:
            case BoardPassage() if self._greeted:
                self._pass(event)
            case Hello(kind="gate"):
                self._greet(event)
            case Text(line=line):
                self._read_along(line)
            case Damaged(code=code, raw=raw):
                self._out.append(Console("debug", f"{code}: {raw!r}"))
                if self._greeted:
                    self._health.damaged(self._now_us)
                    self._ask_resend(self._next_seq())
            case _ if self._greeted:
                self._learn(event)
            case _:
                return
        if self._greeted:
            self._health.heard(self._now_us)

    def _learn(self, event: GateEvent) -> None:
        match event:
            case Status():
                self._know(event)
            case SyncReply():
                self._time(event)
            case ArmReply():
                self._armed(event)
            case RawEdge():
                self._health.bounced(self._now_us)
                self._tell("gate", "edge", _edge(event, "n", event.n))
            case Gone(boot=boot, first_seq=first, last_seq=last):
                if self._run is not None and self._run.boot == boot:
                    self._lose(self._run.give_up(first, last))
            case BoardError(code=code):
                self._out.append(Console("warn", f"the board answers {code}"))
            case Acked() | _:
                pass

    def _greet(self, hello: Hello) -> None:
        if self._hello != hello:
            self._hello = hello
            self._run = None
            self._health = GateHealth()
        self._greeted = True
        self._out.append(Claimed(f"{KIND}-{hello.id}"))
        self._sync_due_us = self._now_us
        self._ask_status()

    def _pass(self, passage: BoardPassage) -> None:
        run = self._of_boot(passage.boot)
        if run.is_far(passage.seq):
            self._health.damaged(self._now_us)
            self._ask_status()
            return
        if not run.see(passage.seq):
            if run.floor is not None and passage.seq <= run.floor:
                self._ask(AckRequest(run.boot, run.floor))
            return
        told = _edge(passage, "seq", passage.seq)
        self._out.append(Kept("gate", "passage", passage.boot, passage.seq, told))
        self._tell("gate", "last-seq", str(passage.seq))
        lanes = set(self._blocked or ())
        lanes = lanes | {passage.lane} if passage.edge == "B" else lanes - {passage.lane}
        self._set_blocked(tuple(sorted(lanes)))
        if run.missing():
            self._ask_missing()

    def _know(self, status: Status) -> None:
        run = self._of_boot(status.boot)
        settled = max(0, status.seq - status.unacked)
        if status.seq < run.top or run.is_far(status.seq):
            if not self._doubting:
                self._doubting = True
                self._ask_status()
                return
            if run.top < settled:
                self._lose((run.top + 1, settled))
            run = self._run = PassageRun(status.boot)
        self._doubting = False
        run.know(settled, status.seq)
        self._set_blocked(status.blocked)
        self._tell("gate", "armed", "true" if status.armed else "false")
        if run.floor is not None and status.seq - status.unacked < run.floor:
            self._ask(AckRequest(run.boot, run.floor))
        if run.missing():
            self._ask_missing()
        if self._testing is not None:
            self._testing.status = status
            self._finish_test()

    def _of_boot(self, boot: str) -> PassageRun:
        """The passages of `boot`; another boot than before means that the board restarted."""
        if self._run is None or self._run.boot != boot:
            if self._run is not None:
                self._health.reset(self._now_us)
            self._run = PassageRun(boot)
            self._clock.begin(boot)
            self._resends = (0, 0)
            self._ask_status()
        return self._run

    def _time(self, reply: SyncReply) -> None:
        fit = self._clock.answer(reply)
        if fit is None:
            return
        self._health.round_trip_us = self._clock.round_trip_us
        self._health.fitted(fit, self._clock.contradictory, self._now_us)
        self._tell("clock", "fit", fit.to_json())
        if self._testing is not None:
            self._testing.synced = True
            self._finish_test()

    def _armed(self, reply: ArmReply) -> None:
        self._arming.answer(reply)
        told = {"armed": reply.armed, "token": reply.token, "boot": reply.boot, "seq": reply.seq}
        self._tell("gate", "arm", json.dumps({**told, "us": reply.us}))
        self._tell("gate", "armed", "true" if reply.armed else "false")

    def _finish_test(self) -> None:
        test = self._testing
        if test is not None and test.is_over(self._now_us):
            self._testing = None
            self._tell("gate", "self-test", test.result(self._health, self._clock.fit, self._now_us))

    def _read_along(self, line: str) -> None:
        samples = parse_plotter(line)
        if samples is None:
            self._out.append(Console("debug", line))
        else:
            self._out.append(Measured(samples, self._now_us))

    def _set_blocked(self, lanes: tuple[int, ...]) -> None:
        self._health.set_blocked(lanes, self._now_us)
        if lanes != self._blocked:
            self._blocked = lanes
            self._tell("gate", "blocked", json.dumps(list(lanes)))

    def _lose(self, lost: tuple[int, int] | None) -> None:
        if lost is not None:
            self._health.lost(*lost, self._now_us)

    def _ask_status(self) -> None:
        self._status_due_us = self._now_us + STATUS_US
        self._ask(StatusRequest())

    def _ask_time(self) -> None:
        self._sync_due_us = self._now_us + SYNC_US
        self._ask(self._clock.ask(self._now_us))

    def _ask_to_arm(self) -> None:
        request = self._arming.due(self._now_us) if self._greeted else None
        if request is not None:
            self._ask(request)

    def _ask_missing(self) -> None:
        """Ask for the oldest gap again and again, then give it up: the board does not have it."""
        missing = self._run.missing() if self._run is not None else []
        if self._run is None or not missing or self._now_us < self._resend_due_us:
            return
        first, times = self._resends
        times = times + 1 if first == missing[0] else 1
        self._resends = (missing[0], times)
        if times > RESENDS:
            last = missing[0]
            while last + 1 in missing:
                last += 1
            self._lose(self._run.give_up(missing[0], last))
        else:
            self._ask_resend(missing[0])

    def _ask_resend(self, from_seq: int) -> None:
        if self._now_us >= self._resend_due_us:
            self._resend_due_us = self._now_us + RESEND_US
            self._ask(ResendRequest(from_seq))

    def _next_seq(self) -> int:
        if self._run is None:
            return 1
        missing = self._run.missing()
        return missing[0] if missing else self._run.top + 1

    def _ask(self, request: GateRequest) -> None:
        self._out.append(Say(format_request(request)))

    def _tell(self, node: str, key: str, value: str) -> None:
        self._out.append(Told(node, key, value))

    def _take(self) -> list[Output]:
        outputs, self._out = [*self._out, *self._health.take()], []
        return outputs


def _edge(event: BoardPassage | RawEdge, name: str, number: int) -> str:
    told = {name: number, "boot": event.boot, "lane": event.lane, "edge": event.edge, "us": event.us}
    return json.dumps(told)


def _object(payload: str) -> dict[str, Any]:
    """Raises ProtocolError if the payload is no JSON object."""
    try:
        told = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise ProtocolError("bad_command", payload=payload[:80]) from error
    if not isinstance(told, dict):
        raise ProtocolError("bad_command", payload=payload[:80])
    return told
