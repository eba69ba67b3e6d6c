"""Every parser of `devices/protocols` as a target, with valid frames to begin with."""

from collections.abc import Iterator

from devices.protocols import (
    cobs,
    firmata,
    gate,
    intel_hex,
    mpy_modules,
    plotter,
    pros,
    raw_repl,
    sentences,
    serial_text,
    stk500v1,
    vex,
    vex_files,
    vex_stream,
)
from tests.devices.fuzz import lego
from tests.devices.fuzz.parsers import Reader, function, reader, text
from tests.devices.fuzz.target import Target
from tests.devices.protocols.test_gate import EVENTS, REQUESTS
from tests.intel_hex import format_intel_hex

HEX = format_intel_hex(bytes(range(100)))
MPY = b"M\x06\x00\x1f" + bytes(40)


def _firmata() -> Iterator[Target]:
    pins = firmata.format_capabilities(({0: 1, 1: 1}, {2: 10, 3: 8}))
    messages = [
        firmata.Version(2, 5),
        firmata.Analog(1, 300),
        firmata.Analog(30, 99_000),
        firmata.Digital(0, 0x55),
        firmata.Report(firmata.REPORT_ANALOG, 1, True),
        firmata.SetMode(13, 1),
        firmata.SetPin(13, True),
        firmata.Reset(),
        firmata.Sysex(firmata.FIRMWARE, b"\x02\x05" + firmata.pack_text("Blink")),
        firmata.Sysex(firmata.CAPABILITIES, pins),
    ]
    frames = [firmata.format_message(message) for message in messages]
    yield reader("firmata.FirmataReader", firmata.FirmataReader, frames)
    yield function("firmata.unpack_text", firmata.unpack_text, [firmata.pack_text("Blink")])
    yield function("firmata.parse_capabilities", firmata.parse_capabilities, [pins])


def _gate() -> Iterator[Target]:
    told, asked = list(EVENTS.values()), list(REQUESTS.values())
    yield reader("gate.GateDecoder", gate.GateDecoder, [*told, b"temp:3\r\n"])
    yield reader("gate.RequestDecoder", gate.RequestDecoder, asked)
    yield reader("sentences.SentenceReader", sentences.SentenceReader, [*told, *asked, b"temp:3\r\n"])


def _lines() -> Iterator[Target]:
    lines = [b"temp:23.5,light:410\n", b"1 2 3\r\n", b"-1e3\t.5\n", "жарық:7\n".encode()]

    class Printing:
        def __init__(self) -> None:
            self._text = serial_text.SerialText()

        def feed(self, data: bytes) -> object:
            return self._text.feed(data, 1_000, 9600)

    yield reader("serial_text.SerialText", Printing, lines)
    yield function("plotter.parse_plotter", text(plotter.parse_plotter), lines)


def _raw_repl() -> Iterator[Target]:
    offers = [b"R\x01\x80\x00\x01", b"R\x00", b"ra" + raw_repl.RAW_PROMPT]
    replies = [
        b"temp:1\r\n\x04\x04>",
        b'\x04Traceback\r\n  File "<stdin>", line 3\r\nOSError: [Errno 28]\r\n\x04>',
    ]
    banner = b"MicroPython v1.24.1 on 2024-11-29; Generic ESP32 module with ESP32\r\n>>> "
    grants = [b"\x01\x01", b"\x01\x04", b"\x04"]
    yield function("raw_repl.parse_offer", raw_repl.parse_offer, offers)
    yield function("raw_repl.parse_reply", raw_repl.parse_reply, replies)
    yield function("raw_repl.parse_fault", raw_repl.parse_fault, replies)
    yield function("raw_repl.parse_banner", text(raw_repl.parse_banner), [banner])

    def begin() -> Reader:
        window = raw_repl.PasteWindow(128)
        return Reader(lambda data: window.hear(bytearray(data)))

    yield Target("raw_repl.PasteWindow", begin, [grants], covers=("raw_repl.PasteWindow",))


