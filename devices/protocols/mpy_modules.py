"""Compiled modules as a Pybricks hub keeps them: size, name, mpy, one after the other (multi-mpy6)."""

import struct
from collections.abc import Iterable

from devices.protocols.pybricks import FIRST_MODULE_RUNS, Version


def pack_modules(modules: Iterable[tuple[str, bytes]], profile: Version) -> bytes:
    """The multi-mpy6 form of compiled modules, the one to start first."""
    packed = b""
    for place, (name, mpy) in enumerate(modules):
        known = "__main__" if place == 0 and profile < FIRST_MODULE_RUNS else name
        packed += struct.pack("<I", len(mpy)) + known.encode() + b"\0" + mpy
    return packed


def unpack_modules(data: bytes) -> list[tuple[str, bytes]]:
    """As the hub reads it; zeros after the last module are padding. Raises ValueError."""
    modules = []
    while data.strip(b"\0"):
        end = data.find(b"\0", 4)
        if len(data) < 5 or end < 0:
            raise ValueError("torn module")
        (size,) = struct.unpack("<I", data[:4])
        mpy = data[end + 1 : end + 1 + size]
        if len(mpy) != size or mpy[:2] != b"M\x06":
            raise ValueError("no mpy 6")
        modules.append((data[4:end].decode(errors="replace"), mpy))
        data = data[end + 1 + size :]
    return modules
