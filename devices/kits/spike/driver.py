"""Speaks with one SPIKE hub on LEGO's firmware: who it is, its devices, its programs and what they print."""

from collections import deque
from collections.abc import Sequence

from devices.driver import Claimed, Console, Host, Measured, Output, Printed, Refused, Reopen, Say, Told
from devices.errors import ProtocolError
from devices.kits.spike.greeting import OLD_VERSION, SHORT, Greeting, OldFirmware
from devices.kits.spike.health import HubHealth
from devices.kits.spike.printout import Printout
from devices.kits.spike.readings import ports_of, samples_of
from devices.protocols.spike import (
    ESSENTIAL,
    HUB_NAME_BYTES_MAX,
    PRODUCTS,
    SLOTS,
    Action,
    Answer,
    ConsoleText,
    Event,
    FlowChanged,
    HubName,
    Id,
    Notified,
    parse_event,
)
from devices.protocols.spike_cobs import END, Frame, FrameReader, encode
from devices.protocols.spike_records import ESSENTIAL_PORTS, PORTS, Battery, RecordError, parse_records
from devices.protocols.spike_requests import (
    GetName,
    NotifyRequest,
    ProgramFlow,
    Request,
    SetName,
    format_request,
)
from devices.transports.byte_pipe import Chunk

LEGO_VID = 0x0694
NAMES = {0x0009: "SPIKE Prime", 0x000D: ESSENTIAL, 0x0010: "Robot Inventor"}
"""By the product id of its USB identity; hubs themselves do not tell Prime from Robot Inventor."""
INTERVAL_MS = 100
QUIET_US = 2_000_000
HANG_US = 12_000_000
GRUMBLE_US = 1_000_000
UNANSWERED_MAX = 8
ANSWER_US = 3_000_000
NOTE_SLOT = "slot"


