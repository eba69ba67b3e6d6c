"""A pupil's file, checked and made ready for a slot of a VEX brain."""

import ast
import gzip
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from devices.errors import UploadError
from devices.protocols.vex_files import EPOCH_S, NAME_MAX, Product
from devices.uploads import Program

COMPILED, PYTHON = ".bin", ".py"
SLOTS = 8
COMPILED_MAX = 3_145_728
"""What a brain says that it takes."""
PYTHON_MAX = 256 * 1024
SIGNATURES = {b"XVX5": Product.V5, b"XVXE": Product.EXP, b"XVQ2": Product.IQ2}
"""First four bytes of a compiled program. Source: `vcodesig` in the headers of VEXcode's SDK."""

_NOT_NAME = re.compile(r"[^A-Za-z0-9 _.-]+")


@dataclass(frozen=True)
class Cargo:
    """A program for `slot`, which counts from 0; a Python source is for no product in particular."""

    file: str
    data: bytes
    slot: int
    run: bool
    product: Product | None
    seconds: int
    """Since a brain's epoch."""

    @property
    def is_python(self) -> bool:
        """A source, which the brain's own virtual machine runs."""
        return self.product is None

    @property
    def base(self) -> str:
        """Name of its files on the brain, without what comes after the dot."""
        return f"slot_{self.slot + 1}"

    @property
    def packed(self) -> bytes:
        """Compressed; brains unpack it themselves from 1.0.5 on."""
        return gzip.compress(self.data, mtime=0)

    @property
    def ini(self) -> bytes:
        """What the brain shows of it."""
        stem = _NOT_NAME.sub("_", self.file.rpartition(".")[0]).strip("_ ")[:NAME_MAX]
        lines = (
            "[project]",
            f"ide={'Python' if self.is_python else 'PROS'}",
            "[program]",
            f"name={stem or self.base}",
            f"slot={self.slot}",
            "icon=USER902x.bmp",
            "description=",
        )
        return "".join(f"{line}\n" for line in lines).encode("ascii")


def prepare(program: Program, now_s: Callable[[], float] = time.time) -> Cargo:
    """Check the file. Raises UploadError."""
    if not program.data:
        raise UploadError("program_empty", name=program.name)
    if program.name.lower().endswith(PYTHON):
        check_python(program)
        product = None
    else:
        product = SIGNATURES.get(program.data[:4])
        if product is None:
            raise UploadError("program_damaged", name=program.name, line=0, problem="no VEX program")
    seconds = max(0, int(now_s()) - EPOCH_S)
    return Cargo(program.name, program.data, program.slot or 0, program.run, product, seconds)


def check_python(program: Program) -> None:
    """Raises UploadError; MicroPython on the brain knows no grammar that Python does not."""
    if len(program.data) > PYTHON_MAX:
        raise UploadError("program_too_big", size=len(program.data), limit=PYTHON_MAX)
    try:
        ast.parse(program.data.decode())
    except UnicodeDecodeError as error:
        raise UploadError("compile_failed", problem="not UTF-8", line=0) from error
    except SyntaxError as error:
        raise UploadError("compile_failed", problem=error.msg, line=error.lineno or 0) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise UploadError("compile_failed", problem=type(error).__name__, line=0) from error
