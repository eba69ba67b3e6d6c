"""Every parser of `devices/protocols` as a target, with valid frames to begin with."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import devices.protocols
from devices.protocols import (
    cobs,
    ev3,
    ev3_bytecode,
    ev3_mailbox,
    firmata,
    gate,
    intel_hex,
    mpy_modules,
    nxt,
    plotter,
    pros,
    pybricks,
    pybricks_stream,
    raw_repl,
    sentences,
    serial_text,
    spike,
    spike_cobs,
    spike_records,
    spike_requests,
    stk500v1,
    vex,
    vex_files,
    vex_stream,
)
from tests.devices.fuzz.target import Target
from tests.devices.protocols.test_gate import EVENTS, REQUESTS

HEX = intel_hex.format_intel_hex(bytes(range(100)))
MPY = b"M\x06\x00\x1f" + bytes(40)
PARSES = ("parse_", "decode", "unpack_")
FEEDS = ("feed", "hear")
FORMATS_ONLY = {"vex"}
"""Modules that read nothing."""


class Reader:
    """A parser that keeps what is unfinished."""

    def __init__(self, feed: Callable[[bytes], object], close: Callable[[], object] = lambda: None) -> None:
        self._feed = feed
        self._close = close

    def feed(self, data: bytes) -> None:
        told = self._feed(data)
        if isinstance(told, Iterator):
            list(told)

    def close(self) -> None:
        self._close()


def reader(
    covers: str,
    make: Callable[[], Any],
    seeds: Iterable[bytes],
    close: Callable[[Any], object] = lambda _: None,
) -> Target:
    """A class with `feed`."""

    def begin() -> Reader:
        parser = make()
        return Reader(parser.feed, lambda: close(parser))

    return Target(covers, begin, [list(seeds)], covers=(covers,))


def function(
    covers: str,
    parse: Callable[[bytes], object],
    seeds: Iterable[bytes],
    errors: tuple[type[Exception], ...] = (),
) -> Target:
    """A function, called with each piece."""
    return Target(covers, lambda: Reader(parse), [[seed] for seed in seeds], errors, (covers,))


def text(parse: Callable[[str], object]) -> Callable[[bytes], object]:
    """For parsers of text that was decoded before."""
    return lambda data: parse(data.decode("utf-8", "replace"))


def _ev3() -> Iterator[Target]:
    frames = [
        ev3.format_frame(1, ev3.Type.DIRECT_REPLY, bytes(17)),
        ev3.format_frame(2, ev3.Type.SYSTEM_REPLY, bytes((ev3.System.LIST_FILES, 0)) + bytes(5) + b"a/\n"),
        ev3.format_frame(3, 0x81, ev3_mailbox.write_mailbox("go", ev3_mailbox.encode("left"))),
        ev3.format_frame(4, 0x81, ev3_mailbox.write_mailbox("go", ev3_mailbox.encode(2.5))),
    ]

    def each_frame(parse: Callable[[ev3.Frame], object]) -> Callable[[bytes], object]:
        return lambda data: [parse(frame) for frame in ev3.FrameReader().feed(data)]

    def mail(frame: ev3.Frame) -> object:
        found = ev3_mailbox.parse_mail(frame)
        return found and found.content

    yield reader("ev3.FrameReader", ev3.FrameReader, frames)
    yield function("ev3.parse_system_reply", each_frame(ev3.parse_system_reply), frames)
    listing = ev3.format_listing(["prjs"], {"a.rbf": b"1", "b.rsf": b""})
    yield function("ev3.parse_listing", ev3.parse_listing, [listing])
    yield function("ev3_mailbox.parse_mail", each_frame(mail), frames)
    yield function("ev3_bytecode.image_bytes", ev3_bytecode.image_bytes, [ev3_bytecode.image(bytes(20))])


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


def _nxt() -> Iterator[Target]:
    reply = nxt.format_telegram(nxt.Telegram(nxt.REPLY, nxt.Op.GET_BATTERY, b"\0\x10\x20"))
    info = b"NXT".ljust(15, b"\0") + bytes(range(15))
    yield reader("nxt.TelegramReader", nxt.TelegramReader, [reply, nxt.ask(nxt.Op.VERSIONS), reply])
    yield function("nxt.parse_name", nxt.parse_name, [nxt.file_name("a.rxe")])
    yield function("nxt.parse_device_info", nxt.parse_device_info, [info])
    values = nxt.format_input(nxt.InputValues(1, True, 5, 0x80, 300, 30))
    yield function("nxt.parse_input", nxt.parse_input, [values])
    yield function("nxt.parse_output", nxt.parse_output, [nxt.format_output(nxt.OutputState(1, 75, 360))])
    yield function("nxt.parse_message", nxt.parse_message, [b"\x01\x03go\0"])


def _pybricks() -> Iterator[Target]:
    kind = pybricks.HubKind(0x81, 1)
    able = pybricks.Capabilities(512, pybricks.Feature.MULTI_MPY6, 262_144, 5)
    hub = [
        pybricks_stream.Response(1, 0),
        pybricks_stream.Status(pybricks.Flag.RUNNING, 1, 0),
        pybricks_stream.Stdout(b"temp:3\n"),
        pybricks_stream.OtherEvent(3, b"x"),
        pybricks_stream.Value(pybricks_stream.CAPABILITIES, able.pack((1, 6, 0))),
    ]
    host = [
        pybricks_stream.Subscribe(True),
        pybricks_stream.Command(1, pybricks.write_ram(0, b"abc")),
        pybricks_stream.Read(pybricks_stream.NAME),
    ]
    events = [pybricks_stream.pack_hub(message)[1:] for message in hub[1:4]]
    yield function("pybricks.parse_version", text(pybricks.parse_version), [b"1.6.0", b"4.1.0b3"])
    yield function(
        "pybricks.parse_kind", lambda data: (pybricks.parse_kind(data) or kind).name, [kind.pack()]
    )
    able_seeds = [able.pack(profile) for profile in ((1, 2, 0), (1, 6, 0))]
    yield function("pybricks.parse_capabilities", pybricks.parse_capabilities, able_seeds)
    for covers, parse, seeds in (
        ("pybricks_stream.parse_hub", pybricks_stream.parse_hub, map(pybricks_stream.pack_hub, hub)),
        ("pybricks_stream.parse_host", pybricks_stream.parse_host, map(pybricks_stream.pack_host, host)),
        ("pybricks_stream.parse_event", pybricks_stream.parse_event, events),
    ):
        yield function(covers, parse, seeds)


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


def _spike() -> Iterator[Target]:
    records = spike_records.format_records(
        (
            spike_records.Battery(80),
            spike_records.Imu(0, 1, 10, -10, 5, 1, 2, 3, 4, 5, 6),
            spike_records.Motor(0, 0x31, 90, 5000, 50, 720),
            spike_records.Color(2, 9, 100, 200, 300),
            spike_records.Distance(3, -1),
        )
    )
    events = [
        spike.Info((1, 0, 0), (1, 8, 1), 509, 8192, 4096, 0),
        spike.Answer(spike.Id.FLOW, True),
        spike.HubName("Robot 3"),
        spike.HubUuid(bytes(range(16))),
        spike.FlowChanged(spike.Action.START),
        spike.ConsoleText(b"temp:3\n"),
        spike.Notified(records),
        spike.Tunnelled(b"abc"),
    ]
    requests = [
        spike_requests.InfoRequest(),
        spike_requests.StartFile("program.py", 3, 99),
        spike_requests.TransferChunk(7, bytes(20)),
        spike_requests.SetName("Robot 3"),
        spike_requests.ProgramFlow(spike.Action.STOP, 3),
        spike_requests.NotifyRequest(100),
        spike_requests.ClearSlot(1),
    ]
    told = [spike.format_event(event) for event in events]
    asked = [spike_requests.format_request(request) for request in requests]
    frames = [spike_cobs.encode(message, urgent=place % 3 == 0) for place, message in enumerate(told)]
    yield reader("spike_cobs.FrameReader", spike_cobs.FrameReader, frames)
    yield function("spike_cobs.decode", spike_cobs.decode, frames, (spike_cobs.FrameError,))
    yield function("spike.parse_event", spike.parse_event, told)
    yield function("spike_requests.parse_request", spike_requests.parse_request, asked)
    wrong = (spike_records.RecordError,)
    yield function("spike_records.parse_records", spike_records.parse_records, [records], wrong)


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
    for some in (_ev3, _firmata, _gate, _lines, _nxt, _pybricks, _raw_repl, _spike, _vex, _others):
        yield from some()


def iter_parsers() -> Iterator[str]:
    """Whatever in `devices/protocols` looks like a parser, as `module.name`."""
    for found in pkgutil.iter_modules(devices.protocols.__path__):
        module = importlib.import_module(f"devices.protocols.{found.name}")
        for name, one in vars(module).items():
            if name.startswith("_") or getattr(one, "__module__", "") != module.__name__:
                continue
            feeds = inspect.isclass(one) and any(hasattr(one, feed) for feed in FEEDS)
            if feeds or (inspect.isfunction(one) and name.startswith(PARSES)):
                yield f"{found.name}.{name}"


def modules_without(covered: Iterable[str]) -> set[str]:
    """Protocols of which nothing is fuzzed, though they read something."""
    names = {found.name for found in pkgutil.iter_modules(devices.protocols.__path__)}
    return names - FORMATS_ONLY - {each.partition(".")[0] for each in covered}