class SpikeDriver:
    """One hub on one line."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._reader = FrameReader()
        self._greeting = Greeting(host.port)
        self._old = OldFirmware()
        self._health = HubHealth()
        self._printout = Printout()
        self._device: str | None = None
        self._told: dict[tuple[str, str], str] = {}
        self._welcomed = False
        self._asked: deque[tuple[int, ProgramFlow]] = deque(maxlen=UNANSWERED_MAX)
        self._notified_us = 0
        self._notify_due_us = 0
        self._grumble_due_us = 0
        self._now_us = 0
        self._out: list[Output] = []

    def opened(self, now_us: int) -> list[Output]:
        """The hub is asked a moment later."""
        self._now_us = now_us
        self._reader = FrameReader()
        self._greeting.begin(now_us)
        self._welcomed = False
        self._old = OldFirmware()
        self._health.heard_us = now_us
        self._asked.clear()
        return self._take()

    def received(self, chunk: Chunk) -> list[Output]:
        """Frames of a hub; another firmware's are passed over."""
        self._now_us = max(self._now_us, chunk.at_us)
        if self._greeting.info is None:
            self._look_for_old_firmware(chunk.data)
        for frame in self._reader.feed(chunk.data):
            event = parse_event(frame.message) if isinstance(frame, Frame) else None
            if event is not None:
                self._meet(event)
            elif self._device is not None:
                raw = frame.message if isinstance(frame, Frame) else frame.raw
                self._grumble(f"not understood: {raw[:32].hex(' ')}")
        return self._take()

    def tick(self, now_us: int) -> list[Output]:
        """Ask what is due."""
        self._now_us = now_us
        if not self._old.is_there:
            self._greet()
        if self._welcomed:
            if not self._old.is_there and now_us - max(self._notified_us, self._notify_due_us) >= QUIET_US:
                self._notify_due_us = now_us
                self._out.append(Say(END))
                self._ask(NotifyRequest(INTERVAL_MS))
            self._health.tick(now_us)
            if now_us - self._health.heard_us >= HANG_US:
                self._out.append(Reopen("board_silent"))
        return self._take()

    def command(self, node: str, key: str, payload: str, now_us: int) -> list[Output]:
        """`program/run` with a slot or nothing, `program/stop`, `hub/name`. Raises ProtocolError."""
        self._now_us = now_us
        match node, key:
            case "program", "run":
                self._flow(Action.START, self._slot(payload))
            case "program", "stop" if payload == "true":
                self._flow(Action.STOP, int(self._told.get(("program", "slot"), "0")))
            case "hub", "name" if _is_name(payload):
                self._ask(SetName(payload))
            case _:
                raise ProtocolError("bad_command", node=node, key=key)
        return self._take()

    def stored(self, boot: str, seqs: Sequence[int]) -> list[Output]:
        """Nothing of a hub is kept."""
        return []

    def _meet(self, event: Event) -> None:
        self._greeting.meet(event, self._now_us)
        self._greet()
        if self._device is None:
            return
        self._health.heard(self._now_us)
        match event:
            case Notified(records=records):
                self._notice(records)
            case ConsoleText(data=data):
                self._print(data)
            case FlowChanged(action=action):
                self._tell("program", "running", "true" if action is Action.START else "false")
            case Answer(to=Id.FLOW, accepted=accepted):
                self._answer_flow(accepted)
            case Answer(to=Id.NOTIFY):
                self._notified_us = self._now_us
            case Answer(to=Id.SET_NAME, accepted=accepted):
                if not accepted:
                    self._out.append(Refused("name_refused"))
                self._ask(GetName())
            case HubName(name=name):
                self._tell("hub", "name", name)
            case _:
                pass

    def _greet(self) -> None:
        if self._welcomed:
            return
        if words := self._greeting.due(self._now_us):
            self._out.append(Say(words))
        if self._greeting.device is not None:
            version = ".".join(map(str, self._greeting.info.firmware)) if self._greeting.info else ""
            self._welcome(self._greeting.device, version)
            self._ask(GetName())
            self._ask(NotifyRequest(INTERVAL_MS))
            self._notified_us = self._now_us

    def _welcome(self, device: str, version: str) -> None:
        self._welcomed = True
        if device != self._device:
            self._device = device
            self._told.clear()
            self._printout = Printout()
            self._health = HubHealth()
        self._out.append(Claimed(device))
        self._health.heard(self._now_us)
        self._tell("firmware", "name", self._product())
        self._tell("firmware", "version", version)
        if slot := self._host.notes.get(NOTE_SLOT):
            self._tell("program", "slot", slot)

    def _product(self) -> str:
        vid, pid = self._host.usb or (0, 0)
        if vid == LEGO_VID and pid in NAMES:
            return NAMES[pid]
        return PRODUCTS.get(self._greeting.info.product, "SPIKE") if self._greeting.info else "SPIKE"

    def _look_for_old_firmware(self, data: bytes) -> None:
        """Only behind LEGO's own USB identity: a pupil's program may print JSON as well."""
        if self._host.usb is None or self._host.usb[0] != LEGO_VID:
            return
        self._old.feed(data)
        if self._old.is_there and not self._welcomed:
            self._welcome(f"{SHORT}-{self._host.port}", OLD_VERSION)
            self._health.old_firmware()
        self._health.heard(self._now_us)

    def _notice(self, data: bytes) -> None:
        self._notified_us = self._now_us
        try:
            records = parse_records(data)
        except RecordError as error:
            self._grumble(f"records {error}: {data[:32].hex(' ')}")
            return
        if samples := samples_of(records):
            self._out.append(Measured(samples, self._now_us))
        names = ESSENTIAL_PORTS if self._product() == ESSENTIAL else PORTS
        for port, value in ports_of(records, names).items():
            self._tell("ports", port, value)
        for record in records:
            if isinstance(record, Battery):
                self._tell("battery", "percent", str(record.percent))
                self._health.battery(record.percent)

    def _print(self, data: bytes) -> None:
        text, plotted = self._printout.feed(data)
        if text:
            self._out.append(Printed(text))
        for samples in plotted:
            self._out.append(Measured(samples, self._now_us))

    def _slot(self, payload: str) -> int:
        """The slot that is named, or else the one that was written last."""
        text = payload or self._host.notes.get(NOTE_SLOT, "")
        if not text:
            raise ProtocolError("no_program")
        if not (text.isascii() and text.isdigit() and len(text) <= 2 and int(text) < SLOTS):
            raise ProtocolError("bad_command", node="program", key="run", payload=payload[:80])
        return int(text)

    def _flow(self, action: Action, slot: int) -> None:
        request = ProgramFlow(action, slot)
        self._asked.append((self._now_us, request))
        self._ask(request)

    def _answer_flow(self, accepted: bool) -> None:
        """Answers come in the order of the questions; one that is late belongs to nobody any more."""
        while self._asked and self._now_us - self._asked[0][0] > ANSWER_US:
            self._asked.popleft()
        if not self._asked:
            return
        _, request = self._asked.popleft()
        if request.action is Action.START and accepted:
            self._tell("program", "slot", str(request.slot))
        elif request.action is Action.START:
            self._out.append(Refused("slot_empty", {"slot": request.slot}))
        if accepted or request.action is Action.STOP:  # a hub says no to a stop when nothing runs
            self._tell("program", "running", "true" if request.action is Action.START else "false")

    def _ask(self, request: Request) -> None:
        self._out.append(Say(encode(format_request(request))))

    def _tell(self, node: str, key: str, value: str) -> None:
        if self._told.get((node, key)) != value:
            self._told[node, key] = value
            self._out.append(Told(node, key, value))

    def _grumble(self, text: str) -> None:
        """Not more often than a person can read."""
        if self._now_us >= self._grumble_due_us:
            self._grumble_due_us = self._now_us + GRUMBLE_US
            self._out.append(Console("debug", text))

    def _take(self) -> list[Output]:
        outputs, self._out = self._out, []
        return outputs + self._health.take()


def _is_name(text: str) -> bool:
    return bool(text.strip()) and text.isprintable() and len(text.encode()) <= HUB_NAME_BYTES_MAX
