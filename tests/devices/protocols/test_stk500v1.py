"""STK500 on the wire: the bytes of the reference, and answers that are taken only whole."""

from hypothesis import given
from hypothesis import strategies as st

from devices.protocols import stk500v1
from devices.protocols.stk500v1 import Reply, parse_reply


def test_requests_are_those_of_the_reference():
    assert stk500v1.SYNC.hex(" ") == "30 20"
    assert stk500v1.READ_SIGNATURE.hex(" ") == "75 20"
    assert stk500v1.load_address(128).hex(" ") == "55 40 00 20"
    assert stk500v1.program_page(bytes(128)) == bytes.fromhex("64008046") + bytes(128) + b" "
    assert stk500v1.read_page(128).hex(" ") == "74 00 80 46 20"


def test_an_answer_is_taken_whole():
    assert parse_reply(b"") is None
    assert parse_reply(b"\x14") is None
    assert parse_reply(b"\x14\x10") == b""
    assert parse_reply(bytes.fromhex("14 1e 95 0f 10"), 3) == b"\x1e\x95\x0f"
    assert parse_reply(b"\x14\x10\x10", 1) == b"\x10"


def test_text_of_a_sketch_or_a_lost_byte_is_no_answer():
    assert parse_reply(b"light:5") is Reply.GARBLED
    assert parse_reply(b"\x10") is Reply.GARBLED
    assert parse_reply(b"\x14\x14\x10") is Reply.GARBLED
    assert parse_reply(b"\x14\x14") is Reply.GARBLED


@given(st.binary(max_size=128))
def test_any_split_of_an_answer_gives_it_once_it_is_whole(payload: bytes):
    answer = b"\x14%b\x10" % payload
    assert [parse_reply(answer[:at], len(payload)) for at in range(len(answer))] == [None] * len(answer)
    assert parse_reply(answer, len(payload)) == payload


@given(st.binary(max_size=200), st.integers(0, 130))
def test_random_bytes_are_never_more_than_an_answer(heard: bytes, size: int):
    found = parse_reply(heard, size)
    if isinstance(found, bytes):
        assert (heard, len(found)) == (b"\x14%b\x10" % found, size)
    elif found is None:
        assert len(heard) < size + 2
