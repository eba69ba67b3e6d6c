"""Intel HEX: a compiled program as text, each line with its own checksum."""

from dataclasses import dataclass
from typing import Literal

DATA, END, SEGMENT, START_SEGMENT, LINEAR, START_LINEAR = range(6)
_BYTES = {END: 0, SEGMENT: 2, START_SEGMENT: 4, LINEAR: 2, START_LINEAR: 4}
ERASED = 0xFF

Problem = Literal["no_colon", "not_hex", "length", "checksum", "unknown_record", "overlap", "no_end"]


class HexError(ValueError):
    """`line` counts from 1."""

    def __init__(self, line: int, problem: Problem) -> None:
        super().__init__(line, problem)
        self.line = line
        self.problem = problem


@dataclass(frozen=True)
class Page:
    """Bytes of flash from `address` on; what the file leaves open is erased."""

    address: int
    data: bytes


@dataclass(frozen=True)
class HexImage:
    """Byte by address, as far as the file says."""

    cells: dict[int, int]

    @property
    def end(self) -> int:
        """The address after the last byte."""
        return max(self.cells, default=-1) + 1

    def pages(self, size: int) -> tuple[Page, ...]:
        """Every page that the file touches, in order."""
        starts = sorted({address - address % size for address in self.cells})
        return tuple(
            Page(start, bytes(self.cells.get(start + at, ERASED) for at in range(size))) for start in starts
        )


def parse_intel_hex(text: bytes) -> HexImage:
    """Raises HexError at the first line that is damaged, or after the last if the end record is missing."""
    cells: dict[int, int] = {}
    base = line = 0
    for line, row in enumerate(text.splitlines(), start=1):
        if not row.strip():
            continue
        kind, address, data = _record(row.strip(), line)
        if kind == END:
            return HexImage(cells)
        if kind == SEGMENT:
            base = int.from_bytes(data) << 4
        elif kind == LINEAR:
            base = int.from_bytes(data) << 16
        elif kind == DATA:
            for place, byte in enumerate(data, start=base + address):
                if cells.setdefault(place, byte) != byte:
                    raise HexError(line, "overlap")
    raise HexError(line + 1, "no_end")


def _record(row: bytes, line: int) -> tuple[int, int, bytes]:
    if not row.startswith(b":"):
        raise HexError(line, "no_colon")
    try:
        raw = bytes.fromhex(row[1:].decode("ascii"))
    except ValueError:
        raise HexError(line, "not_hex") from None
    if len(raw) < 5 or len(raw) != 5 + raw[0]:
        raise HexError(line, "length")
    if sum(raw) % 256:
        raise HexError(line, "checksum")
    kind, data = raw[3], raw[4:-1]
    if kind > START_LINEAR:
        raise HexError(line, "unknown_record")
    if len(data) != _BYTES.get(kind, len(data)):
        raise HexError(line, "length")
    return kind, int.from_bytes(raw[1:3]), data
