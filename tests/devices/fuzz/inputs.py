"""Inputs that are almost valid: frames that are flipped, cut, joined, repeated, and torn in other places."""

import random
import re
import struct
from collections.abc import Iterator, Sequence

from hypothesis import strategies as st

from tests.devices.fuzz.target import Target

INPUT_MAX = 64 * 1024
PIECES_MAX = 256
EDITS_MAX = 8
TOKENS = (
    *(bytes((value,)) for value in (0x00, 0x01, 0x02, 0x03, 0x0A, 0x0D, 0x14, 0x24, 0x7F, 0x80, 0xF0, 0xFF)),
    *(
        b"\xff\xff",
        b"\xff\xff\xff\xff",
        b"\0\0\0\0",
        b"\x00\x00\x00\x80",
        b"\x00\x00\xc0\x7f",
        b"\x00\x00\x80\x7f",
    ),
    *(
        b"9" * 400,
        b"-1",
        b"0.",
        b"1e999",
        b"NaN",
        b"null",
        b"true",
        b"[" * 300,
        b"{",
        b"}",
        b'"',
        b'"\\ud800"',
    ),
    *("ß".encode(), "۳".encode(), b"\xc3", "\u2028".encode(), b"%s", b" ", b"=", b"(?P<lane>.+)", b"a" * 300),
)
NUMBERS = (
    b"0",
    b"-1",
    b"00010",
    b"255",
    b"65536",
    b"4294967296",
    b"1e999",
    b"0.5",
    b"9" * 30,
    b"9" * 5000,
    b"true",
)
WORDS = (
    *(
        b'""',
        b'"\\ud800"',
        b'"\\u0000"',
        b'"' + b"a" * 300 + b'"',
        '"қазақ"'.encode(),
        b"null",
        b"1",
        b"[]",
        b"{}",
    ),
    *(
        b'"(?P<lane>.+)=(?P<time>.+)"',
        b'"(?P<lane>[A-Za-z0-9]+) *(?P<time>[0-9.]*)"',
        b'"((a+)+)+$"',
        b'"(.*)(.*)(.*)x"',
    ),
)
_NUMBER, _QUOTED = re.compile(rb"\d+"), re.compile(rb'"[^"]*"')
FLOODS = (
    b"\0",
    b"\x01",
    b"\x02",
    b"\n",
    b" ",
    b"$",
    b"1",
    b"[",
    b"\x7f",
    b"\xf0",
    b"\xff",
    b"a:1\n",
    b"\xaa\x55V",
)
Edit = tuple[str, int, int, bytes]

_EDITS = (
    "flip",
    "cut",
    "drop",
    "double",
    "insert",
    "token",
    "split",
    "join",
    "swap",
    "repeat",
    "pause",
    "other",
    "number",
    "quoted",
)
_EDIT = struct.Struct("<BHH3s")


def garbled(target: Target) -> st.SearchStrategy[list[bytes]]:
    """A valid input of the target with up to `EDITS_MAX` things wrong in it.

    It is drawn as one string of bytes, ten times faster than edit by edit; a shorter one is a simpler input.
    """
    return st.binary(min_size=1, max_size=1 + EDITS_MAX * _EDIT.size).map(
        lambda drawn: mutate(target.seeds, drawn[0] % len(target.seeds), list(_iter_edits(drawn[1:])))
    )


def _iter_edits(drawn: bytes) -> Iterator[Edit]:
    whole = len(drawn) - len(drawn) % _EDIT.size
    for what, where, number, more in _EDIT.iter_unpack(drawn[:whole]):
        yield _EDITS[what % len(_EDITS)], where, number, more


def mutate(seeds: Sequence[Sequence[bytes]], seed: int, edits: Sequence[Edit]) -> list[bytes]:
    """The seed with these edits, one after the other."""
    pieces = list(seeds[seed])
    for edit in edits:
        if not pieces:
            pieces.append(b"")
        _apply(pieces, edit, seeds)
        del pieces[PIECES_MAX:]
        while sum(map(len, pieces)) > INPUT_MAX:
            pieces.pop()
    return pieces


def _apply(pieces: list[bytes], edit: Edit, seeds: Sequence[Sequence[bytes]]) -> None:
    what, where, number, more = edit
    place = where % len(pieces)
    piece = pieces[place]
    at = number % (len(piece) + 1)
    match what:
        case "flip" if at < len(piece):
            flipped = piece[at] ^ (1 << (where >> 8) % 8)
            pieces[place] = piece[:at] + bytes((flipped,)) + piece[at + 1 :]
        case "cut":
            pieces[place] = piece[:at]
        case "drop":
            pieces[place] = piece[:at] + piece[at + 1 + len(more) :]
        case "double":
            pieces.insert(place, piece)
        case "insert":
            pieces[place] = piece[:at] + more + piece[at:]
        case "token":
            pieces[place] = piece[:at] + TOKENS[where % len(TOKENS)] + piece[at:]
        case "split":
            pieces[place : place + 1] = [piece[:at], piece[at:]]
        case "join":
            pieces[place : place + 2] = [b"".join(pieces[place : place + 2])]
        case "swap":
            other = number % len(pieces)
            pieces[place], pieces[other] = pieces[other], piece
        case "repeat":
            pieces[place] = (piece[at:] or piece) * (2 + number % 60)
        case "pause":
            pieces.insert(place, b"")
        case "number" if found := list(_NUMBER.finditer(piece)):
            pieces[place] = _replaced(piece, found[number % len(found)], NUMBERS[where % len(NUMBERS)])
        case "quoted" if found := list(_QUOTED.finditer(piece)):
            pieces[place] = _replaced(piece, found[number % len(found)], WORDS[where % len(WORDS)])
        case "other":
            seed = seeds[number % len(seeds)]
            pieces.insert(place, seed[where % len(seed)] if seed else more)
        case _:
            pass


def _replaced(piece: bytes, match: re.Match[bytes], new: bytes) -> bytes:
    return piece[: match.start()] + new + piece[match.end() :]


def floods(target: Target, size: int) -> Iterator[list[bytes]]:
    """Much of the same, in large pieces and in one."""
    noise = random.Random(7)
    whole = [b"".join(seed) for seed in target.seeds]
    begun = [seed[: len(seed) * 2 // 3] for seed in whole]
    for some in (*FLOODS, *whole, *begun):
        if some:
            yield _pieces((some * (size // len(some) + 1))[:size])
    for start in (b"", *begun):
        yield _pieces(start + noise.randbytes(size))
        yield _pieces(start + bytes(size))
    for seed in whole[:3]:
        yield [seed, (seed * (size // max(1, len(seed)) + 1))[:size]]


def _pieces(data: bytes, size: int = 1000) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]
