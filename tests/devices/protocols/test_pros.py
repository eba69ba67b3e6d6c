"""The user port of a V5: streams of PROS, plain text, and both mixed."""

from hypothesis import given
from hypothesis import strategies as st

from devices.protocols.pros import DEBUG, ERR, HELD_MAX, OUT, Spoken, SpokenReader, Torn, format_spoken

HELLO = format_spoken(OUT, b"hello\n")
texts = st.binary(max_size=300).map(lambda raw: raw.replace(b"sout", b"").replace(b"serr", b""))
frames = st.builds(Spoken, st.sampled_from([OUT, ERR, DEBUG]), texts)


def joined(spoken: list) -> list[Spoken]:
    """Neighbours of one stream put together: plain text may come in any pieces."""
    whole: list[Spoken] = []
    for each in spoken:
        if isinstance(each, Spoken) and not each.stream and whole and not whole[-1].stream:
            whole[-1] = Spoken(b"", whole[-1].data + each.data)
        elif isinstance(each, Spoken):
            whole.append(each)
    return whole


def read_in(data: bytes, size: int) -> list:
    reader = SpokenReader()
    told = [each for at in range(0, len(data), size) for each in reader.feed(data[at : at + size])]
    return told + reader.flush()


def test_a_frame_is_told_for_its_stream():
    assert SpokenReader().feed(HELLO + format_spoken(ERR, b"no\0zero")) == [
        Spoken(OUT, b"hello\n"),
        Spoken(ERR, b"no\0zero"),
    ]


def test_plain_text_is_told_at_once():
    assert SpokenReader().feed(b"speed:12\r\n") == [Spoken(b"", b"speed:12\r\n")]


def test_text_before_a_frame_is_not_lost():
    assert SpokenReader().feed(b"VEXcode\n" + HELLO) == [Spoken(b"", b"VEXcode\n"), Spoken(OUT, b"hello\n")]


def test_the_rest_of_a_torn_frame_is_not_shown_as_text():
    assert SpokenReader().feed(b"lo\n\0" + HELLO) == [Torn(b"lo\n"), Spoken(OUT, b"hello\n")]


def test_what_looks_like_a_frame_is_text_after_a_while():
    reader = SpokenReader()
    assert reader.feed(b"\x0bsoutABC") == []
    assert reader.flush() == [Spoken(b"", b"\x0bsoutABC")]
    assert reader.flush() == []


@given(st.lists(frames, max_size=5), st.integers(1, 50))
def test_frames_come_whole_however_they_are_split(spoken, size):
    data = b"".join(format_spoken(each.stream, each.data) for each in spoken)
    assert read_in(data, size) == spoken


@given(st.text(st.characters(min_codepoint=1, codec="utf-8")), st.integers(1, 20))
def test_text_comes_whole_however_it_is_split(text, size):
    told = joined(read_in(text.encode(), size))
    assert told == ([Spoken(b"", text.encode())] if text else [])


@given(st.lists(st.binary(max_size=500) | st.just(b"\xffsout" + b"x" * 600)))
def test_random_bytes_neither_crash_nor_pile_up(chunks):
    reader = SpokenReader()
    for chunk in chunks:
        reader.feed(chunk)
        assert reader.kept_bytes <= HELD_MAX
