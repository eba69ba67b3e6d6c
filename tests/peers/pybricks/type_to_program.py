"""The official client library: compile a file, put it on the hub, run it, type, and print what it says."""

import sys
from pathlib import Path

import anyio
import pb_client


async def main(path: str, typed: str) -> None:
    compiled = await pb_client.compile_program(Path(path))
    async with pb_client.connect(autostart=False) as service, service.attach() as events:
        await service.download(compiled.pack())
        await service.start_program()
        await service.write_stdin(typed.encode())
        started = False
        async for event in events:
            if isinstance(event, pb_client.Output):
                sys.stdout.write(event.data.decode())
            elif isinstance(event, pb_client.Status):
                if started and not event.program_running:
                    return
                started = started or event.program_running


anyio.run(main, *sys.argv[1:])
