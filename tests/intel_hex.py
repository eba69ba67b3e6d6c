"""Programs as Intel HEX, for tests that upload one."""

from devices.protocols.intel_hex import DATA, END


def format_intel_hex(data: bytes, address: int = 0, width: int = 16) -> bytes:
    """`data` from `address` on, below 64 KiB."""
    rows = [_format(DATA, address + at, data[at : at + width]) for at in range(0, len(data), width)]
    return b"".join([*rows, _format(END, 0, b"")])


def _format(kind: int, address: int, data: bytes) -> bytes:
    raw = bytes((len(data), address >> 8, address & 0xFF, kind, *data))
    return b":%s\r\n" % (raw + bytes([-sum(raw) % 256])).hex().upper().encode()
