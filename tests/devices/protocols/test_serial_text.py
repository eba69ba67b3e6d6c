"""What a sketch prints is text at once and numbers by the line."""

from hypothesis import given
from hypothesis import strategies as st

from devices.protocols.plotter import Sample
from devices.protocols.serial_text import LINE_MAX, PlotterLine, SerialText


def test_text_comes_as_it_comes_and_numbers_when_their_line_is_whole():
    reader = SerialText(whole=True)
    assert reader.feed(b"light:5", 10, 9600) == ("light:5", [])
    told = PlotterLine((Sample("light", "light", 51.0),), 2_000_000)
    assert reader.feed(b"1\nhello", 2_000_000 + 5208, 9600) == ("1\nhello", [told])


def test_lines_of_one_chunk_have_times_of_their_own():
    reader = SerialText(whole=True)
    _, lines = reader.feed(b"1\n2\n3\n", 1_000_000, 1_000_000)
    assert [line.at_us for line in lines] == [999_960, 999_980, 1_000_000]


def test_the_first_line_may_be_torn_and_is_not_measured():
    _, lines = SerialText().feed(b"ht:512\nlight:513\n", 0, 9600)
    assert [line.samples for line in lines] == [(Sample("light", "light", 513.0),)]


def test_a_letter_in_two_chunks_is_one_letter():
    reader = SerialText()
    assert reader.feed(b"\xd0", 0, 9600)[0] + reader.feed(b"\xb6\xff", 0, 9600)[0] == "ж\ufffd"


@given(st.lists(st.binary(max_size=80), max_size=30))
def test_any_split_of_any_bytes_is_the_same_text(chunks: list[bytes]):
    reader, whole = SerialText(), b"".join(chunks)
    text = "".join(reader.feed(chunk, 0, 9600)[0] for chunk in chunks)
    assert text.encode() == SerialText().feed(whole, 0, 9600)[0].encode()
    assert len(reader._line) <= LINE_MAX + 1


@given(st.binary(max_size=300), st.integers(1, 40))
def test_times_never_go_back(data: bytes, every: int):
    reader, times = SerialText(whole=True), []
    for at in range(0, len(data), every):
        _, lines = reader.feed(b"7\n" + data[at : at + every], at, 9600)
        times += [line.at_us for line in lines]
    assert times == sorted(set(times))
