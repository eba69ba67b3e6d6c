"""Asks a VEX brain, or the controller of one, how it is, and starts and stops its programs."""

import json
import re
import struct
from collections.abc import Mapping, Sequence

from devices.driver import Alert, Claimed, Cleared, Console, Host, Output, Refused, Reopen, Told
from devices.errors import ProtocolError
from devices.kits.vex_v5.asking import Asking
from devices.kits.vex_v5.condition import tell_flags, tell_ports
from devices.kits.vex_v5.line import describe
from devices.protocols.vex import Ack, Command, ExtendedPacket, Packet, Simple, SimplePacket
from devices.protocols.vex_files import (
    LINKED,
    RUN,
    STOP,
    USER,
    FileEntry,
    Product,
    SystemVersion,
    name_of,
    pack_name,
    parse_devices,
    parse_file,
    parse_flags,
    parse_system,
    parse_version,
)
from devices.protocols.vex_stream import PacketReader
from devices.transports.byte_pipe import Chunk

SLOT_NOTE = "slot"
"""The slot that had the last program of ours, counted from 1."""
EXP_USB = (0x2888, 0x0600)
RADIO = "radio"
REPEAT_US = 500_000
HANG_US = 10_000_000
FILES_MAX = 64
CONTROLLERS = (Product.V5_CONTROLLER, Product.IQ2_CONTROLLER, Product.EXP_CONTROLLER)

VERSION = SimplePacket(Simple.VERSION)
SYSTEM = ExtendedPacket(Command.SYSTEM)
FLAGS = ExtendedPacket(Command.FLAGS)
DEVICES = ExtendedPacket(Command.DEVICES)
COUNT = ExtendedPacket(Command.COUNT, bytes((USER, 0)))
EVERY_US: Mapping[Packet, int] = {
    FLAGS: 1_000_000,
    SYSTEM: 2_000_000,
    DEVICES: 5_000_000,
    VERSION: 5_000_000,
    COUNT: 30_000_000,
}

_SLOT = re.compile(r"(?:slot_)?([1-8])(?:\.bin)?")
_PROGRAM = re.compile(r"slot_([1-8])\.bin")


