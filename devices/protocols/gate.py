"""Sentences of a timing gate, version 1.0: what the board tells and what the host asks."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, Literal, NamedTuple

from devices.protocols.sentences import (
    Damaged,
    Sentence,
    SentenceReader,
    Text,
    format_sentence,
)

Edge = Literal["B", "C"]
"""`B`: the beam was broken; `C`: it is clear again."""


@dataclass(frozen=True)
class Hello:
    """Sent on boot and on request."""

    kind: str
    version: str
    id: str


@dataclass(frozen=True)
class BoardPassage:
    """A debounced edge; `us` counts from the boot, `seq` from 1."""

    seq: int
    boot: str
    lane: int
    edge: Edge
    us: int


@dataclass(frozen=True)
class RawEdge:
    """An edge inside the debounce window: evidence, not acknowledged."""

    n: int
    boot: str
    lane: int
    edge: Edge
    us: int


@dataclass(frozen=True)
class SyncReply:
    """The board's clock when it took the last byte of the request."""

    token: str
    us: int
    began_us: int = field(default=0, compare=False)


@dataclass(frozen=True)
class ArmReply:
    """Passages of this boot with a larger `seq` belong to this arming."""

    armed: bool
    token: str
    boot: str
    seq: int
    us: int


@dataclass(frozen=True)
class Status:
    """The board's own account of itself; bit 0 of `blocked_mask` is lane 1."""

    boot: str
    seq: int
    armed: bool
    blocked_mask: int
    unacked: int
    lost: int
    bounces: int
    us: int

    @property
    def blocked(self) -> tuple[int, ...]:
        """Lanes whose beam is broken now."""
        return tuple(lane for lane in (1, 2) if self.blocked_mask & (1 << (lane - 1)))


@dataclass(frozen=True)
class Acked:
    """The ring let go everything up to `seq`."""

    boot: str
    seq: int


@dataclass(frozen=True)
class Gone:
    """These passages were overwritten before they were acknowledged."""

    boot: str
    first_seq: int
    last_seq: int


@dataclass(frozen=True)
class BoardError:
    """The board did not understand us: checksum, unknown, args or long."""

    code: str


@dataclass(frozen=True)
class HelloRequest:
    """Who are you?"""


@dataclass(frozen=True)
class SyncRequest:
    """What is your time?"""

    token: str


@dataclass(frozen=True)
class ArmRequest:
    """From here on, passages count (or no longer do)."""

    armed: bool
    token: str


@dataclass(frozen=True)
class StatusRequest:
    """How are you?"""


@dataclass(frozen=True)
class AckRequest:
    """Everything up to `seq` is safe with the host."""

    boot: str
    seq: int


@dataclass(frozen=True)
class ResendRequest:
    """Tell again what is unacknowledged from `from_seq` on."""

    from_seq: int


GateEvent = (
    Hello
    | BoardPassage
    | RawEdge
    | SyncReply
    | ArmReply
    | Status
    | Acked
    | Gone
    | BoardError
    | Text
    | Damaged
)
GateRequest = HelloRequest | SyncRequest | ArmRequest | StatusRequest | AckRequest | ResendRequest


class _Field(NamedTuple):
    pattern: re.Pattern[str]
    parse: Callable[[str], Any]
    largest: int | None = None


_NUMBER = re.compile(r"0|[1-9][0-9]{0,19}")
_U32 = _Field(_NUMBER, int, 2**32 - 1)
_U64 = _Field(_NUMBER, int, 2**64 - 1)
_MASK = _Field(re.compile(r"[0-3]"), int)
_FLAG = _Field(re.compile(r"[01]"), lambda text: text == "1")
_LANE = _Field(re.compile(r"[12]"), int)
_EDGE = _Field(re.compile(r"[BC]"), str)
_BOOT = _Field(re.compile(r"[0-9a-f]{4}"), str)
_TOKEN = _Field(re.compile(r"[0-9A-Za-z]{1,8}"), str)
_KIND = _Field(re.compile(r"[a-z][a-z0-9-]{0,15}"), str)
_VERSION = _Field(re.compile(r"[0-9]{1,3}\.[0-9]{1,3}"), str)
_ID = _Field(re.compile(r"[0-9a-f]{6}"), str)
_CODE = _Field(re.compile(r"[a-z_]{1,16}"), str)

