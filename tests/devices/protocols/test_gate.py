"""The gate's sentences survive any split and never turn into other sentences."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.protocols.gate import (
    Acked,
    AckRequest,
    ArmReply,
    ArmRequest,
    BoardError,
    BoardPassage,
    Damaged,
    GateDecoder,
    Gone,
    Hello,
    HelloRequest,
    RawEdge,
    RequestDecoder,
    ResendRequest,
    Status,
    StatusRequest,
    SyncReply,
    SyncRequest,
    Text,
    format_event,
    format_request,
)
from devices.protocols.sentences import SENTENCE_BYTES_MAX, TEXT_BYTES_MAX, SentenceReader

EVENTS = {
    Hello("gate", "1.0", "a1b2c3"): b"$HELLO,gate,1.0,a1b2c3*06\r\n",
    BoardPassage(12, "5f3a", 1, "B", 123456789): b"$GATE,12,5f3a,1,B,123456789*7B\r\n",
    RawEdge(3, "5f3a", 2, "C", 0): b"$EDGE,3,5f3a,2,C,0*5C\r\n",
    SyncReply("t1", 42): b"$SYNC,t1,42*44\r\n",
    ArmReply(True, "0a1b2c3d", "5f3a", 11, 99): b"$ARM,1,0a1b2c3d,5f3a,11,99*46\r\n",
    Status("5f3a", 12, False, 1, 2, 0, 7, 1): b"$STATUS,5f3a,12,0,1,2,0,7,1*13\r\n",
    Acked("5f3a", 12): b"$ACK,5f3a,12*4B\r\n",
    Gone("5f3a", 1, 9): b"$GONE,5f3a,1,9*26\r\n",
    BoardError("args"): b"$ERR,args*6E\r\n",
}
REQUESTS = {
    HelloRequest(): b"$HELLO?*7D\r\n",
    SyncRequest("t1"): b"$SYNC?,t1*51\r\n",
    ArmRequest(True, "0a1b2c3d"): b"$ARM?,1,0a1b2c3d*54\r\n",
    StatusRequest(): b"$STATUS?*2B\r\n",
    AckRequest("5f3a", 12): b"$ACK?,5f3a,12*74\r\n",
    ResendRequest(5): b"$RESEND?,5*2D\r\n",
}

boots = st.from_regex(r"[0-9a-f]{4}", fullmatch=True)
u32 = st.integers(0, 2**32 - 1)
u64 = st.integers(0, 2**64 - 1)
lanes, edges = st.sampled_from([1, 2]), st.sampled_from(["B", "C"])
events = st.one_of(
    st.builds(BoardPassage, u32, boots, lanes, edges, u64),
    st.builds(RawEdge, u32, boots, lanes, edges, u64),
    st.builds(SyncReply, st.from_regex(r"[0-9A-Za-z]{1,8}", fullmatch=True), u64),
    st.builds(Status, boots, u32, st.booleans(), st.integers(0, 3), u32, u32, u32, u64),
    st.builds(Gone, boots, u32, u32),
)


def split(data: bytes, cuts: list[int]) -> list[bytes]:
    edges_ = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[a:b] for a, b in pairwise(edges_)]


@pytest.mark.parametrize(("event", "line"), EVENTS.items())
def test_a_board_sentence_reads_as_it_is_written(event, line):
    assert format_event(event) == line
    assert GateDecoder().feed(line) == [event]


@pytest.mark.parametrize(("request_", "line"), REQUESTS.items())
def test_a_request_reads_as_it_is_written(request_, line):
    assert format_request(request_) == line
    assert RequestDecoder().feed(line) == [request_]


@given(st.lists(events, max_size=8), st.lists(st.integers(0, 10**6)))
def test_any_split_of_the_stream_gives_the_same_events(said, cuts):
    decoder = GateDecoder()
    stream = b"".join(map(format_event, said))
    assert [event for part in split(stream, cuts) for event in decoder.feed(part)] == said


@given(events, st.integers(0), st.integers(1, 255), st.sampled_from(["change", "lose", "double", "insert"]))
def test_one_wrong_byte_never_makes_another_sentence(event, place, flip, fault):
    good = format_event(event)
    place %= len(good)
    head, byte, tail = good[:place], good[place], good[place + 1 :]
    middle = {
        "change": bytes([byte ^ flip]),
        "lose": b"",
        "double": bytes([byte, byte]),
        "insert": bytes([byte, flip]),
    }[fault]
    after = Acked("0000", 0)
    heard = GateDecoder().feed(head + middle + tail + b"\r\n" + format_event(after))
    assert heard[-1] == after
    assert all(said == event or isinstance(said, Damaged | Text) for said in heard[:-1])


@given(st.lists(st.one_of(st.binary(max_size=400), events.map(format_event)), max_size=12), u64)
def test_noise_is_bounded_and_the_next_sentence_is_heard(parts, us):
    reader, decoder = SentenceReader(), GateDecoder()
    for part in parts:
        reader.feed(part)
        decoder.feed(part)
        assert reader.kept_bytes < TEXT_BYTES_MAX
    event = BoardPassage(1, "5f3a", 1, "B", us)
    assert decoder.feed(format_event(event))[-1] == event


@given(events, st.integers(1, 95))
def test_a_sentence_torn_by_a_pulled_cable_is_told_and_the_next_is_whole(event, kept):
    line = format_event(event)
    torn = line[: min(kept, len(line) - 1)]
    hello = Hello("gate", "1.0", "a1b2c3")
    heard = GateDecoder().feed(torn + format_event(hello))
    assert heard[-1] == hello
    assert heard[:-1] == [Damaged("torn", torn)]


def test_a_sentence_too_long_is_told_once_and_dropped():
    line = b"$" + b"A" * 300 + b"*00\r\n"
    assert GateDecoder().feed(line) == [Damaged("long", line[:SENTENCE_BYTES_MAX])]


@pytest.mark.parametrize(
    "body",
    [
        "GATE,01,5f3a,1,B,1",
        "GATE,1,5F3A,1,B,1",
        "GATE,1,5f3a,3,B,1",
        "GATE,1,5f3a,1,X,1",
        "GATE,1,5f3a,1,B,-1",
        "GATE,4294967296,5f3a,1,B,1",
        "GATE,1,5f3a,1,B,18446744073709551616",
        "GATE,1,5f3a,1,B",
        "GATE,1,5f3a,1,B,1,1",
        "HELLO,gate,1.0,A1B2C3",
        "BEAM,1",
    ],
)
def test_a_whole_sentence_with_wrong_fields_is_damage(body):
    value = 0
    for byte in body.encode():
        value ^= byte
    line = f"${body}*{value:02X}\r\n".encode()
    assert GateDecoder().feed(line) == [Damaged("malformed", line)]


def test_a_pupils_print_passes_beside_the_sentences():
    stream = "temp:23.5\r\nсәлем$ACK,5f3a,12*4B\r\n".encode()
    assert GateDecoder().feed(stream) == [Text("temp:23.5"), Text("сәлем"), Acked("5f3a", 12)]


def test_an_answer_is_dated_by_its_first_byte():
    decoder = GateDecoder()
    assert decoder.feed(b"$SYNC,t1", at_us=1000) == []
    (reply,) = decoder.feed(b",42*44\r\n", at_us=2500)
    assert isinstance(reply, SyncReply)
    assert reply.began_us == 1000


def test_the_board_answers_a_bad_request_with_its_error():
    stream = b"$SYNC?,t1*00\r\n$JUMP?*3D\r\n$ARM?,2,t*27\r\n$" + b"A" * 120 + b"\r\nhello\r\n"
    checked = [error for error in RequestDecoder().feed(stream) if isinstance(error, BoardError)]
    assert [error.code for error in checked] == ["checksum", "unknown", "args", "long"]
