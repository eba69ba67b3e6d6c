"""NXT telegrams, names, sensors and messages; any split, any noise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.protocols import nxt
from devices.protocols.nxt import (
    DeviceInfo,
    InputValues,
    Op,
    OutputState,
    Status,
    Telegram,
    TelegramReader,
    ask,
    format_telegram,
)


@pytest.mark.parametrize(
    ("sent", "published"),
    [
        (ask(Op.START_PROGRAM, nxt.file_name("a.rxe")), "1600 00 00 612e727865" + "00" * 15),
        (ask(Op.PLAY_TONE, bytes.fromhex("0b02f401")), "0600 00 03 0b02f401"),
        (ask(Op.KEEP_ALIVE, reply=False), "0200 80 0d"),
        (ask(Op.DEVICE_INFO), "0200 01 9b"),
        (nxt.write_message(1, "go"), "0700 00 09 00 03 676f00"),
        (nxt.read_message(2), "0500 00 13 0b 01 01"),
    ],
    ids=["start", "tone", "alive", "info", "write", "read"],
)
def test_telegrams_are_those_that_lego_describes(sent, published):
    assert sent == bytes.fromhex(published)


def test_a_brick_tells_its_name_its_address_and_its_room():
    told = b"NXT".ljust(15, b"\0") + bytes.fromhex("001653045c1a00") + bytes(4) + b"\x10\x27\0\0"
    assert nxt.parse_device_info(told) == DeviceInfo("NXT", "001653045c1a", 10_000)
    assert nxt.parse_device_info(told[:29]) is None


def test_sensors_and_motors_come_back_as_they_were():
    values = InputValues(2, True, 5, 0x80, 512, 47)
    state = OutputState(1, -75, -123456)
    assert nxt.parse_input(nxt.format_input(values)) == values
    assert nxt.parse_output(nxt.format_output(state)) == state
    assert (nxt.parse_input(bytes(12)), nxt.parse_output(bytes(21))) == (None, None)


def test_a_message_is_text_up_to_its_zero():
    assert nxt.parse_message(b"\x02\x03hi\0" + bytes(56)) == (3, "hi")
    assert nxt.parse_message(b"\x02\x03hi") is None
    assert nxt.parse_message(b"\x0a\x00") is None


telegrams = st.builds(Telegram, st.integers(0, 255), st.integers(0, 255), st.binary(max_size=252))


@given(st.lists(telegrams, max_size=6), st.data())
def test_telegrams_are_found_however_they_are_cut(sent, data):
    line = b"".join(map(format_telegram, sent))
    reader, found = TelegramReader(), []
    while line:
        size = data.draw(st.integers(1, len(line)))
        found += reader.feed(line[:size])
        line = line[size:]
    assert found == sent
    assert reader.kept_bytes == 0


@given(st.lists(st.binary(max_size=2000), max_size=8))
def test_noise_never_fails_and_never_grows(chunks):
    reader = TelegramReader()
    for chunk in chunks:
        for telegram in reader.feed(chunk):
            nxt.parse_device_info(telegram.rest)
            nxt.parse_input(telegram.rest)
            nxt.parse_output(telegram.rest)
            nxt.parse_message(telegram.rest)
        assert reader.kept_bytes <= nxt.TELEGRAM_BYTES_MAX + 1


def test_after_a_length_that_cannot_be_everything_is_dropped_until_the_line_is_cleared():
    reader, good = TelegramReader(), format_telegram(Telegram(2, Op.KEEP_ALIVE, bytes((Status.SUCCESS,))))
    assert reader.feed(b"\xff\xff" + good) == []
    reader.clear()
    assert reader.feed(good) == [Telegram(2, Op.KEEP_ALIVE, b"\0")]
