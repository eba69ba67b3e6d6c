"""A pupil's program before it goes to a board: its syntax is looked at by MicroPython's own compiler."""

import re
import subprocess
from dataclasses import dataclass, replace

from devices.errors import UploadError
from devices.protocols.raw_repl import parse_fault
from devices.uploads import Program

PROGRAM_BYTES_MAX = 256 * 1024
TIMEOUT_S = 20.0
TOOL = "mpy-cross"
MPY_MAGIC = b"M"
NAME_MAX = 60
_ODD = re.compile(r"[^A-Za-z0-9_.-]+")
_ARCHITECTURES = ("micropython decorator", "arch", "native", "viper", "asm")
"""What depends on the chip, which only the board itself can judge."""


@dataclass(frozen=True)
class Source:
    """What the board stores and under which name; `checked` if the compiler has passed it."""

    name: str
    data: bytes
    run: bool
    checked: bool

    @property
    def module(self) -> str:
        """As `import` calls it."""
        return self.name.rpartition(".")[0]

    @property
    def is_compiled(self) -> bool:
        """Whether it is byte code and no text."""
        return self.name.endswith(".mpy")


def prepare(program: Program) -> Source:
    """Nothing of the program is run. Raises UploadError."""
    if not program.data.strip():
        raise UploadError("program_empty", name=program.name)
    source = Source(clean_name(program.name), program.data, program.run, checked=False)
    if source.is_compiled:
        if program.data[:1] != MPY_MAGIC or len(program.data) < 4:
            raise UploadError("program_damaged", name=program.name, line=1, problem="mpy")
        return source
    try:
        text = program.data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = program.data[: error.start].count(b"\n") + 1
        raise UploadError("program_damaged", name=program.name, line=line, problem="utf-8") from error
    return replace(source, data=text.encode(), checked=check_syntax(text))


def clean_name(name: str) -> str:
    """A file's name on the board."""
    stem, _, suffix = name.rpartition(".")
    return f"{_ODD.sub('_', stem)[:NAME_MAX].strip('._') or 'program'}.{suffix.lower()}"


def check_syntax(text: str) -> bool:
    """False where there is no compiler, or it cannot judge. Raises UploadError("compile_failed")."""
    try:
        from mpy_cross_v6 import MPY_CROSS_PATH
    except ImportError:
        return False
    command = [MPY_CROSS_PATH, "-", "-s", "program.py"]
    try:
        done = subprocess.run(  # noqa: S603
            command, input=text.encode(), capture_output=True, timeout=TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise UploadError("tool_failed", tool=TOOL, said="timeout") from error
    except OSError:
        return False
    if done.returncode == 0:
        return True
    fault = parse_fault(done.stderr)
    if not fault.kind.endswith("Error") or any(word in fault.said for word in _ARCHITECTURES):
        return False
    raise UploadError("compile_failed", problem=f"{fault.kind}: {fault.said}", line=fault.line or 1)
