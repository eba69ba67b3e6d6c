"""Server-sent events as bytes, built once and shared by every viewer, plain or packed."""

import zlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import TypeAdapter

GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_JSON: TypeAdapter[Any] = TypeAdapter(Any)


def format_json(told: Any) -> bytes:
    """JSON in one line; three times as fast as `json`, and what is not a number is null."""
    return _JSON.dump_json(told)


def format_event(event: str, told: bytes, *, event_id: str = "") -> bytes:
    """One event as the bytes of `text/event-stream`; `told` is JSON in one line."""
    head = (f"id: {event_id}\n" if event_id else "") + f"event: {event}\ndata: "
    return b"".join((head.encode(), told, b"\n\n"))


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


def build_frame(change_event: str, view: Any, *, event_id: str = "") -> Frame:
    """The same state under its two event names."""
    told = format_json(view)
    return Frame(
        Piece(format_event("snapshot", told, event_id=event_id)),
        Piece(format_event(change_event, told, event_id=event_id)),
    )


OPENING = Piece(b"retry: 2000\n\n")
# The comment keeps proxies awake; the event lets a page see that the line is alive.
BEAT = Piece(b": beat\n" + format_event("beat", b"{}"))
