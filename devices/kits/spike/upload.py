"""How a program gets into a slot of a hub: cleared, announced with its checksum, sent piece by piece."""

from collections.abc import Callable
from typing import Literal

from devices.driver import Host, Remember, Say
from devices.errors import UploadError
from devices.kits.spike.driver import NOTE_SLOT
from devices.kits.spike.greeting import NEEDED_VERSION, OLD_VERSION, OldFirmware
from devices.kits.spike.source import Source
from devices.protocols.spike import (
    CRC_ALIGNMENT,
    Action,
    Answer,
    ConsoleText,
    Event,
    FlowChanged,
    Id,
    Info,
    crc,
    parse_event,
)
from devices.protocols.spike_cobs import END, Frame, FrameReader, encode
from devices.protocols.spike_requests import (
    ClearSlot,
    InfoRequest,
    NotifyRequest,
    ProgramFlow,
    Request,
    StartFile,
    TransferChunk,
    format_request,
)
from devices.talk import Heard, Pause, Progress, Talk, Until

FILE = "program.py"
INFO_US = 1_000_000
ANSWER_US = 4_000_000
BREATH_US = 100_000
TIMES = 3
KEPT_MAX = 16_384
CHUNK_BYTES_MAX = 2048
"""A serial port takes no more than 4 KiB at once."""

Problem = Literal["silent", "refused", "damaged"]


class Dialogue:
    """One question at a time; what a program says in between is kept for the driver."""

    def __init__(self, heard: Heard) -> None:
        self._heard = heard
        self._reader = FrameReader()
        self._kept = bytearray()

    def ask(self, request: Request, wanted: Callable[[Event], bool], within_us: int) -> Talk[Event | None]:
        """The answer, or None if there is none in time."""
        self._look(lambda _: False)  # an answer that is late answers nothing
        yield Say(encode(format_request(request)))
        answer: Event | None = yield Until(lambda: self._look(wanted), within_us)
        return answer

    def ask_leave(self, request: Request, to: Id, within_us: int = ANSWER_US) -> Talk[bool | None]:
        """Yes, no, or None if there is no answer."""
        answer = yield from self.ask(
            request, lambda event: isinstance(event, Answer) and event.to is to, within_us
        )
        return answer.accepted if isinstance(answer, Answer) else None

    def is_old_firmware(self) -> bool:
        """Whether what nobody took is the stream of SPIKE App 2."""
        old = OldFirmware()
        old.feed(bytes(self._heard.data))
        return old.is_there

    def give_back(self) -> None:
        """The driver reads on from here."""
        self._heard.data[:0] = self._kept
        self._kept.clear()

    def _look(self, wanted: Callable[[Event], bool]) -> Event | None:
        while (raw := self._heard.take_line(END)) is not None:
            for frame in self._reader.feed(raw):
                event = parse_event(frame.message) if isinstance(frame, Frame) else None
                if event is not None and wanted(event):
                    return event
                if isinstance(event, (ConsoleText, FlowChanged)) and len(self._kept) < KEPT_MAX:
                    self._kept += END + raw
        return None


def upload(source: Source, heard: Heard, host: Host) -> Talk[None]:
    """Raises UploadError: board_silent, firmware_too_old, device_refused, write_failed.

    Whatever ends it, the hub is left with a whole program in the slot or with none, and none runs.
    """
    dialogue = Dialogue(heard)
    undo: Request | None = None
    try:
        info = yield from _sync(dialogue, host)
        undo = ProgramFlow(Action.STOP, source.slot)
        yield Progress("stopping")
        yield from dialogue.ask_leave(undo, Id.FLOW, INFO_US)
        undo = ClearSlot(source.slot)
        yield from _write_patiently(source, _chunk_bytes(info), dialogue, host)
        undo = ProgramFlow(Action.STOP, source.slot)
        yield Remember(NOTE_SLOT, str(source.slot))
        if source.run:
            yield from _start(source, dialogue)
    except UploadError:
        if undo is not None:
            yield Say(END + encode(format_request(undo)))
            yield Pause(BREATH_US)
        raise
    finally:
        dialogue.give_back()


def _sync(dialogue: Dialogue, host: Host) -> Talk[Info]:
    yield Progress("syncing")
    for _ in range(TIMES):
        yield Say(END)
        info = yield from dialogue.ask(InfoRequest(), lambda event: isinstance(event, Info), INFO_US)
        if isinstance(info, Info):
            yield from dialogue.ask_leave(NotifyRequest(0), Id.NOTIFY, INFO_US)
            return info
    if dialogue.is_old_firmware():
        raise UploadError("firmware_too_old", found=OLD_VERSION, needed=NEEDED_VERSION)
    raise UploadError("board_silent", port=host.path)


def _write_patiently(source: Source, chunk_bytes: int, dialogue: Dialogue, host: Host) -> Talk[None]:
    """A piece cannot be sent twice: the hub's checksum runs on. So it begins again from the start."""
    problem: Problem | None = None
    for _ in range(TIMES):
        problem = yield from _write(source, chunk_bytes, dialogue)
        if problem is None:
            return
        yield Say(END)
        yield Pause(BREATH_US)
    if problem == "silent":
        raise UploadError("board_silent", port=host.path)
    if problem == "refused":
        raise UploadError("device_refused", status="file")
    raise UploadError("write_failed", problem="crc")


def _write(source: Source, chunk_bytes: int, dialogue: Dialogue) -> Talk[Problem | None]:
    total = len(source.text)
    yield Progress("erasing")
    if (yield from dialogue.ask_leave(ClearSlot(source.slot), Id.CLEAR)) is None:
        return "silent"  # a no only means that the slot was empty
    yield Progress("writing", 0, total)
    start = StartFile(FILE, source.slot, crc(source.text))
    accepted = yield from dialogue.ask_leave(start, Id.START_FILE)
    if not accepted:
        return "silent" if accepted is None else "refused"
    running = 0
    for at in range(0, total, chunk_bytes):
        chunk = source.text[at : at + chunk_bytes]
        running = crc(chunk, running)
        accepted = yield from dialogue.ask_leave(TransferChunk(running, chunk), Id.CHUNK)
        if not accepted:
            return "silent" if accepted is None else "damaged"
        yield Progress("writing", at + len(chunk), total)
    return None


def _start(source: Source, dialogue: Dialogue) -> Talk[None]:
    yield Progress("starting")
    if not (yield from dialogue.ask_leave(ProgramFlow(Action.START, source.slot), Id.FLOW)):
        raise UploadError("device_refused", status=f"start {source.slot}")


def _chunk_bytes(info: Info) -> int:
    """As much as the hub takes, in whole words, so that padding never falls inside the program."""
    most = min(info.chunk_bytes_max, CHUNK_BYTES_MAX)
    return max(CRC_ALIGNMENT, most - most % CRC_ALIGNMENT)
