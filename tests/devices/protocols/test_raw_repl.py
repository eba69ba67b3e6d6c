"""The raw REPL's words, in any pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.protocols.raw_repl import (
    RAW_PROMPT,
    Banner,
    Fault,
    PasteWindow,
    Reply,
    parse_banner,
    parse_fault,
    parse_offer,
    parse_reply,
)

SYNTAX = b'Traceback (most recent call last):\r\n  File "<stdin>", line 3\r\nSyntaxError: invalid syntax\r\n'
NESTED = (
    b'Traceback (most recent call last):\r\n  File "<stdin>", line 1, in <module>\r\n'
    b"  File \"robot.py\", line 17, in drive\r\nNameError: name 'go' isn't defined\r\n"
)


@pytest.mark.parametrize(
    ("data", "offer"),
    [
        (b"", None),
        (b"R\x01\x80", None),
        (b"R\x01\x80\x00\x01", (128, 4)),
        (b"R\x01\x00\x01\x01", (256, 4)),
        (b"R\x00", (0, 2)),
        (b"R", None),
        (b"raw REPL; CTRL-B", None),
        (b"\r\n" + RAW_PROMPT, (0, 2 + len(RAW_PROMPT))),
    ],
)
def test_a_board_offers_a_window_or_none(data, offer):
    assert parse_offer(data) == offer


@pytest.mark.parametrize(
    ("data", "reply"),
    [
        (b"hi\r\n\x04\x04>", (Reply(b"hi\r\n", b""), 7)),
        (b"\x04" + SYNTAX + b"\x04>R", (Reply(b"", SYNTAX), len(SYNTAX) + 3)),
        (b"hi\r\n\x04", None),
        (b"hi\r\n\x04\x04", None),
    ],
)
def test_a_reply_is_output_and_error(data, reply):
    assert parse_reply(data) == reply


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (SYNTAX, Fault("SyntaxError", "invalid syntax", 3, 0)),
        (NESTED, Fault("NameError", "name 'go' isn't defined", 17, 0)),
        (b"OSError: [Errno 28] ENOSPC\r\n", Fault("OSError", "[Errno 28] ENOSPC", 0, 28)),
        (b"OSError: 28\r\n", Fault("OSError", "28", 0, 28)),
        (b"KeyboardInterrupt: \r\n", Fault("KeyboardInterrupt", "", 0, 0)),
        (b"", Fault("?", "", 0, 0)),
    ],
)
def test_the_last_line_of_a_traceback_says_what_is_wrong(error, fault):
    assert parse_fault(error) == fault


def test_a_board_introduces_itself():
    text = 'MicroPython v1.22.0 on 2023-12-27; Generic ESP32 module with ESP32\r\nType "help()"'
    assert parse_banner("rst:0x1\r\n" + text) == Banner("v1.22.0", "Generic ESP32 module with ESP32")
    assert parse_banner("Adafruit CircuitPython 8.2.6 on 2023-09-12; Pico\r\n") is None


def test_a_window_grows_with_each_grant_and_ends_early():
    window = PasteWindow(128)
    window.room -= 128
    data = bytearray(b"\x01\x01\x04output\x04\x04>")
    assert (window.hear(data), window.room, window.ended) == (True, 256, True)
    assert (window.hear(data), bytes(data)) == (False, b"output\x04\x04>")


@given(st.binary(max_size=64))
def test_noise_is_no_reply_of_its_own_accord(data):
    found = parse_reply(data)
    assert found is None or (data.count(b"\x04") >= 2 and found[1] <= len(data))
    parse_offer(data)
    parse_fault(data)
    PasteWindow(8).hear(bytearray(data))


@given(st.binary(max_size=40).filter(lambda data: b"\x04" not in data), st.integers(0, 43))
def test_a_torn_reply_waits_for_its_rest(output, cut):
    whole = output + b"\x04\x04>"
    expected = (Reply(output, b""), len(whole)) if cut >= len(whole) else None
    assert parse_reply(whole[:cut]) == expected
