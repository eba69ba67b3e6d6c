"""Compiles NXC and NBC sources with John Hansen's nbc, which Debian packages."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from devices.errors import UploadError

TOOL = "nbc"
SECONDS = 20
CPU_SECONDS, FILE_BLOCKS, MEMORY_KB = 10, 8192, 1_000_000
PROBLEM_MAX = 200

# A source may not read other files of this computer: the compiler quotes what it does not understand.
_READS = re.compile(r"#\s*(include|import|download|path|resource)\b", re.IGNORECASE)
_ERROR = re.compile(r"#\s*Error:\s*(?P<problem>[^\n]*)\n(?:File \"[^\"]*\"\s*;\s*line (?P<line>\d+))?")


def compile_source(name: str, source: bytes) -> bytes:
    """The program (.rxe). Raises UploadError: compiler_missing, compile_failed, tool_failed."""
    tool = shutil.which(TOOL)
    if tool is None:
        raise UploadError("compiler_missing", tool=TOOL)
    text = source.decode("utf-8", "replace")
    joined = re.sub(r"\\[ \t]*\r?\n", "", text)
    if (found := _READS.search(joined)) is not None:
        raise UploadError(
            "compile_failed",
            problem=f"#{found[1]} is not possible here",
            line=joined[: found.start()].count("\n") + 1,
        )
    suffix = ".nbc" if name.lower().endswith(".nbc") else ".nxc"
    with tempfile.TemporaryDirectory(prefix="lab-nbc-") as folder:
        return _compile(tool, Path(folder), suffix, source)


def _compile(tool: str, folder: Path, suffix: str, source: bytes) -> bytes:
    written, made, said = folder / f"program{suffix}", folder / "program.rxe", folder / "said.txt"
    written.write_bytes(source)
    command = [tool, "-sm-", f"-O={made}", f"-E={said}", str(written)]
    if os.name == "posix":
        limits = f"ulimit -t {CPU_SECONDS}; ulimit -f {FILE_BLOCKS}; ulimit -v {MEMORY_KB}"
        command = ["/bin/sh", "-c", f'{limits}; exec "$@"', "sh", *command]
    try:
        done = subprocess.run(  # noqa: S603 - the tool and its arguments are ours
            command, cwd=folder, capture_output=True, timeout=SECONDS, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UploadError("tool_failed", tool=TOOL, said=type(error).__name__) from error
    if made.exists() and done.returncode == 0 and (program := made.read_bytes()):
        return program
    errors = said.read_text("utf-8", "replace") if said.exists() else ""
    first = _ERROR.search(errors)
    if first is None:
        last = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise UploadError("tool_failed", tool=TOOL, said=last[:PROBLEM_MAX] or f"exit {done.returncode}")
    where = {"line": int(first["line"])} if first["line"] else {}
    raise UploadError("compile_failed", problem=first["problem"].strip()[:PROBLEM_MAX], **where)
