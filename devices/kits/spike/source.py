"""A pupil's Python program before it goes to a hub: it is sent as text, so its syntax is looked at here."""

import ast
from dataclasses import dataclass

from devices.errors import UploadError
from devices.uploads import Program

SOURCE_BYTES_MAX = 64 * 1024
_FIRST_SLOT = 0


@dataclass(frozen=True)
class Source:
    """What the hub stores, and where."""

    text: bytes
    slot: int
    run: bool


def prepare(program: Program) -> Source:
    """Nothing of the program is run. Raises UploadError."""
    try:
        text = program.data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _damaged(program, error.start, "utf-8") from error
    if "\0" in text:
        raise _damaged(program, program.data.index(b"\0"), "zero")
    if not text.strip():
        raise UploadError("program_empty", name=program.name)
    try:
        ast.parse(text)
    except SyntaxError as error:
        raise UploadError("compile_failed", problem=error.msg, line=error.lineno or 1) from error
    except (RecursionError, MemoryError) as error:
        raise UploadError("compile_failed", problem="too deeply nested", line=1) from error
    slot = _FIRST_SLOT if program.slot is None else program.slot
    return Source(text.encode(), slot, program.run)


def _damaged(program: Program, at: int, problem: str) -> UploadError:
    line = program.data.count(b"\n", 0, at) + 1
    return UploadError("program_damaged", name=program.name, line=line, problem=problem)