def _vex() -> Iterator[Target]:
    entry = vex_files.FileEntry(1, 500, vex_files.ADDRESS, 77, b"bin\0", 9, vex_files.VERSION, "slot_1.bin")
    transfer = vex_files.Transfer(vex_files.WRITE, "slot_1.ini", 99, vex_files.ADDRESS, 5, b"ini\0", 9)
    window = vex_files.pack_window(vex_files.Window(4096, 0, 0))
    questions = [
        vex.SimplePacket(vex.Simple.VERSION),
        vex.ExtendedPacket(vex.Command.INIT, transfer.pack()),
        vex.ExtendedPacket(vex.Command.WRITE, bytes(200)),
    ]
    answers = [
        vex.SimplePacket(vex.Simple.VERSION, bytes((1, 1, 5, 0, 0, 0x10, 0, 0))),
        vex.ExtendedPacket(vex.Command.INIT, bytes((vex.Ack.OK,)) + window),
        vex.ExtendedPacket(vex.Command.READ, bytes(300)),
    ]
    asked = [vex.format_question(packet) for packet in questions]
    told = [vex.format_answer(packet) for packet in answers]
    yield reader("vex_stream.PacketReader", vex_stream.PacketReader, told)

    def of_questions() -> vex_stream.PacketReader:
        return vex_stream.PacketReader(questions=True)

    yield Target(
        "vex_stream.PacketReader of questions",
        lambda: Reader(of_questions().feed),
        [asked],
        covers=("vex_stream.PacketReader",),
    )
    plugged = bytes((2,)) + bytes(range(16))
    for name, parse, seed in (
        ("parse_version", vex_files.parse_version, bytes((1, 1, 5, 2, 0, 0x10, 0, 0))),
        ("parse_system", vex_files.parse_system, bytes(range(24))),
        ("parse_flags", vex_files.parse_flags, bytes(range(8))),
        ("parse_devices", vex_files.parse_devices, plugged),
        ("parse_transfer", vex_files.parse_transfer, transfer.pack()),
        ("parse_window", vex_files.parse_window, window),
        ("parse_file", vex_files.parse_file, entry.pack()),
        ("parse_name", vex_files.parse_name, b"slot_1.bin\0abc"),
    ):
        yield function(f"vex_files.{name}", parse, [seed])


def _others() -> Iterator[Target]:
    frames = [cobs.encode(message) for message in (b"", b"a\0b", bytes(300), b"x" * 254)]
    yield function("cobs.decode", cobs.decode, frames, (cobs.CobsError,))
    spoken = [pros.format_spoken(pros.OUT, b"temp:3\n"), b"plain\n", pros.format_spoken(pros.DEBUG, bytes(9))]
    yield reader("pros.SpokenReader", pros.SpokenReader, spoken, lambda parser: parser.flush())
    packed = mpy_modules.pack_modules([("main", MPY), ("more", MPY)], (1, 6, 0))
    yield function("mpy_modules.unpack_modules", mpy_modules.unpack_modules, [packed], (ValueError,))

    def pages(data: bytes) -> object:
        image = intel_hex.parse_intel_hex(data)
        return image.end, image.pages(128)

    rows = [HEX, b":020000040001F9\r\n" + HEX, b":020000021000EC\r\n" + HEX]
    yield function("intel_hex.parse_intel_hex", pages, rows, (intel_hex.HexError,))
    answers = [b"\x14\x10", b"\x14\x1e\x95\x0f\x10", b"\x14" + bytes(128) + b"\x10"]
    for size in (0, 3, 128):
        yield Target(
            f"stk500v1.parse_reply of {size}",
            lambda size=size: Reader(lambda data: stk500v1.parse_reply(data, size)),  # type: ignore[misc]
            [[answer] for answer in answers],
            covers=("stk500v1.parse_reply",),
        )


def iter_targets() -> Iterator[Target]:
    """All of them."""
    yield from lego.iter_targets()
    for some in (_firmata, _gate, _lines, _raw_repl, _vex, _others):
        yield from some()
