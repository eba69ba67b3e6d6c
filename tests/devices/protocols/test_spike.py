"""Messages of SPIKE hubs, byte for byte as LEGO's documentation lays them out."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.protocols.spike import (
    Action,
    Answer,
    ConsoleText,
    FlowChanged,
    HubName,
    HubUuid,
    Id,
    Info,
    Notified,
    Tunnelled,
    crc,
    format_event,
    parse_event,
)
from devices.protocols.spike_cobs import encode
from devices.protocols.spike_records import (
    Battery,
    Color,
    Display,
    Distance,
    Force,
    Imu,
    Matrix,
    Motor,
    RecordError,
    format_records,
    parse_records,
)
from devices.protocols.spike_requests import (
    ClearSlot,
    GetName,
    InfoRequest,
    NotifyRequest,
    ProgramFlow,
    SetName,
    StartFile,
    TransferChunk,
    UuidRequest,
    format_request,
    parse_request,
)

PRINT = b"print(1)\n"
UUID = bytes.fromhex("00112233445566778899aabbccddeeff")

REQUESTS = [
    (InfoRequest(), "00"),
    (StartFile("program.py", 0, 0xF88048AD), "0c" + b"program.py".hex() + "0000" + "ad4880f8"),
    (TransferChunk(0xF88048AD, PRINT), "10ad4880f8" + "0900" + PRINT.hex()),
    (SetName("Robi"), "16" + b"Robi".hex() + "00"),
    (GetName(), "18"),
    (UuidRequest(), "1a"),
    (ProgramFlow(Action.START, 3), "1e0003"),
    (ProgramFlow(Action.STOP, 0), "1e0100"),
    (NotifyRequest(5000), "288813"),
    (ClearSlot(19), "4613"),
]
EVENTS = [
    (Info((1, 0, 86), (1, 8, 149), 509, 1024, 480, 0), "01" + "01005600" + "01089500" + "fd010004e0010000"),
    (Answer(Id.START_FILE, True), "0d00"),
    (Answer(Id.CHUNK, False), "1101"),
    (Answer(Id.SET_NAME, True), "1700"),
    (Answer(Id.FLOW, True), "1f00"),
    (Answer(Id.NOTIFY, True), "2900"),
    (Answer(Id.CLEAR, False), "4701"),
    (HubName("Роби"), "19" + "Роби".encode().hex() + "00"),
    (HubUuid(UUID), "1b" + UUID.hex()),
    (FlowChanged(Action.STOP), "2001"),
    (ConsoleText(b"hi\n"), "21" + "68690a00"),
    (Notified(b"\x00\x57"), "3c0200" + "0057"),
    (Tunnelled(b"abc"), "320300" + "616263"),
]
RECORDS = [
    (Battery(87), "0057"),
    (
        Imu(0, 1, -900, 1, 2, 0, -1, 1000, 7, 8, 9),
        "010001" + "7cfc01000200" + "0000ffffe803" + "070008000900",
    ),
    (Display(bytes(range(25))), "02" + bytes(range(25)).hex()),
    (Motor(0, 0x30, -180, -10000, -100, 123456), "0a0030" + "4cfff0d8" + "9c" + "40e20100"),
    (Force(1, 42, 1), "0b012a01"),
    (Color(2, -1, 1023, 512, 0), "0c02ff" + "ff0300020000"),
    (Distance(3, -1), "0d03ffff"),
    (Matrix(4, bytes(9)), "0e04" + "00" * 9),
]


@pytest.mark.parametrize(("request_", "message"), REQUESTS)
def test_a_request_is_written_and_read_as_documented(request_, message):
    assert format_request(request_).hex() == message
    assert parse_request(bytes.fromhex(message)) == request_


@pytest.mark.parametrize(("event", "message"), EVENTS)
def test_an_event_is_written_and_read_as_documented(event, message):
    assert format_event(event).hex() == message
    assert parse_event(bytes.fromhex(message)) == event


def test_published_frames():
    assert encode(format_request(InfoRequest())).hex() == "000002"
    assert encode(format_request(ClearSlot(0))).hex() == "07450002"


def test_the_checksum_pads_every_piece_on_its_own():
    assert crc(PRINT) == 0xF88048AD
    assert crc(b"print(1)\n\0\0\0") == 0xF88048AD
    assert crc(PRINT[4:], crc(PRINT[:4])) == 0xF88048AD
    assert crc(PRINT[5:], crc(PRINT[:5])) != 0xF88048AD


def test_a_console_text_is_padded_to_its_place():
    assert parse_event(b"\x21" + b"hello".ljust(256, b"\0")) == ConsoleText(b"hello")
    assert parse_event(b"\x21hello") == ConsoleText(b"hello")


@pytest.mark.parametrize(
    "message",
    [
        "",
        "01" + "07" + "00000000",  # a Pybricks hub answers a command
        "02" + "00" + "4000000000",  # its status
        "03" + "01" + "002a" + b"Pybricks Hub".hex(),  # its name
        "01" * 16,
        "01" * 18,
        "1b" + "00" * 15,
        "0d02",
        "0d0000",
        "2002",
        "3c0300aabb",
        "19ff00",
        "ff",
    ],
)
def test_what_is_no_event_is_none(message):
    assert parse_event(bytes.fromhex(message)) is None


@pytest.mark.parametrize(
    "message", ["", "0c6100", "10ad4880f8", "10ad4880f80500" + "61", "1e0200", "28", "46", "ff"]
)
def test_what_is_no_request_is_none(message):
    assert parse_request(bytes.fromhex(message)) is None


@given(st.binary(max_size=300))
def test_any_bytes_are_an_event_or_none(data):
    event = parse_event(data)
    if event is not None and data[0] not in (0x19, 0x21):
        assert format_event(event) == data


@given(st.binary(max_size=300))
def test_any_bytes_are_a_request_or_none(data):
    request = parse_request(data)
    if request is not None and data[0] != 0x16:
        assert format_request(request) == data


@pytest.mark.parametrize(("record", "data"), RECORDS)
def test_a_record_is_written_and_read_as_documented(record, data):
    assert format_records((record,)).hex() == data
    assert parse_records(bytes.fromhex(data)) == (record,)


def test_records_come_in_a_row_up_to_the_first_unknown():
    records = tuple(record for record, _ in RECORDS)
    assert parse_records(format_records(records)) == records
    assert parse_records(format_records(records) + b"\x77\0\0") == records


@pytest.mark.parametrize(
    "data",
    [
        "00",
        "0065",
        "0a0630" + "0000" * 2 + "00" + "00000000",
        "0a0030" + "0000" + "1127" + "00" + "00000000",
        "0b016500",
        "0c020b" + "000000000000",
        "0d03feff",
        "01060000000000000000000000000000000000" + "0000",
    ],
)
def test_a_record_that_cannot_be_true_is_refused(data):
    with pytest.raises(RecordError):
        parse_records(bytes.fromhex(data))


@given(st.binary(max_size=200))
def test_any_bytes_are_records_or_are_refused(data):
    try:
        records = parse_records(data)
    except RecordError:
        return
    assert data.startswith(format_records(records))


@given(st.integers(-180, 179), st.integers(-(2**31), 2**31 - 1))
def test_a_motor_may_be_anywhere(absolute, position):
    wire = struct.pack("<BBBhhbi", 10, 5, 0x31, absolute, 0, 0, position)
    assert parse_records(wire) == (Motor(5, 0x31, absolute, 0, 0, position),)
