"""The Pybricks profile on a stream: the published frames, every message there and back, and noise."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.protocols import pybricks
from devices.protocols import pybricks_stream as stream
from devices.protocols.mpy_modules import pack_modules, unpack_modules
from devices.protocols.pybricks import Capabilities, Feature, Flag, HubKind
from devices.protocols.pybricks_stream import (
    CAPABILITIES,
    NAME,
    Command,
    OtherEvent,
    Read,
    Response,
    Selector,
    Status,
    Stdout,
    Subscribe,
    Value,
    pack_host,
    pack_hub,
    parse_host,
    parse_hub,
)
from devices.protocols.spike_cobs import encode

bytes_of = st.binary(max_size=60)
tags = st.integers(0, 255)
selectors = st.builds(Selector, st.integers(0, 255), st.integers(0, 0xFFFF))
host_messages = st.one_of(
    st.builds(Subscribe, st.booleans()),
    st.builds(Command, tags, st.binary(min_size=1, max_size=60)),
    st.builds(Read, selectors),
)
flags = st.integers(0, 2**32 - 1).map(Flag)
hub_messages = st.one_of(
    st.builds(Response, tags, st.integers(0, 2**32 - 1)),
    st.builds(Status, flags),
    st.builds(Status, flags, tags),
    st.builds(Status, flags, tags, tags),
    st.builds(Stdout, bytes_of),
    st.builds(OtherEvent, st.integers(2, 255), bytes_of),
    st.builds(Value, selectors, bytes_of),
)
names = st.text("abcdefghijklmnopqrstuvwxyz_.", min_size=1, max_size=20)
modules = st.lists(st.tuples(names, bytes_of.map(lambda data: b"M\x06" + data)), min_size=1, max_size=4)


@pytest.mark.parametrize(
    ("message", "frame"),
    [
        (Subscribe(True), "54 54 00 02"),
        (Read(NAME), "5b 00 00 07 29 02"),
        (Command(1, pybricks.stop()), "a8 54 00 00 02"),
    ],
    ids=["subscribe", "read the name", "stop"],
)
def test_frames_are_those_of_the_firmware(message, frame):
    assert encode(pack_host(message)) == bytes.fromhex(frame)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (pybricks.stop(), "00"),
        (pybricks.start(3, (1, 4, 0)), "01 03"),
        (pybricks.start(0, (1, 3, 0)), "01"),
        (pybricks.start(128, (1, 3, 0)), "02"),
        (pybricks.write_meta(0x1234), "03 34 12 00 00"),
        (pybricks.write_ram(0x37, b"ab"), "04 37 00 00 00 61 62"),
        (pybricks.write_stdin(b"x\n"), "06 78 0a"),
    ],
)
def test_commands_are_those_of_the_profile(body, told):
    assert body == bytes.fromhex(told)


@given(host_messages)
def test_what_a_host_says_is_understood(message):
    assert parse_host(pack_host(message)) == message


@given(hub_messages)
def test_what_a_hub_says_is_understood(message):
    assert parse_hub(pack_hub(message)) == message


@given(st.binary(max_size=70))
def test_noise_is_no_message_or_one_that_says_the_same(data):
    for parse, pack in ((parse_host, pack_host), (parse_hub, pack_hub)):
        message = parse(data)
        assert message is None or parse(pack(message)) == message


@given(hub_messages, st.integers(0, 70))
def test_a_torn_message_never_crashes(message, length):
    parse_hub(pack_hub(message)[:length])
    pybricks.parse_capabilities(pack_hub(message)[:length])
    pybricks.parse_kind(pack_hub(message)[:length])


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("02 00 40000000", Status(Flag.RUNNING)),
        ("02 00 40000000 02", Status(Flag.RUNNING, 2)),
        ("02 00 40000000 02 03", Status(Flag.RUNNING, 2, 3)),
        ("02 00 400000", None),
    ],
)
def test_a_status_tells_no_more_than_its_profile_knows(said, status):
    assert parse_hub(bytes.fromhex(said)) == status


@pytest.mark.parametrize("profile", [(1, 4, 0), (1, 5, 0), (1, 6, 0)])
def test_capabilities_come_back_as_they_were_told(profile):
    slots = 5 if profile >= (1, 5, 0) else 1
    told = Capabilities(60, Feature.REPL | Feature.MULTI_MPY6, 52_300, slots)
    assert pybricks.parse_capabilities(told.pack(profile)) == told


def test_capabilities_of_an_inventor_hub_are_read():
    told = bytes.fromhex("ff01 00000000 4ccc0000 05000000")
    assert pybricks.parse_capabilities(told) == Capabilities(511, Feature(0), 52_300, 5)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (HubKind(0x81, 0), "Prime Hub"),
        (HubKind(0x81, 1), "Inventor Hub"),
        (HubKind(0x81, 2), "Prime Hub"),
        (HubKind(0x83, 0), "Essential Hub"),
        (HubKind(0x40, 7), "Move Hub"),
        (HubKind(0x99, 0), "0x99"),
    ],
)
def test_a_kind_is_told_by_its_box(kind, name):
    assert (pybricks.parse_kind(kind.pack()), kind.name) == (kind, name)


def test_a_hub_of_another_maker_is_no_lego_hub():
    assert pybricks.parse_kind(bytes.fromhex("01 3412 8100 0000")) is None


@pytest.mark.parametrize(
    ("text", "version"),
    [("1.6.0", (1, 6, 0)), ("4.1.0b3", (4, 1, 0)), ("3.2", (3, 2, 0)), ("", None), ("beta", None)],
)
def test_versions_are_numbers(text, version):
    assert pybricks.parse_version(text) == version


def test_the_first_module_is_called_main_before_profile_1_5():
    mpy = b"M\x06\x00\x1f"
    assert pack_modules([("log", mpy)], (1, 4, 0)) == b"\x04\0\0\0__main__\0M\x06\x00\x1f"
    assert pack_modules([("log", mpy)], (1, 5, 0)) == b"\x04\0\0\0log\0M\x06\x00\x1f"


@given(modules, st.integers(0, 3))
def test_modules_come_back_from_a_padded_slot(packed, padding):
    assert unpack_modules(pack_modules(packed, (1, 6, 0)) + bytes(padding)) == packed


@given(st.binary(max_size=80))
def test_a_slot_full_of_noise_is_refused_or_read(data):
    with contextlib.suppress(ValueError):
        assert unpack_modules(pack_modules(unpack_modules(data), (1, 6, 0))) == unpack_modules(data)


@pytest.mark.parametrize(
    ("selector", "service", "characteristic"),
    [
        (stream.FIRMWARE, 1, 0x2A26),
        (stream.PROFILE, 1, 0x2A28),
        (stream.PNP, 1, 0x2A50),
        (CAPABILITIES, 2, 3),
    ],
)
def test_selectors_are_those_of_bluetooth(selector, service, characteristic):
    assert selector == Selector(service, characteristic)
