"""Who is there: asked until a hub has told what it is and, twice the same, which one it is."""

import hashlib

from devices.protocols.spike import Event, HubUuid, Info
from devices.protocols.spike_cobs import END, encode
from devices.protocols.spike_requests import InfoRequest, UuidRequest, format_request

SHORT = "spike"
SETTLE_US = 100_000
"""A hub needs a moment after its port was opened."""
REPEAT_US = 400_000
UUID_TIMES = 9
OLD_VERSION, NEEDED_VERSION = "2", "3"
"""Of LEGO's app, which brings the firmware."""
_OLD_STREAM = b'{"m":'
_OLD_LINES = 3


class Greeting:
    """Frames have no checksum, so a number that was heard once may be wrong: it is asked for again."""

    def __init__(self, port: str) -> None:
        self.info: Info | None = None
        self.device: str | None = None
        self._port = port
        self._uuid: bytes | None = None
        self._asked = 0
        self._due_us = 0

    def begin(self, now_us: int) -> None:
        """The port was opened."""
        self.info = self.device = self._uuid = None
        self._asked = 0
        self._due_us = now_us + SETTLE_US

    def meet(self, event: Event, now_us: int) -> None:
        """Only what a greeting is about is looked at."""
        match event:
            case Info() if self.info is None:
                self.info, self._due_us = event, now_us
            case HubUuid(uuid=uuid) if self.info is not None and self.device is None:
                if uuid == self._uuid:
                    self.device = f"{SHORT}-{hashlib.blake2s(uuid, digest_size=4).hexdigest()}"
                self._uuid, self._due_us = uuid, now_us

    def due(self, now_us: int) -> bytes:
        """What is to be said now; a hub without a number of its own is called by its port in the end."""
        if self.device is not None or now_us < self._due_us:
            return b""
        self._due_us = now_us + REPEAT_US
        if self.info is None:
            return END + encode(format_request(InfoRequest()))
        if self._asked == UUID_TIMES:
            self.device = f"{SHORT}-{self._port}"
            return b""
        self._asked += 1
        return encode(format_request(UuidRequest()))


class OldFirmware:
    """Hubs of SPIKE App 2 and MINDSTORMS stream lines of JSON that nobody asked for."""

    def __init__(self) -> None:
        self.is_there = False
        self._tail = b""
        self._lines = 0

    def feed(self, data: bytes) -> None:
        """A few such lines settle it."""
        seen = self._tail + data
        self._lines += seen.count(_OLD_STREAM)
        cut = seen.rfind(_OLD_STREAM)
        self._tail = (seen[cut + len(_OLD_STREAM) :] if cut >= 0 else seen)[-len(_OLD_STREAM) + 1 :]
        self.is_there |= self._lines >= _OLD_LINES
