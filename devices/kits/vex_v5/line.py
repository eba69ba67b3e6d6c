"""A conversation with a brain: one question, its answer, and the question again where none came."""

from devices.driver import Say
from devices.errors import UploadError
from devices.kits.vex_v5.program import SLOTS
from devices.protocols.vex import (
    Ack,
    Command,
    ExtendedPacket,
    Packet,
    Simple,
    SimplePacket,
    format_question,
)
from devices.protocols.vex_files import ADDRESS, SystemVersion, parse_version
from devices.protocols.vex_stream import PacketReader
from devices.talk import Heard, Talk, Until

TRIES = 4
"""The first, and three more where no header was found."""
WIRED_US, RADIO_US = 1_000_000, 2_500_000


class Line:
    """`repeated` tells that the last answer came to a question that was said more than once."""

    def __init__(self, heard: Heard, port: str) -> None:
        self.patience_us = WIRED_US
        self.repeated = False
        self._heard = heard
        self._port = port
        self._reader = PacketReader()

    def ask(self, command: int, body: bytes = b"", within_us: int = 0) -> Talk[ExtendedPacket]:
        """Whatever the brain answers, refusals too. Raises UploadError: board_silent, write_failed."""
        found = yield from self._ask(ExtendedPacket(command, body), within_us or self.patience_us)
        if found is None:
            raise UploadError("board_silent", port=self._port)
        assert isinstance(found, ExtendedPacket)
        if found.ack == Ack.PACKET_CRC:
            raise UploadError("write_failed", problem="checksum")
        return found

    def demand(self, command: int, body: bytes = b"") -> Talk[ExtendedPacket]:
        """As `ask`, but a refusal fails. Raises UploadError, also as `refusal`."""
        answer = yield from self.ask(command, body)
        if answer.ack != Ack.OK:
            raise refusal(answer.ack)
        return answer

    def version(self) -> Talk[SystemVersion | None]:
        """None if the brain answers, but not to this. Raises UploadError("board_silent").

        The answer has no checksum, so that it must come twice.
        """
        before: SystemVersion | None = None
        for _ in range(TRIES):
            found = yield from self._ask(SimplePacket(Simple.VERSION), self.patience_us)
            if found is None:
                break
            version = parse_version(found.payload) if isinstance(found, SimplePacket) else None
            if version is not None and version == before:
                return version
            before = version
        yield from self.ask(Command.SYSTEM)
        return None

    def say(self, command: int, body: bytes) -> Say:
        """A word that nobody waits for."""
        return Say(format_question(ExtendedPacket(command, body)))

    def _ask(self, question: Packet, within_us: int) -> Talk[Packet | None]:
        found: Packet | None = None
        for place in range(TRIES):
            self.repeated = place > 0
            self._reader.clear()
            self._heard.take_all()
            yield Say(format_question(question))
            found = yield Until(lambda: self._find(question), within_us)
            damaged = isinstance(found, ExtendedPacket) and found.ack == Ack.PACKET_CRC
            if found is not None and not damaged:
                break
        return found

    def _find(self, question: Packet) -> Packet | None:
        for answer in self._reader.feed(self._heard.take_all()):
            if type(answer) is type(question) and answer.command == question.command:
                return answer
        return None


def refusal(ack: int) -> UploadError:
    """What a person is told of a brain's refusal."""
    match ack:
        case Ack.FULL | Ack.TOO_MANY_FILES:
            return UploadError("storage_full", slots=SLOTS)
        case Ack.PROGRAM_CRC:
            return UploadError("verify_failed", address=f"{ADDRESS:08x}")
        case _:
            return UploadError("device_refused", status=describe(ack))


def describe(ack: int) -> str:
    """What a brain means by its refusal, in the words of VEX."""
    known = next((each.name.lower().replace("_", " ") for each in Ack if each == ack), "unknown")
    return f"{known} ({ack:02X})"
