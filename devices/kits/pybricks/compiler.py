"""Compiles a program with Pybricks' own compiler, in a process of its own with limits."""

import base64
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from devices.errors import UploadError
from devices.uploads import Program

TIMEOUT_S = 30.0
WORKER = Path(__file__).with_name("compile_worker.py")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,30}\.py")
"""A name that a hub's file can have; others become `program.py`."""
TOOL = "mpy-cross"

Modules = tuple[tuple[str, bytes], ...]


def compile_modules(program: Program) -> Modules:
    """The compiled modules of a source file, the one to start first. Raises UploadError."""
    if not program.data.strip():
        raise UploadError("program_empty", name=program.name)
    try:
        source = program.data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = program.data[: error.start].count(b"\n") + 1
        raise UploadError("compile_failed", problem="not UTF-8 text", line=line) from error
    name = program.name if NAME.fullmatch(program.name) else "program.py"
    with tempfile.TemporaryDirectory(prefix="compile-") as folder:
        path = Path(folder, name)
        path.write_text(source, encoding="utf-8")
        match _compile(path):
            case {"modules": list(modules)}:
                return tuple((module, base64.b64decode(mpy)) for module, mpy in modules)
            case {"problem": str(said)}:
                problem, line = parse_problem(said.replace(f"{folder}/", ""))
                place = {"line": line} if line else {}
                raise UploadError("compile_failed", problem=problem, **place)
            case _:
                raise UploadError("compiler_missing", tool=TOOL)


def parse_problem(said: str) -> tuple[str, int]:
    """What is wrong with a program and in which line, 0 if that is not said."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    places = re.findall(r", line (\d{1,6})|:(\d{1,6})\)", said)
    number = int(next(filter(None, places[-1]))) if places else 0
    return (lines[-1][:200] if lines else "?"), number


def _compile(path: Path) -> Any:
    """What the worker says. Raises UploadError("tool_failed")."""
    command = [sys.executable, "-P", str(WORKER), str(path)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=TIMEOUT_S, check=False)  # noqa: S603
    except subprocess.TimeoutExpired as error:
        raise UploadError("tool_failed", tool=TOOL, said="timeout") from error
    try:
        return json.loads(done.stdout)
    except ValueError as error:
        said = done.stderr.decode(errors="replace").strip()[-200:]
        raise UploadError("tool_failed", tool=TOOL, said=said or str(done.returncode)) from error
