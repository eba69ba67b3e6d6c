"""A session lends its line to a talk or to a tool, and takes it back."""

import asyncio

import pytest

from devices.conversation import Conversation
from devices.driver import Say
from devices.errors import DeviceError, UploadError
from devices.kits.timing_gate.emulator import GateEmulator
from devices.protocols.gate import HelloRequest, format_request
from devices.talk import Heard, Pause, Progress, Reset, Talk, TalkRunner, Until
from devices.transports.byte_pipe import Chunk
from tests.devices.test_session import line, serving
from tests.devices.waiting import until


def hello(heard: Heard) -> Talk[bytes]:
    yield Progress("resetting")
    yield Reset()
    yield Progress("syncing")
    yield Say(format_request(HelloRequest()))
    answer = yield Until(heard.take_line, 5_000_000)
    if answer is None:
        raise UploadError("board_silent")
    return answer


def endless(heard: Heard) -> Talk[None]:
    try:
        yield Until(lambda: None, 60_000_000)
    except UploadError:
        yield Say(format_request(HelloRequest()))
        raise


async def test_a_talk_has_the_line_for_itself_and_the_driver_comes_back():
    board = GateEmulator()
    stages: list[Progress] = []
    async with serving(line(board)) as session:
        await until(lambda: session.linked)
        boot = board.boot
        answer = await session.converse(hello, stages.append)
        assert answer.startswith(b"$HELLO,gate")
        assert stages == [Progress("resetting"), Progress("syncing")]
        assert board.boot != boot
        await until(lambda: session.links == [(True, None), (False, "reopened"), (True, None)])


def greeting(_: Heard) -> Talk[None]:
    yield Reset()
    yield Pause(100_000)
    yield Say(b"0 ")


async def test_a_pause_after_a_reset_begins_when_the_board_has_been_reset():
    runner = TalkRunner(greeting)
    conversation = Conversation(runner, lambda _: None)
    assert conversation.next_steps(runner, Chunk(b"of its old program", 0), 0) == [Reset()]
    reset_us = 250_000
    assert conversation.next_steps(runner, None, reset_us) == []
    assert conversation.next_steps(runner, None, reset_us + 99_999) == []
    assert conversation.next_steps(runner, None, reset_us + 100_000) == [Say(b"0 ")]


async def test_nobody_begins_a_talk_on_a_line_that_is_being_closed_after_one():
    async with serving(line(GateEmulator())) as session:
        await until(lambda: session.linked)
        await session.converse(hello, lambda _: None)
        assert not session.linked
        with pytest.raises(UploadError, match="device_absent"):
            await session.converse(hello, lambda _: None)
        await until(lambda: session.links == [(True, None), (False, "reopened"), (True, None)])


async def test_without_reopening_the_driver_greets_on_the_open_line():
    async with serving(line(GateEmulator())) as session:
        await until(lambda: session.linked)
        await session.converse(hello, lambda _: None, reopens=False)
        assert session.links == [(True, None)]


async def test_commands_wait_outside_while_a_talk_is_on():
    async with serving(line(GateEmulator())) as session:
        await until(lambda: session.linked)
        talking = asyncio.create_task(session.converse(endless, lambda _: None))
        await asyncio.sleep(0)
        with pytest.raises(DeviceError, match="device_busy"):
            session.command("gate", "armed", "true")
        with pytest.raises(UploadError, match="device_busy"):
            await session.converse(hello, lambda _: None)
        talking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await talking
        await until(lambda: len(session.links) == 3)
        session.command("gate", "armed", "true")


async def test_a_pulled_cable_fails_the_talk():
    pipe = line(GateEmulator())
    async with serving(pipe) as session:
        await until(lambda: session.linked)
        talking = asyncio.create_task(session.converse(endless, lambda _: None))
        await asyncio.sleep(0)
        pipe.unplug()
        with pytest.raises(DeviceError, match="cable_pulled"):
            await talking
        pipe.plug()
        await until(lambda: session.linked)


async def test_a_tool_has_the_port_closed_for_as_long_as_it_runs():
    board = GateEmulator()
    pipe = line(board)
    async with serving(pipe) as session:
        await until(lambda: session.linked)
        async with session.lend():
            assert not pipe._open
            with pytest.raises(UploadError, match="device_absent"):
                await session.converse(hello, lambda _: None)
        await until(lambda: session.linked)
        assert session.links == [(True, None), (False, "port_lent"), (True, None)]