class V5Driver:
    """One system port; what a brain refuses once is not asked again until the port is opened anew."""

    def __init__(self, host: Host) -> None:
        self._device = f"v5-{host.port}"
        self._notes = host.notes
        self._product: int | None = Product.EXP if host.usb == EXP_USB else None
        self._reader = PacketReader()
        self._asking = Asking()
        self._claimed = False
        self._due_us: dict[Packet, int] = {}
        self._heard_us = 0
        self._entries = 0
        self._stored: dict[int, FileEntry] = {}

    def opened(self, now_us: int) -> list[Output]:
        """Ask who is there."""
        self._reader.clear()
        self._asking.clear()
        self._claimed = False
        self._heard_us = now_us
        self._due_us = {VERSION: now_us, SYSTEM: now_us}
        return self.tick(now_us)

    def received(self, chunk: Chunk) -> list[Output]:
        """Answers of the brain."""
        out: list[Output] = []
        damaged = self._reader.damaged
        for answer in self._reader.feed(chunk.data):
            if isinstance(answer, (SimplePacket, ExtendedPacket)):
                out += self._learn(answer, chunk.at_us)
                out += self._ask(chunk.at_us)
        if self._reader.damaged > damaged:
            out.append(Console("debug", "an answer was damaged on its way"))
        return out

    def tick(self, now_us: int) -> list[Output]:
        """Ask what is due."""
        for question, due_us in self._due_us.items():
            if now_us >= due_us:
                self._asking.want(question)
                self._due_us[question] = now_us + (EVERY_US[question] if self._claimed else REPEAT_US)
        if self._claimed and now_us - self._heard_us >= HANG_US:
            return [Reopen("board_silent")]
        return self._ask(now_us)

    def command(self, node: str, key: str, payload: str, now_us: int) -> list[Output]:
        """`program/run` with a slot as people count them, and `program/stop`. Raises ProtocolError."""
        match node, key:
            case "program", "run":
                name = f"slot_{self._slot(payload.strip())}.bin"
                self._asking.hurry(ExtendedPacket(Command.LOAD, pack_name(USER, RUN, name)))
            case "program", "stop" if payload == "true":
                self._asking.hurry(ExtendedPacket(Command.LOAD, pack_name(USER, STOP, "")))
            case _:
                raise ProtocolError("bad_command", node=node, key=key)
        return self._ask(now_us)

    def stored(self, boot: str, seqs: Sequence[int]) -> list[Output]:
        """Nothing of a brain is kept until it is stored."""
        return []

    def _ask(self, now_us: int) -> list[Output]:
        """A brain says nothing of its own accord: what came before a question is no part of the answer."""
        said = self._asking.next(now_us)
        if said:
            self._reader.clear()
        return list(said)

    def _slot(self, wanted: str) -> int:
        """The slot that is meant; an empty wish means the program that came last."""
        newest = max(self._stored, key=lambda slot: self._stored[slot].seconds, default="")
        meant = wanted or self._notes.get(SLOT_NOTE, "") or str(newest)
        if not meant:
            raise ProtocolError("no_program")
        found = _SLOT.fullmatch(meant)
        if found is None:
            raise ProtocolError("bad_command", node="program", key="run")
        return int(found[1])

    def _learn(self, answer: Packet, now_us: int) -> list[Output]:
        question = self._asking.answered(answer)
        if question is None:
            return []
        self._heard_us = now_us
        if isinstance(answer, SimplePacket):
            version = parse_version(answer.payload)
            return self._identify(version, now_us) if version else []
        if question.command == Command.LOAD:
            return self._loaded(answer, now_us)
        if answer.ack != Ack.OK:
            self._due_us.pop(question, None)
            return []
        return self._understand(answer.command, answer.data, now_us)

    def _understand(self, command: int, data: bytes, now_us: int) -> list[Output]:
        match command:
            case Command.SYSTEM:
                status = parse_system(data)
                told = self._claim(now_us)
                self._due_us.pop(SYSTEM, None)
                return [*told, Told("board", "serial", status.serial)] if status else told
            case Command.FLAGS:
                flags = parse_flags(data)
                return tell_flags(flags) if flags else []
            case Command.DEVICES:
                plugged = parse_devices(data)
                return [] if plugged is None else tell_ports(plugged)
            case Command.COUNT if len(data) >= 2:
                self._entries = min(struct.unpack_from("<H", data)[0], FILES_MAX)
                self._stored = {}
                return self._list_from(0)
            case Command.ENTRY:
                entry = parse_file(data)
                if entry and (program := _PROGRAM.fullmatch(entry.name)):
                    self._stored[int(program[1])] = entry
                return self._list_from(data[0] + 1) if data else []
        return []

    def _identify(self, version: SystemVersion, now_us: int) -> list[Output]:
        if self._product != Product.EXP:
            self._product = version.product
        told = [
            *self._claim(now_us),
            Told("firmware", "name", name_of(self._product)),
            Told("firmware", "version", version.text),
        ]
        if version.product not in CONTROLLERS:
            return told
        linked = bool(version.flags & LINKED)
        told.append(Told("radio", "linked", "true" if linked else "false"))
        return [*told, Cleared(RADIO) if linked else Alert(RADIO, "brain_not_linked")]

    def _claim(self, now_us: int) -> list[Output]:
        """A controller passes on what it is asked of its brain, but its radio is slow."""
        if self._claimed:
            return []
        self._claimed = True
        asked = (SYSTEM,) if self._product in CONTROLLERS else (SYSTEM, FLAGS, DEVICES, COUNT)
        self._due_us = {VERSION: now_us + EVERY_US[VERSION], **dict.fromkeys(asked, now_us)}
        return [Claimed(self._device), Told("firmware", "name", name_of(self._product))]

    def _list_from(self, place: int) -> list[Output]:
        """Ask for the next file, or tell of all programs."""
        if place < self._entries:
            self._asking.hurry(ExtendedPacket(Command.ENTRY, bytes((place, 0))))
            return []
        programs = [{"slot": slot, "size": self._stored[slot].size} for slot in sorted(self._stored)]
        return [Told("program", "stored", json.dumps(programs))]

    def _loaded(self, answer: ExtendedPacket, now_us: int) -> list[Output]:
        if FLAGS in self._due_us:
            self._due_us[FLAGS] = now_us
        if answer.ack == Ack.OK:
            return []
        if answer.ack == Ack.NO_ENTRY:
            return [Refused("no_program")]
        return [Refused("device_refused", {"status": describe(answer.ack)})]
