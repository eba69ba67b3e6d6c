"""The parsers of LEGO's bricks and hubs."""

from collections.abc import Callable, Iterator

from devices.protocols import (
    ev3,
    ev3_bytecode,
    ev3_mailbox,
    nxt,
    pybricks,
    pybricks_stream,
    spike,
    spike_cobs,
    spike_records,
    spike_requests,
)
from tests.devices.fuzz.parsers import function, reader, text
from tests.devices.fuzz.target import Target


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


def iter_targets() -> Iterator[Target]:
    """All of them."""
    for some in (_ev3, _nxt, _pybricks, _spike):
        yield from some()
