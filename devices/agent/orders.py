"""Orders of programs as they come over the bus: a head and parts, in any order, checked when whole."""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from devices.agent.payloads import parse_object
from devices.errors import ProtocolError, UploadError
from devices.uploads import Program

PART_BYTES = 32 * 1024
MOST_BYTES = 4 * 1024 * 1024
MOST_ORDERS = 64
WAITING_BYTES_MAX = 64 * 1024 * 1024
"""Of all programs that are not whole yet."""
JOB_MAX, ATTEMPTS_MAX = 64, 1 << 31


@dataclass(frozen=True)
class Order:
    """What is asked for; `device` gets the file `name` of `size` bytes."""

    job: str
    attempt: int
    device: str
    name: str
    size: int
    sha256: str
    slot: int | None
    run: bool

    @property
    def key(self) -> str:
        """Names this attempt of the job."""
        return f"{self.job}-{self.attempt}"


@dataclass
class _Arriving:
    order: Order | None = None
    parts: dict[int, bytes] = field(default_factory=dict)
    since_us: int = 0


class Orders:
    """Gathers what belongs together; one that never becomes whole is given up."""

    def __init__(self) -> None:
        self._arriving: dict[str, _Arriving] = {}

    def head(self, text: str, now_us: int) -> tuple[Order, Program] | None:
        """An order; with its program if that is whole now. Raises ProtocolError, UploadError."""
        order = _parse_order(parse_object(text))
        arriving = self._of(order.key, now_us)
        arriving.order = order
        return self._whole(order.key, arriving)

    def part(self, text: str, now_us: int) -> tuple[Order, Program] | None:
        """A piece of a program: `{"job", "attempt", "n", "data"}`. Raises ProtocolError, UploadError."""
        told = parse_object(text)
        key = parse_key(told)
        match told:
            case {"n": int(n), "data": str(data)}:
                pass
            case _:
                raise ProtocolError("bad_command", payload=text[:80])
        try:
            piece = base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError) as error:
            raise ProtocolError("bad_command", payload=text[:80]) from error
        if not 0 <= n < MOST_BYTES // PART_BYTES or len(piece) > PART_BYTES:
            raise ProtocolError("bad_command", payload=text[:80])
        arriving = self._of(key, now_us)
        if self._waiting_bytes() + len(piece) > WAITING_BYTES_MAX:
            raise UploadError("too_many_orders", limit=MOST_ORDERS)
        arriving.parts[n] = piece
        return self._whole(key, arriving)

    def drop(self, key: str) -> None:
        """Nobody wants it any more."""
        self._arriving.pop(key, None)

    def late(self, before_us: int) -> list[Order]:
        """Orders whose program did not become whole since `before_us`; they are forgotten."""
        late = [key for key, arriving in self._arriving.items() if arriving.since_us < before_us]
        return [order for key in late if (order := self._arriving.pop(key).order) is not None]

    def _of(self, key: str, now_us: int) -> _Arriving:
        if key not in self._arriving and len(self._arriving) >= MOST_ORDERS:
            raise UploadError("too_many_orders", limit=MOST_ORDERS)
        return self._arriving.setdefault(key, _Arriving(since_us=now_us))

    def _waiting_bytes(self) -> int:
        return sum(len(piece) for each in self._arriving.values() for piece in each.parts.values())

    def _whole(self, key: str, arriving: _Arriving) -> tuple[Order, Program] | None:
        order = arriving.order
        if order is None or sum(map(len, arriving.parts.values())) < order.size:
            return None
        del self._arriving[key]
        data = b"".join(piece for _, piece in sorted(arriving.parts.items()))
        if len(data) != order.size or hashlib.sha256(data).hexdigest() != order.sha256:
            raise UploadError("program_torn", name=order.name)
        return order, Program(order.name, data, order.slot, order.run)


def parse_key(told: Mapping[str, Any]) -> str:
    """Of which attempt of which job it speaks. Raises ProtocolError."""
    match told:
        case {"job": str(job), "attempt": int(attempt)} if (
            0 < len(job) <= JOB_MAX and type(attempt) is int and 0 <= attempt < ATTEMPTS_MAX
        ):
            return f"{job}-{attempt}"
    raise ProtocolError("bad_command", payload=json.dumps(told)[:80])


def _parse_order(told: Mapping[str, Any]) -> Order:
    parse_key(told)
    match told:
        case {
            "job": str(job),
            "attempt": int(attempt),
            "device": str(device),
            "name": str(name),
            "size": int(size),
            "sha256": str(sha256),
        } if 0 <= size <= MOST_BYTES:
            slot = told.get("slot")
            run = told.get("run", True)
            if (slot is None or type(slot) is int) and isinstance(run, bool):
                return Order(job, attempt, device, name[:200], size, sha256, slot, run)
    raise ProtocolError("bad_command", payload=json.dumps(told)[:80])
