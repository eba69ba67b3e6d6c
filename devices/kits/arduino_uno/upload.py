"""A program's way onto an Uno or a Nano: through its boot loader, by our own STK500 talk."""

from collections.abc import Callable
from dataclasses import dataclass

from devices.driver import Host, Remember, Say, SetBaud
from devices.errors import UploadError
from devices.protocols import stk500v1
from devices.protocols.intel_hex import HexError, Page, parse_intel_hex
from devices.talk import Heard, Pause, Progress, Reset, Talk, Until
from devices.uploads import Program, Uploads

NOTE = "upload_baud"
SKETCH_NOTE = "sketch_baud"
NEW_BAUD, OLD_BAUD = 115200, 57600
PAGE_BYTES = 128
UNO_BYTES = 32256
NANO_BYTES = 30720
"""A Nano starts its boot loader 1.5 KiB earlier: a longer program would be started in its place."""
UNOS = frozenset({(0x2341, 0x0043), (0x2341, 0x0001), (0x2341, 0x0243), (0x2341, 0x006A), (0x2A03, 0x0043)})
HEX_BYTES_MAX = 256_000
CHIPS = {
    "1E 95 0F": "ATmega328P",
    "1E 95 14": "ATmega328",
    "1E 95 16": "ATmega328PB",
    "1E 94 06": "ATmega168",
    "1E 94 0B": "ATmega168P",
    "1E 98 01": "ATmega2560",
    "1E 95 87": "ATmega32U4",
}
TAKEN = frozenset({"ATmega328P", "ATmega328", "ATmega328PB"})

ROUNDS = 2
SYNCS = 3
START_US = 100_000
"""Before that the UART may be off: half a request would be taken for a wrong one, and the sketch started."""
SYNC_US = 450_000
"""A boot loader that blinks is deaf that long and keeps three bytes: another request would fall to pieces."""
SETTLE_US = 20_000
LEAVE_US = 100_000
REPLY_US = 1_000_000
LISTEN_US = 3_000_000
"""A sketch may wait a second for the rest of what it takes for a number."""
LOSSES = 5
TEXT_BYTES = 6
TAIL_BYTES = 120
SAID_MAX = 40


@dataclass(frozen=True)
class Image:
    """A program as it lies in flash."""

    pages: tuple[Page, ...]
    size: int


class _LostError(Exception):
    """The boot loader and we no longer understand each other: it has to be started anew."""


def prepare(program: Program) -> Image:
    """Read a HEX file. Raises UploadError: program_empty, program_damaged, program_too_big."""
    try:
        read = parse_intel_hex(program.data)
    except HexError as error:
        if not program.data.strip():
            raise UploadError("program_empty", name=program.name) from error
        raise UploadError(
            "program_damaged", name=program.name, line=error.line, problem=error.problem
        ) from error
    if not read.cells:
        raise UploadError("program_empty", name=program.name)
    if read.end > UNO_BYTES:
        raise UploadError("program_too_big", size=read.end, limit=UNO_BYTES)
    return Image(read.pages(PAGE_BYTES), read.end)


def upload(image: Image, heard: Heard, host: Host) -> Talk[None]:
    """Write, read back, start. A lost byte costs a restart of the boot loader, and five are too many."""
    talk = _Upload(image, heard, host)
    try:
        yield from talk.run()
    except UploadError:
        if talk.in_boot_loader:
            yield Say(stk500v1.LEAVE_PROGRAMMING)
        raise


UPLOADS = Uploads((".hex",), HEX_BYTES_MAX, prepare, talk=upload, can_run=False)