_Shape = dict[str, tuple[type[Any], tuple[_Field, ...]]]

_EVENTS: _Shape = {
    "HELLO": (Hello, (_KIND, _VERSION, _ID)),
    "GATE": (BoardPassage, (_U32, _BOOT, _LANE, _EDGE, _U64)),
    "EDGE": (RawEdge, (_U32, _BOOT, _LANE, _EDGE, _U64)),
    "SYNC": (SyncReply, (_TOKEN, _U64)),
    "ARM": (ArmReply, (_FLAG, _TOKEN, _BOOT, _U32, _U64)),
    "STATUS": (Status, (_BOOT, _U32, _FLAG, _MASK, _U32, _U32, _U32, _U64)),
    "ACK": (Acked, (_BOOT, _U32)),
    "GONE": (Gone, (_BOOT, _U32, _U32)),
    "ERR": (BoardError, (_CODE,)),
}
_REQUESTS: _Shape = {
    "HELLO?": (HelloRequest, ()),
    "SYNC?": (SyncRequest, (_TOKEN,)),
    "ARM?": (ArmRequest, (_FLAG, _TOKEN)),
    "STATUS?": (StatusRequest, ()),
    "ACK?": (AckRequest, (_BOOT, _U32)),
    "RESEND?": (ResendRequest, (_U32,)),
}
_WORDS = {cls: word for word, (cls, _) in (_EVENTS | _REQUESTS).items()}


class GateDecoder:
    """Host side: bytes of a board in, events out."""

    def __init__(self) -> None:
        self._reader = SentenceReader()

    def feed(self, data: bytes, at_us: int = 0) -> list[GateEvent]:
        """Events completed by `data`; sentences of no known shape are `Damaged("malformed")`."""
        return [_event(line) for line in self._reader.feed(data, at_us)]


class RequestDecoder:
    """Board side: bytes of the host in; what is no request is the error code to answer with."""

    def __init__(self) -> None:
        self._reader = SentenceReader()

    def feed(self, data: bytes) -> list[GateRequest | BoardError]:
        """Requests completed by `data`, as the sketch understands them."""
        requests: list[GateRequest | BoardError] = []
        for line in self._reader.feed(data):
            match line:
                case Sentence(word=word) if word not in _REQUESTS:
                    requests.append(BoardError("unknown"))
                case Sentence():
                    requests.append(_build(line, _REQUESTS) or BoardError("args"))
                case Damaged(code="checksum" | "long" as code):
                    requests.append(BoardError(code))
                case Damaged(code="malformed"):
                    requests.append(BoardError("checksum"))
                case _:
                    pass
        return requests


def format_event(event: GateEvent) -> bytes:
    """The bytes a board sends for `event`."""
    if isinstance(event, Text):
        return event.line.encode() + b"\r\n"
    if isinstance(event, Damaged):
        return event.raw
    return _format(event)


def format_request(request: GateRequest) -> bytes:
    """The bytes a host sends for `request`."""
    return _format(request)


def _event(line: Sentence | Text | Damaged) -> GateEvent:
    if not isinstance(line, Sentence):
        return line
    event = _build(line, _EVENTS)
    if event is None:
        return Damaged("malformed", format_sentence(line.word, *line.fields))
    if isinstance(event, SyncReply):
        return SyncReply(event.token, event.us, line.began_us)
    built: GateEvent = event
    return built


def _build(line: Sentence, shapes: _Shape) -> Any:
    cls, kinds = shapes.get(line.word, (None, ()))
    if cls is None or len(kinds) != len(line.fields):
        return None
    values = []
    for kind, text in zip(kinds, line.fields, strict=True):
        if kind.pattern.fullmatch(text) is None:
            return None
        value = kind.parse(text)
        if kind.largest is not None and value > kind.largest:
            return None
        values.append(value)
    return cls(*values)


def _format(said: Any) -> bytes:
    values = (getattr(said, told.name) for told in fields(said) if told.compare)
    return format_sentence(
        _WORDS[type(said)], *(str(int(value) if isinstance(value, bool) else value) for value in values)
    )
