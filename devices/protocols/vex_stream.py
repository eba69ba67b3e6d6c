"""Finds the packets of a VEX brain, or of its host, in a stream of bytes."""

from collections.abc import Iterator
from dataclasses import dataclass

from devices.protocols.vex import ASK, EXTENDED, REPLY, WIDE, ExtendedPacket, Packet, SimplePacket, crc16

BODY_MAX = 4096 + 64
"""Of a packet that a reader waits for: a window of data and what is around it."""


@dataclass(frozen=True)
class BadQuestion:
    """A brain answers it with `Ack.PACKET_CRC`."""

    command: int


class PacketReader:
    """Finds packets in a stream; one that is damaged is left out, and counted in `damaged`.

    An answer is read unless `questions`; a question with a wrong checksum is told as `BadQuestion`.
    """

    def __init__(self, *, questions: bool = False) -> None:
        self.damaged = 0
        self._header = ASK if questions else REPLY
        self._questions = questions
        self._held = bytearray()

    @property
    def kept_bytes(self) -> int:
        """How much of an unfinished packet is held."""
        return len(self._held)

    def clear(self) -> None:
        """What comes now belongs to another packet."""
        self._held.clear()

    def feed(self, data: bytes) -> list[Packet | BadQuestion]:
        """Packets completed by `data`."""
        self._held += data
        return list(self._cut())

    def _cut(self) -> Iterator[Packet | BadQuestion]:
        while self._seek():
            size, start = self._measure()
            if size is None or len(self._held) < size:
                return
            packet = bytes(self._held[:size])
            found = self._parse(packet, start) if size else None
            if size == 0 or (found is None and not self._questions):
                self.damaged += 1
                del self._held[: len(self._header)]
                continue
            del self._held[:size]
            if found is None:
                self.damaged += 1
                yield BadQuestion(packet[5])
            else:
                yield found

    def _seek(self) -> bool:
        """Drop what is before the next header."""
        at = self._held.find(self._header)
        if at < 0:
            begun = (n for n in range(len(self._header) - 1, 0, -1) if self._held.endswith(self._header[:n]))
            del self._held[: len(self._held) - next(begun, 0)]
            return False
        del self._held[:at]
        return True

    def _measure(self) -> tuple[int | None, int]:
        """Bytes of the whole packet, 0 if it cannot be one, None if unknown yet; and where its content is."""
        at = len(self._header)
        if len(self._held) <= at:
            return None, 0
        extended = self._held[at] == EXTENDED
        at += 1
        if self._questions:
            if not extended:
                return at, at
            at += 1
        if len(self._held) <= at:
            return None, 0
        count = self._held[at]
        at += 1
        if count & WIDE:
            if len(self._held) <= at:
                return None, 0
            count = (count & ~WIDE) << 8 | self._held[at]
            at += 1
        tail = 2 if self._questions else 0
        return (at + count + tail if count <= BODY_MAX else 0), at

    def _parse(self, packet: bytes, start: int) -> Packet | None:
        command = packet[len(self._header)]
        if command != EXTENDED:
            return SimplePacket(command, packet[start:])
        if crc16(packet) or len(packet) - start < 2:
            return None
        if self._questions:
            return ExtendedPacket(packet[len(ASK) + 1], packet[start:-2])
        content = packet[start:-2]
        return ExtendedPacket(content[0], content[1:]) if content else None
