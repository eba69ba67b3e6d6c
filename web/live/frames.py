"""Server-sent events as bytes, built once and shared by every viewer, plain or packed."""

import zlib
from dataclasses import dataclass
from functools import cached_property

GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


def format_event(event: str, data: str, *, event_id: str = "") -> bytes:
    """One event as the bytes of `text/event-stream`; `data` may have several lines."""
    lines = [f"id: {event_id}"] if event_id else []
    lines += [f"event: {event}", *(f"data: {line}" for line in data.splitlines() or [""])]
    return ("\n".join(lines) + "\n\n").encode()


def pack(body: bytes) -> bytes:
    """`body` deflated on its own, so that packed pieces of any age follow each other in one gzip stream.

    A full flush ends the piece on a byte and forgets the past; the stream's header is `GZIP_HEADER`.
    """
    deflate = zlib.compressobj(level=6, wbits=-zlib.MAX_WBITS)
    return deflate.compress(body) + deflate.flush(zlib.Z_FULL_FLUSH)


@dataclass(frozen=True)
class Piece:
    """Bytes of one event, packed when the first viewer asks for it."""

    plain: bytes

    @cached_property
    def packed(self) -> bytes:
        return pack(self.plain)


@dataclass(frozen=True)
class Frame:
    """One state of a page: a `snapshot` for who has just come, a `change` for who was there."""

    snapshot: Piece
    change: Piece


def build_frame(change_event: str, data: str, *, event_id: str) -> Frame:
    """The same state under its two event names."""
    return Frame(
        Piece(format_event("snapshot", data, event_id=event_id)),
        Piece(format_event(change_event, data, event_id=event_id)),
    )


OPENING = Piece(b"retry: 2000\n\n")
# The comment keeps proxies awake; the event lets a page see that the line is alive.
BEAT = Piece(b": beat\n" + format_event("beat", "{}"))
