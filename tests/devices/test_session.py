"""A session keeps one device, whatever happens to its port, and never takes another down."""

import asyncio
from contextlib import asynccontextmanager

from devices.clock import MonotonicClock
from devices.driver import Kept, Output, Reset
from devices.errors import TransportError
from devices.kits.timing_gate.driver import GateDriver
from devices.kits.timing_gate.emulator import GateEmulator
from devices.protocols.gate import Hello, HelloRequest, format_event, format_request
from devices.session import Session
from devices.transports.byte_pipe import Chunk
from devices.transports.memory import MemoryPipe
from devices.transports.replay import ReplayPipe
from tests.devices.waiting import until


@asynccontextmanager
async def serving(pipe, *drivers):
    outputs: list[Output] = []
    links: list[tuple[bool, str | None]] = []

    def on_link(session: Session) -> None:
        links.append((session.linked, session.problem.code if session.problem else None))

    def on_output(_session: Session, output: Output) -> None:
        outputs.append(output)

    session = Session(
        pipe,
        drivers or [GateDriver("room")],
        MonotonicClock(),
        on_output=on_output,
        on_link=on_link,
    )
    session.outputs, session.links = outputs, links
    running = asyncio.create_task(session.run())
    try:
        yield session
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def line(board: GateEmulator) -> MemoryPipe:
    return MemoryPipe("memory", board, MonotonicClock())


async def test_a_busy_port_is_told_and_taken_when_it_is_free():
    pipe = line(GateEmulator())
    pipe.refusal = TransportError("port_busy", port="memory")
    async with serving(pipe) as session:
        await until(lambda: session.links)
        pipe.refusal = None
        await until(lambda: session.linked)
        assert session.links == [(False, "port_busy"), (True, None)]


async def test_a_passage_made_while_the_cable_was_out_comes_when_it_is_back():
    board = GateEmulator(resets_on_open=False)
    pipe = line(board)
    async with serving(pipe) as session:
        await until(lambda: session.linked)
        pipe.unplug()
        await until(lambda: not session.linked)
        await board.break_beam(1)
        pipe.plug()
        await until(lambda: any(isinstance(output, Kept) for output in session.outputs))
        (kept,) = [output for output in session.outputs if isinstance(output, Kept)]
        session.stored(kept.boot, (kept.seq,))
        assert board.unacknowledged == ()


async def test_what_was_stored_while_the_cable_was_out_is_acknowledged_later():
    board = GateEmulator(resets_on_open=False)
    pipe = line(board)
    async with serving(pipe) as session:
        await until(lambda: session.linked)
        await board.break_beam(1)
        await until(lambda: any(isinstance(output, Kept) for output in session.outputs))
        pipe.unplug()
        await until(lambda: not session.linked)
        session.stored(board.boot, (1,))
        pipe.plug()
        await until(lambda: session.linked and board.unacknowledged == ())


async def test_the_driver_that_knows_the_device_gets_the_line():
    class Deaf(GateDriver):
        def received(self, chunk: Chunk) -> list[Output]:
            return []

    deaf, gate = Deaf("room"), GateDriver("room")
    async with serving(line(GateEmulator()), deaf, gate) as session:
        await until(lambda: session.linked)
        assert session.driver is gate


async def test_a_recorded_line_is_served_like_a_live_one():
    pipe = ReplayPipe("replay", [Chunk(format_event(Hello("gate", "1.0", "a1b2c3")), 1)])
    async with serving(pipe) as session:
        await until(lambda: session.links)
        assert pipe.said.startswith(format_request(HelloRequest()))
        assert session.device == "gate-a1b2c3"


class ResettingGate(GateDriver):
    def command(self, node, key, payload, now_us):
        return [Reset()] if (node, key) == ("board", "reset") else super().command(node, key, payload, now_us)


async def test_a_driver_may_have_its_board_restarted_and_keeps_it():
    board = GateEmulator()
    async with serving(line(board), ResettingGate("room")) as session:
        await until(lambda: session.linked)
        boot = board.boot
        session.command("board", "reset", "true")
        await until(lambda: board.boot != boot)
        assert session.links == [(True, None)]
