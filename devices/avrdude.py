"""avrdude as the Arduino IDE calls it, for boards whose boot loaders we do not speak ourselves."""

import asyncio
import re
import shutil
import tempfile
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from devices.errors import UploadError
from devices.protocols.intel_hex import HexError, parse_intel_hex
from devices.talk import Progress
from devices.uploads import Program

PROGRAM = "avrdude"
SAID_MAX = 4000
BAR = 50
QUIET_S = 60.0
ENDS_S = 3.0
_BAR = re.compile(r"(Writing|Reading) \| (#*)")
_FAILURES = (
    (r"Expected signature", "wrong_board"),
    (r"verification (?:error|mismatch)", "verify_failed"),
    (r"can't open device|cannot open port|No such file or directory|unable to open port", "port_gone"),
    (r"not in sync|timeout|programmer is not responding|not responding|failed to send", "board_silent"),
)


@dataclass(frozen=True)
class Chip:
    """How avrdude calls the part and its boot loader."""

    part: str
    programmer: str
    baud: int
    flash_bytes: int


def prepare(program: Program, chip: Chip) -> bytes:
    """The hex file, checked. Raises UploadError: program_damaged, program_empty, program_too_big."""
    try:
        image = parse_intel_hex(program.data)
    except HexError as error:
        raise UploadError(
            "program_damaged", name=program.name, line=error.line, problem=error.problem
        ) from error
    if not image.cells:
        raise UploadError("program_empty", name=program.name)
    if image.end > chip.flash_bytes:
        raise UploadError("program_too_big", size=image.end, limit=chip.flash_bytes)
    return program.data


async def write_flash(path: str, program: bytes, chip: Chip) -> AsyncGenerator[Progress]:
    """Write a hex file through the boot loader at `path` and read it back. Raises UploadError."""
    tool = shutil.which(PROGRAM)
    if tool is None:
        raise UploadError("compiler_missing", tool=PROGRAM)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "program.hex"
        file.write_bytes(program)
        command = [tool, "-p", chip.part, "-c", chip.programmer, "-P", path, "-b", str(chip.baud)]
        process = await asyncio.create_subprocess_exec(
            *command,
            "-D",
            "-U",
            f"flash:w:{file}:i",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with aclosing(_follow(process, path)) as words:
                async for progress in words:
                    yield progress
        finally:
            if process.returncode is None:
                await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Ask it to leave the boot loader first; one that hangs must not keep the port for ever."""
    process.terminate()
    try:
        async with asyncio.timeout(ENDS_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


async def _follow(process: asyncio.subprocess.Process, path: str) -> AsyncGenerator[Progress]:
    assert process.stderr is not None
    said, last = "", Progress("syncing")
    yield last
    while True:
        try:
            async with asyncio.timeout(QUIET_S):
                data = await process.stderr.read(4096)
        except TimeoutError:
            raise UploadError("board_silent", port=path) from None
        if not data:
            break
        said = (said + data.decode(errors="replace"))[-SAID_MAX:]
        progress = _progress(said)
        if progress is not None and progress != last:
            last = progress
            yield progress
    if await process.wait() != 0:
        raise _failure(said, path)


def _progress(said: str) -> Progress | None:
    """From the last bar that avrdude has begun: the signature, then the writing, then the reading back."""
    bars = _BAR.findall(said)
    if not bars:
        return None
    kind, marks = bars[-1]
    if kind == "Writing":
        return Progress("writing", len(marks), BAR)
    written = any(before == "Writing" for before, _ in bars)
    return Progress("verifying", len(marks), BAR) if written else Progress("syncing")


def _failure(said: str, path: str) -> UploadError:
    code = next((code for pattern, code in _FAILURES if re.search(pattern, said)), "tool_failed")
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    last = lines[-1][:200] if lines else ""
    match code:
        case "wrong_board":
            found = re.search(r"signature = (0x\w+)", said)
            return UploadError(code, found=found[1] if found else "?", expected=PROGRAM)
        case "verify_failed":
            address = re.search(r"0x[0-9a-fA-F]+", last)
            return UploadError(code, address=address[0] if address else "?")
        case "tool_failed":
            return UploadError(code, tool=PROGRAM, said=last)
    return UploadError(code, port=path)
