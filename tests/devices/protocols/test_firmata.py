"""Firmata's messages: the bytes of its document, any split, and noise that harms nobody."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.protocols import firmata
from devices.protocols.firmata import Analog, Digital, FirmataReader, Report, SetMode, SetPin, Sysex, Version

seven = st.integers(0, 127)
messages = st.one_of(
    st.builds(Version, seven.filter(bool), seven),
    st.builds(Analog, st.integers(0, 15), st.integers(0, (1 << 14) - 1)),
    st.builds(Digital, st.integers(0, 15), st.integers(0, 255)),
    st.builds(Report, st.sampled_from((0xC0, 0xD0)), st.integers(0, 15), st.booleans()),
    st.builds(SetMode, seven, seven),
    st.builds(SetPin, seven, st.booleans()),
    st.builds(firmata.Reset),
    st.builds(Sysex, seven, st.lists(seven, max_size=60).map(bytes)),
)


@pytest.mark.parametrize(
    ("message", "line"),
    [
        (Version(2, 5), "f9 02 05"),
        (Version(), "f9"),
        (Analog(3, 1023), "e3 7f 07"),
        (Digital(1, 0b10000001), "91 01 01"),
        (Report(0xC0, 2, on=True), "c2 01"),
        (SetMode(13, firmata.Mode.OUTPUT), "f4 0d 01"),
        (SetPin(13, on=True), "f5 0d 01"),
        (Sysex(firmata.FIRMWARE, b""), "f0 79 f7"),
        (Analog(20, 180), "f0 6f 14 34 01 f7"),
    ],
)
def test_messages_are_the_bytes_of_the_document(message, line):
    assert firmata.format_message(message) == bytes.fromhex(line)


@given(st.lists(messages, max_size=12), st.lists(st.integers(1, 7), max_size=40))
def test_a_stream_cut_anywhere_gives_the_same_messages(told, cuts):
    line = b"".join(map(firmata.format_message, told))
    reader, heard = FirmataReader(), []
    for size in cuts:
        heard += reader.feed(line[:size])
        line = line[size:]
    assert [*heard, *reader.feed(line)] == told


@given(st.binary(max_size=2000))
def test_noise_is_passed_over_and_what_follows_is_understood(noise):
    reader = FirmataReader()
    list(reader.feed(noise))
    assert list(reader.feed(bytes.fromhex("f7 f9 02 05")))[-1] == Version(2, 5)


def test_an_endless_message_is_given_up():
    reader = FirmataReader()
    assert list(reader.feed(bytes((0xF0, *[1] * 100_000)))) == []
    assert len(reader._data) <= firmata.SYSEX_MAX
    assert reader.noise > 0


@given(st.text(st.characters(max_codepoint=255), max_size=40))
def test_a_text_comes_back(text):
    assert firmata.unpack_text(firmata.pack_text(text)) == text


@given(st.lists(st.dictionaries(st.integers(0, 15), st.integers(1, 32), max_size=5), max_size=20))
def test_capabilities_come_back(pins):
    assert firmata.parse_capabilities(firmata.format_capabilities(tuple(pins))) == tuple(pins)