class _Upload:
    """Knows how far it has come, so that a restart does not begin from the first page."""

    def __init__(self, image: Image, heard: Heard, host: Host) -> None:
        self._image = image
        self._heard = heard
        self._host = host
        self._total = sum(len(page.data) for page in image.pages)
        self._baud = 0
        self._written = 0
        self._verified = 0

    @property
    def in_boot_loader(self) -> bool:
        """Whether it has answered: a sketch is not to be told to leave."""
        return self._baud != 0

    def run(self) -> Talk[None]:
        for _ in range(LOSSES):
            try:
                yield from self._greet()
                yield from self._check_board()
                yield from self._write()
                yield from self._verify()
            except _LostError:
                continue
            yield Progress("starting")
            yield Say(stk500v1.LEAVE_PROGRAMMING)
            yield Until(lambda: self._heard.take(len(stk500v1.ANSWER)), LEAVE_US)
            return
        place = max(self._written, self._verified) * PAGE_BYTES
        raise UploadError("write_failed", problem=f"0x{place:04x}")

    def _greet(self) -> Talk[None]:
        """Restart the board and find the speed of its boot loader."""
        noted = int(self._host.notes.get(NOTE, NEW_BAUD))
        bauds = (self._baud,) if self._baud else dict.fromkeys((noted, NEW_BAUD, OLD_BAUD))
        said = b""
        for patience in range(1, ROUNDS + 1):
            for baud in bauds:
                yield Progress("resetting")
                yield SetBaud(baud)
                yield Reset()
                yield Progress("syncing")
                if (yield from self._sync(patience * SYNC_US)):
                    if not self._baud and self._host.notes.get(NOTE) != str(baud):
                        yield Remember(NOTE, str(baud))
                    self._baud = baud
                    return
                said = max(said, self._heard.take_all(), key=_text)
        yield from self._complain(said)

    def _sync(self, within_us: int) -> Talk[bool]:
        """Whether the boot loader answers; answers to what it heard while it started are thrown away."""
        yield Pause(START_US)
        for _ in range(SYNCS):
            yield Say(stk500v1.SYNC)
            if (yield Until(_finder(self._heard, stk500v1.ANSWER), within_us)):
                break
        else:
            return False
        for _ in range(SYNCS):
            if self._heard.take_all() == stk500v1.ANSWER:
                return True
            yield Pause(SETTLE_US)
            self._heard.take_all()
            yield Say(stk500v1.SYNC)
            yield Until(_finder(self._heard, stk500v1.ANSWER), within_us)
        return False

    def _complain(self, said: bytes) -> Talk[None]:
        """Why there is no boot loader: nobody is there, or the program that was there before goes on."""
        text = _text(said)
        baud = int(self._host.notes.get(SKETCH_NOTE, 9600))
        if not text and baud not in (NEW_BAUD, OLD_BAUD):
            yield SetBaud(baud)
            text = (yield Until(lambda: _text(bytes(self._heard.data)) or None, LISTEN_US)) or ""
        if text:
            raise UploadError("sketch_answers", said=text)
        raise UploadError("board_silent", port=self._host.path)

    def _check_board(self) -> Talk[None]:
        chip = yield from self._read_chip()
        if chip not in TAKEN and (chip := (yield from self._read_chip())) not in TAKEN:
            raise UploadError("wrong_board", found=chip, expected="ATmega328P")
        limit = UNO_BYTES if self._baud == NEW_BAUD and self._host.usb in UNOS else NANO_BYTES
        if self._image.size > limit:
            raise UploadError("program_too_big", size=self._image.size, limit=limit)
        yield from self._ask(stk500v1.ENTER_PROGRAMMING)

    def _read_chip(self) -> Talk[str]:
        signature = yield from self._ask(stk500v1.READ_SIGNATURE, stk500v1.SIGNATURE_BYTES)
        found = signature.hex(" ").upper()
        return CHIPS.get(found, found)

    def _write(self) -> Talk[None]:
        for page in self._image.pages[self._written :]:
            yield Progress("writing", self._written * PAGE_BYTES, self._total)
            yield from self._write_page(page)
            self._written += 1
        yield Progress("writing", self._total, self._total)

    def _verify(self) -> Talk[None]:
        for page in self._image.pages[self._verified :]:
            yield Progress("verifying", self._verified * PAGE_BYTES, self._total)
            found = yield from self._read_page(page)
            if found != page.data:
                yield from self._write_page(page)
                found = yield from self._read_page(page)
            if found != page.data:
                wrong = next(at for at, byte in enumerate(page.data) if found[at] != byte)
                raise UploadError("verify_failed", address=f"0x{page.address + wrong:04x}")
            self._verified += 1
        yield Progress("verifying", self._total, self._total)

    def _write_page(self, page: Page) -> Talk[None]:
        yield from self._ask(stk500v1.load_address(page.address))
        yield from self._ask(stk500v1.program_page(page.data))

    def _read_page(self, page: Page) -> Talk[bytes]:
        yield from self._ask(stk500v1.load_address(page.address))
        found: bytes = yield from self._ask(stk500v1.read_page(len(page.data)), len(page.data))
        return found

    def _ask(self, request: bytes, size: int = 0) -> Talk[bytes]:
        yield Say(request)
        found = yield Until(lambda: stk500v1.parse_reply(bytes(self._heard.data), size), REPLY_US)
        self._heard.take_all()
        if not isinstance(found, bytes):
            raise _LostError
        return found


def _finder(heard: Heard, wanted: bytes) -> Callable[[], bool | None]:
    return lambda: wanted in heard.data or None


def _text(said: bytes) -> str:
    """A line of it, if what came last is text that a program printed."""
    text = said[-TAIL_BYTES:].decode("utf-8", errors="replace")
    good = sum((each.isprintable() and each != "\ufffd") or each in "\r\n\t" for each in text)
    if len(text) < TEXT_BYTES or "\n" not in text or good < 0.9 * len(text):
        return ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return max(lines[1:] or lines, key=len)[:SAID_MAX] if lines else ""
