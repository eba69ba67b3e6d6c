"""Reads along what the program on a V5 brain prints, and sends it what a person types."""

import codecs
from collections.abc import Sequence

from devices.driver import Claimed, Console, Host, Measured, Output, Printed, Say
from devices.errors import ProtocolError
from devices.protocols.pros import DEBUG, ERR, Spoken, SpokenReader, Torn
from devices.protocols.serial_text import SerialText
from devices.transports.byte_pipe import Chunk

SENT_MAX = 1024
IDLE_US = 150_000
USB_BAUD = 12_000_000
"""Nothing but USB is on the way, so that a line ends when its bytes come."""


class V5UserDriver:
    """The port says nothing of itself: whoever opens it knows by its USB identity what it is."""

    def __init__(self, host: Host) -> None:
        self._device = f"v5-{host.port}-user"
        self._begin()

    def opened(self, now_us: int) -> list[Output]:
        """It is ours without a question: a program may not expect any."""
        self._begin()
        return [Claimed(self._device)]

    def received(self, chunk: Chunk) -> list[Output]:
        """What the program printed."""
        self._last_us = chunk.at_us
        return self._tell(self._reader.feed(chunk.data), chunk.at_us)

    def tick(self, now_us: int) -> list[Output]:
        """What looked like the beginning of a frame may have been text."""
        if self._reader.kept_bytes and now_us - self._last_us >= IDLE_US:
            return self._tell(self._reader.flush(), now_us)
        return []

    def command(self, node: str, key: str, payload: str, now_us: int) -> list[Output]:
        """`console/send`. Raises ProtocolError."""
        sent = payload.encode()
        if (node, key) != ("console", "send"):
            raise ProtocolError("bad_command", node=node, key=key)
        if len(sent) > SENT_MAX:
            raise ProtocolError("command_too_long")
        return [Say(sent)]

    def stored(self, boot: str, seqs: Sequence[int]) -> list[Output]:
        """Nothing that is printed is kept until it is stored."""
        return []

    def _begin(self) -> None:
        self._reader = SpokenReader()
        self._texts = {b"": SerialText(), b"sout": SerialText()}
        self._decode_errors = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._last_us = 0

    def _tell(self, heard: list[Spoken | Torn], at_us: int) -> list[Output]:
        out: list[Output] = []
        for each in heard:
            match each:
                case Torn():
                    out.append(Console("debug", "a frame of the user port was torn"))
                case Spoken(stream=stream, data=data) if stream == DEBUG:
                    out.append(Console("debug", data.decode(errors="replace")))
                case Spoken(stream=stream, data=data) if stream == ERR:
                    out += _printed(self._decode_errors(data))
                case Spoken(stream=stream, data=data):
                    text, lines = self._texts[stream].feed(data, at_us, USB_BAUD)
                    out += [Measured(line.samples, line.at_us) for line in lines]
                    out += _printed(text)
        return out


def _printed(text: str) -> list[Output]:
    return [Printed(text)] if text else []
