"""Byte code of the EV3's virtual machine: parameters, direct commands, and the images of programs.

Source: LEGO's lms2012, `bytecodes.h` and the examples in `c_com.h`.
"""

import struct
from dataclasses import dataclass

from devices.protocols.ev3 import Type, format_frame

USER_SLOT = 1
INPUTS = (0, 1, 2, 3)
OUTPUTS = (0, 1, 2, 3)
OUTPUT_AS_INPUT = 0x10
"""Motors among the ports that INPUT_DEVICE knows."""
RUNNING = 0x10
"""Status of a program."""
ID_BYTES, NAME_BYTES, VERSION_BYTES = 16, 32, 16


def const(value: int) -> bytes:
    """A whole number in the fewest bytes."""
    if -32 < value < 32:
        return bytes((value & 0x3F,))
    if -128 < value < 128:
        return b"\x81" + struct.pack("<b", value)
    if -32768 < value < 32768:
        return b"\x82" + struct.pack("<h", value)
    return b"\x83" + struct.pack("<i", value)


def text(value: str) -> bytes:
    """A string; its zero ends it."""
    return b"\x84" + value.encode() + b"\0"


def variable(index: int, *, local: bool = False) -> bytes:
    """A variable by its place in bytes: of the whole program, or of the thread."""
    kind = 0x40 if local else 0x60
    return bytes((kind | index,)) if index < 32 else bytes((kind | 0x81, index))


@dataclass(frozen=True)
class Direct:
    """Byte codes to be run at once; `answers` bytes of variables come back."""

    code: bytes
    answers: int = 0
    scratch: int = 0

    def frame(self, counter: int, *, reply: bool = True) -> bytes:
        """As it is sent."""
        kind = Type.DIRECT if reply else Type.DIRECT | Type.NO_REPLY
        return format_frame(counter, kind, struct.pack("<H", self.scratch << 10 | self.answers) + self.code)


def identity() -> Direct:
    """Bluetooth address, name of the brick, version of its firmware."""
    name, version = ID_BYTES, ID_BYTES + NAME_BYTES
    code = b"\xd3\x0c\x02" + const(ID_BYTES) + variable(0)
    code += b"\xd3\x0d" + const(NAME_BYTES) + variable(name)
    code += b"\x81\x0a" + const(VERSION_BYTES) + variable(version)
    return Direct(code, version + VERSION_BYTES)


def look_around() -> Direct:
    """Type and mode at each of the eight ports, then the status of the user's program."""
    ports = (*INPUTS, *(OUTPUT_AS_INPUT + port for port in OUTPUTS))
    code = b"".join(
        b"\x99\x05\x00" + const(port) + variable(2 * place) + variable(2 * place + 1)
        for place, port in enumerate(ports)
    )
    return Direct(code + b"\x0c\x16" + const(USER_SLOT) + variable(16), 17)


def measure(inputs: tuple[int, ...], outputs: tuple[int, ...]) -> Direct:
    """SI value (f32) of each input and angle (i32) of each output, in that order; nothing waits."""
    code = b"".join(
        b"\x9d\x00" + const(port) + b"\x00\x3f" + variable(4 * place) for place, port in enumerate(inputs)
    )
    code += b"".join(
        b"\xb3\x00" + const(port) + variable(4 * place) for place, port in enumerate(outputs, len(inputs))
    )
    return Direct(code, 4 * (len(inputs) + len(outputs)))


def battery() -> Direct:
    """f32 volts, u8 percent."""
    return Direct(b"\x81\x01" + variable(0) + b"\x81\x12" + variable(4), 5)


def free_memory() -> Direct:
    """u32 kB in all, u32 kB free."""
    return Direct(b"\xc5" + variable(0) + variable(4), 8)


def start_program(path: str) -> Direct:
    """Load the image and run it in the user's slot."""
    code = b"\xc0\x08" + b"\x82\x01\x00" + text(path) + variable(0) + variable(4)
    return Direct(code + b"\x03" + const(USER_SLOT) + variable(0) + variable(4) + const(0), 8)


def stop_program() -> Direct:
    """Stop the user's program; the answer is one byte without meaning."""
    return Direct(b"\x02" + const(USER_SLOT), 1)


def tone(hertz: int, ms: int, volume: int = 50) -> Direct:
    """A beep."""
    return Direct(b"\x94\x01" + const(volume) + const(hertz) + const(ms), 1)


IMAGE_HEAD = 16
OBJECT_HEAD = 12
VERSION = 104


def image(code: bytes, *, global_bytes: int = 0, local_bytes: int = 0) -> bytes:
    """A program (.rbf) of one thread."""
    size = IMAGE_HEAD + OBJECT_HEAD + len(code)
    head = struct.pack("<4sIHHI", b"LEGO", size, VERSION, 1, global_bytes)
    return head + struct.pack("<IHHI", IMAGE_HEAD + OBJECT_HEAD, 0, 0, local_bytes) + code


def image_bytes(data: bytes) -> int | None:
    """How long the image says that it is; None if it is no image."""
    if len(data) < IMAGE_HEAD + OBJECT_HEAD or data[:4] != b"LEGO":
        return None
    size: int = struct.unpack_from("<I", data, 4)[0]
    return size
