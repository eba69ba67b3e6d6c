"""Compiles one program in a process of its own: the path comes as an argument, the modules go out as JSON."""

import asyncio
import base64
import contextlib
import json
import sys
from pathlib import Path

CPU_S = 20
MEMORY_BYTES = 1 << 30


def main(path: str) -> dict[str, object]:
    """`modules` with the first to start, or `problem` as the compiler says it; None if it is missing."""
    with contextlib.suppress(ImportError):
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    try:
        from pb_client.compile import CompileError, compile_program
    except ImportError:
        return {"problem": None}
    try:
        compiled = asyncio.run(compile_program(Path(path)))
    except CompileError as error:
        return {"problem": error.output or str(error)}
    return {"modules": [[module.name, base64.b64encode(module.mpy).decode()] for module in compiled.modules]}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1])))
