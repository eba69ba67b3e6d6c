"""Assembles programs for the stock firmware from LEGO's own byte code language (.lms), one thread each.

A subset of what LEGO's assembler takes: variables, labels, jumps and the calls named here.
Source: lms2012, `bytecodes.h`.
"""

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from devices.errors import UploadError
from devices.kits.ev3.assembler_words import DEFINES, OPCODES, WORDS
from devices.protocols.ev3_bytecode import const, image, variable

LINES_MAX = 2000
JUMP_BYTES = 3
JUMP_MAX = 1 << 15
_SIZES: Mapping[str, int] = {"DATA8": 1, "DATA16": 2, "DATA32": 4, "DATAF": 4}


_COMMENT = re.compile(r"//.*|('[^']*')")
_THREAD = re.compile(r"vmthread\s+\w+")
_VARIABLE = re.compile(r"(DATA8|DATA16|DATA32|DATAF|DATAS)\s+(\w+)(?:\s+(\d{1,4}))?")
_LABEL = re.compile(r"(\w+):")
_CALL = re.compile(r"(\w+)\s*\((.*)\)")
_ARGUMENT = re.compile(r"\s*('[^']*'|[^,']*?)\s*(?:,|$)")
_NUMBER = re.compile(r"-?\d{1,12}")
_FLOAT = re.compile(r"-?\d{1,12}(?:\.\d{1,12})?F")


@dataclass
class _Thread:
    code: bytearray = field(default_factory=bytearray)
    variables: dict[str, int] = field(default_factory=dict)
    labels: dict[str, int] = field(default_factory=dict)
    jumps: list[tuple[int, str, int]] = field(default_factory=list)
    """Where the offset is, the label, and the line."""
    bytes: int = 0


def assemble(source: str) -> bytes:
    """The program (.rbf). Raises UploadError("compile_failed")."""
    thread, begun, ended = _Thread(), False, False
    lines = source.splitlines()
    if len(lines) > LINES_MAX:
        raise _wrong(f"more than {LINES_MAX} lines", LINES_MAX)
    for number, line in enumerate(lines, start=1):
        text = _COMMENT.sub(lambda found: found[1] or "", line).strip()
        if not text or (text == "{" and begun):
            continue
        if ended or (not begun and not _THREAD.fullmatch(text)):
            raise _wrong("only one vmthread is possible here", number)
        if not begun:
            begun = True
        elif text == "}":
            ended = True
        else:
            _statement(thread, text, number)
    if not ended:
        raise _wrong("the last } is missing", len(lines))
    thread.code.append(OPCODES["OBJECT_END"])
    for at, label, number in thread.jumps:
        if label not in thread.labels:
            raise _wrong(f"unknown label {label}", number)
        offset = thread.labels[label] - at - JUMP_BYTES
        if not -JUMP_MAX <= offset < JUMP_MAX:
            raise _wrong(f"the label {label} is too far away", number)
        struct.pack_into("<Bh", thread.code, at, 0x82, offset)
    return image(bytes(thread.code), local_bytes=thread.bytes)


def _statement(thread: _Thread, text: str, number: int) -> None:
    if (found := _VARIABLE.fullmatch(text)) is not None:
        size = int(found[3] or 0) if found[1] == "DATAS" else _SIZES[found[1]]
        step = size if found[1] != "DATAS" else 1
        at = -(-thread.bytes // max(step, 1)) * step
        if not 0 < size < 256 or at + size > 255 or found[2] in thread.variables:
            raise _wrong(f"no place for the variable {found[2]}", number)
        thread.variables[found[2]], thread.bytes = at, at + size
    elif (found := _LABEL.fullmatch(text)) is not None:
        thread.labels[found[1]] = len(thread.code)
    elif (found := _CALL.fullmatch(text)) is not None and found[1] in OPCODES:
        thread.code.append(OPCODES[found[1]])
        for argument in _arguments(found[2]):
            _argument(thread, found[1], argument, number)
    else:
        raise _wrong(f"not understood: {text[:60]}", number)


def _arguments(text: str) -> list[str]:
    return [found[1] for found in _ARGUMENT.finditer(text.strip()) if found[1]]


def _argument(thread: _Thread, call: str, argument: str, number: int) -> None:
    words = WORDS.get(call, {})
    if argument.startswith("'"):
        thread.code += b"\x80" + argument[1:-1].encode() + b"\0"
    elif _FLOAT.fullmatch(argument):
        thread.code += b"\x83" + struct.pack("<f", float(argument[:-1]))
    elif _NUMBER.fullmatch(argument) and abs(int(argument)) < 1 << 31:
        thread.code += const(int(argument))
    elif argument in thread.variables:
        thread.code += variable(thread.variables[argument], local=True)
    elif argument in words or argument in DEFINES:
        thread.code += const(words.get(argument, DEFINES.get(argument, 0)))
    elif call.startswith("JR") and argument.isidentifier():
        thread.jumps.append((len(thread.code), argument, number))
        thread.code += bytes(JUMP_BYTES)
    else:
        raise _wrong(f"not understood: {argument[:60]}", number)


def _wrong(problem: str, line: int) -> UploadError:
    return UploadError("compile_failed", problem=problem, line=line)
