"""Programs on their way to kits: told step by step, ended for certain, and nobody waits for anybody else."""

import base64
import contextlib
import hashlib
import json
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from devices.agent import desk, jobs, lines
from devices.clock import MonotonicClock
from devices.discovery import Port
from devices.driver import Say
from devices.errors import UploadError
from devices.identities import Place
from devices.kit import UsbMatch
from devices.kits.timing_gate import KIT
from devices.kits.timing_gate.emulator import GateEmulator
from devices.talk import Heard, Pause, Progress, Talk, Until
from devices.transports.memory import MemoryPipe
from devices.transports.serial_listing import UsbPort
from devices.uploads import Program, Uploads
from tests.devices.agent.room import agent_running, listening, ready
from tests.devices.waiting import until

pytestmark = pytest.mark.peer

GATE = "gate-a1b2c3"
PROGRAM = bytes(range(256)) * 300
uploaded: list[bytes] = []
left: list[bytes] = []


def prepare(program: Program) -> bytes:
    if not program.data:
        raise UploadError("program_empty", name=program.name)
    return program.data


def talk(program: bytes, heard: Heard, _host: object) -> Talk[None]:
    """Everything but the wire: a program of one byte never ends, and takes its time to be cancelled."""
    yield Progress("writing", 0, len(program))
    if len(program) == 1:
        try:
            yield Until(lambda: None, 60_000_000)
        except UploadError:
            yield Pause(300_000)
            left.append(program)
            raise
    yield Say(b"\r\n")
    uploaded.append(program)
    yield Progress("writing", len(program), len(program))


def kits() -> list[Any]:
    return [replace(KIT, uploads=Uploads((".bin",), 100_000, prepare, talk=talk, slots=2))]


@pytest.fixture
async def board(link):
    uploaded.clear()
    left.clear()
    emulator = GateEmulator()
    server = emulator.serve(link)
    yield emulator
    server.unplug()


@contextlib.asynccontextmanager
async def room(broker, tmp_path, link):
    async with listening(broker) as hub, agent_running(broker, tmp_path, link, kits=kits()):
        await ready(hub, GATE)
        yield Asking(hub)


class Asking:
    """Orders, and what is told of them."""

    def __init__(self, hub) -> None:
        self.hub = hub

    def say(self, key: str, told: dict[str, Any]) -> None:
        self.hub.bus.publish(f"lab/5/agent-r1/jobs/{key}/set", json.dumps(told).encode())

    def order(self, job: str, data: bytes, **other: Any) -> None:
        head = {"job": job, "attempt": 1, "device": GATE, "name": "a.bin", "size": len(data), "slot": None}
        self.say("order", {**head, "sha256": hashlib.sha256(data).hexdigest(), "run": True, **other})
        for n in range(-(-len(data) // 32768)):
            piece = base64.b64encode(data[n * 32768 : (n + 1) * 32768]).decode()
            self.say("part", {"job": job, "attempt": 1, "n": n, "data": piece})

    def told(self, job: str) -> list[dict[str, Any]]:
        every = self.hub.events.get("agent-r1/jobs/event", [])
        return [event for event in every if event["job"] == job]

    async def end(self, job: str) -> tuple[str, str, dict[str, Any]]:
        ends = {"succeeded", "failed", "cancelled"}
        await until(lambda: any(event["state"] in ends for event in self.told(job)))
        last = next(event for event in self.told(job) if event["state"] in ends)
        return last["state"], last["code"], last["params"]


async def test_a_program_is_uploaded_and_told_step_by_step(broker, tmp_path, link, board):
    async with room(broker, tmp_path, link) as asking:
        accepts = json.loads(asking.hub.value(f"{GATE}/program/accepts"))
        assert (accepts["kit"], accepts["suffixes"], accepts["slots"]) == ("timing_gate", [".bin"], 2)
        asking.order("j1", PROGRAM)
        assert await asking.end("j1") == ("succeeded", "", {})
        assert uploaded == [PROGRAM]
        told = [(each["n"], each["state"], each["stage"]) for each in asking.told("j1")]
        assert told[:2] == [(0, "preparing", "preparing"), (1, "running", "writing")]
        await ready(asking.hub, GATE)


@pytest.mark.parametrize(
    ("data", "other", "code"),
    [
        (b"", {}, "program_empty"),
        (b"ab", {"name": "a.exe"}, "wrong_file_type"),
        (b"ab", {"slot": 2}, "no_such_slot"),
        (b"ab", {"sha256": "0" * 64}, "program_torn"),
        (bytes(100_001), {}, "program_too_big"),
        (b"ab", {"device": "gate-ffffff"}, "device_absent"),
    ],
)
async def test_an_order_that_cannot_be_carried_out_says_why(
    broker, tmp_path, link, board, *, data, other, code
):
    async with room(broker, tmp_path, link) as asking:
        asking.order("j1", data, **other)
        state, told, _ = await asking.end("j1")
        assert (state, told) == ("failed", code)
        assert uploaded == []


async def test_a_kit_takes_one_program_at_a_time_and_a_cancelled_one_leaves_it_usable(
    broker, tmp_path, link, board
):
    async with room(broker, tmp_path, link) as asking:
        asking.order("slow", b"1")
        await until(lambda: any(event["stage"] == "writing" for event in asking.told("slow")))
        asking.order("second", PROGRAM)
        assert (await asking.end("second"))[:2] == ("failed", "device_busy")
        for _ in range(2):
            asking.say("cancel", {"job": "slow", "attempt": 1})
        assert await asking.end("slow") == ("cancelled", "cancelled", {})
        assert left == [b"1"]
        await ready(asking.hub, GATE)
        asking.order("third", PROGRAM)
        assert await asking.end("third") == ("succeeded", "", {})


async def test_an_agent_that_restarts_says_which_job_it_could_not_end(broker, tmp_path, link, board):
    async with room(broker, tmp_path, link) as asking:
        asking.order("slow", b"1")
        await until(lambda: any(event["stage"] == "writing" for event in asking.told("slow")))
        agent_shelf = tmp_path / "agent-r1.sqlite3"
        copy = tmp_path / "later" / agent_shelf.name
        copy.parent.mkdir()
        for suffix in ("", "-wal"):
            copy.with_name(copy.name + suffix).write_bytes(
                agent_shelf.with_name(agent_shelf.name + suffix).read_bytes()
            )
    async with listening(broker) as hub:
        asking = Asking(hub)
        async with agent_running(broker, copy.parent, link, kits=kits()):
            assert (await asking.end("slow"))[:2] == ("failed", "agent_restarted")
            await ready(hub, GATE)
            asking.order("slow", b"1")
            asking.order("next", PROGRAM)
            assert (await asking.end("next"))[0] == "succeeded"
        assert {event["state"] for event in asking.told("slow")} == {"failed"}
    with contextlib.closing(sqlite3.connect(copy)) as shelf:
        assert shelf.execute("SELECT * FROM notes WHERE port = 'jobs'").fetchall() == []


async def test_an_order_whose_end_the_hub_has_not_heard_is_not_carried_out_again(
    broker, tmp_path, link, board
):
    async with room(broker, tmp_path, link) as asking:
        asking.order("j1", PROGRAM)
        await asking.end("j1")
    async with room(broker, tmp_path, link) as asking:
        asking.order("j1", PROGRAM)
        asking.order("j2", PROGRAM)
        await asking.end("j2")
        assert (await asking.end("j1"))[0] == "succeeded"
    assert uploaded == [PROGRAM, PROGRAM]


async def test_an_agent_that_is_stopped_does_not_say_that_somebody_cancelled(broker, tmp_path, link, board):
    async with listening(broker) as hub:
        async with agent_running(broker, tmp_path, link, kits=kits()):
            await ready(hub, GATE)
            asking = Asking(hub)
            asking.order("slow", b"1")
            await until(lambda: any(event["stage"] == "writing" for event in asking.told("slow")))
        assert (await asking.end("slow"))[:2] == ("failed", "agent_restarted")
    assert left == [b"1"]


async def test_a_torn_second_copy_of_an_order_says_nothing_of_the_first(broker, tmp_path, link, board):
    async with room(broker, tmp_path, link) as asking:
        asking.order("slow", b"1")
        await until(lambda: any(event["stage"] == "writing" for event in asking.told("slow")))
        asking.order("slow", b"1", sha256="0" * 64)
        asking.say("cancel", {"job": "slow", "attempt": 1})
        assert (await asking.end("slow"))[:2] == ("cancelled", "cancelled")


async def test_a_kit_that_is_pulled_at_the_end_of_its_upload_is_lost(broker, tmp_path, link, monkeypatch):
    monkeypatch.setattr(desk, "COMES_BACK_US", 300_000)
    server = GateEmulator().serve(link)
    async with room(broker, tmp_path, link) as asking:
        asking.order("slow", b"1")
        await until(lambda: any(event["stage"] == "writing" for event in asking.told("slow")))
        asking.say("cancel", {"job": "slow", "attempt": 1})
        await until(lambda: asking.hub.value(f"{GATE}/$state") == "init")
        server.unplug()
        await until(lambda: asking.hub.value(f"{GATE}/$state") == "lost")
        assert asking.hub.alert(GATE, "link") == "cable_pulled"


async def test_the_same_order_twice_is_one_upload(broker, tmp_path, link, board):
    async with room(broker, tmp_path, link) as asking:
        asking.order("j1", PROGRAM)
        asking.order("j1", PROGRAM)
        await asking.end("j1")
        asking.order("j2", PROGRAM)
        await asking.end("j2")
        assert uploaded == [PROGRAM, PROGRAM]


async def test_a_program_whose_turn_to_be_compiled_does_not_come_is_told_to_wait(
    broker, tmp_path, link, board, monkeypatch
):
    monkeypatch.setattr(jobs, "PREPARE_S", 0.05)
    goes_on = threading.Event()

    def compile_slowly(program: Program) -> bytes:
        goes_on.wait(10)
        return program.data

    kit = replace(KIT, uploads=Uploads((".bin",), 100_000, compile_slowly, talk=talk))
    async with listening(broker) as hub, agent_running(broker, tmp_path, link, kits=[kit]):
        await ready(hub, GATE)
        asking = Asking(hub)
        try:
            asking.order("j1", PROGRAM)
            assert await asking.end("j1") == ("failed", "too_many_orders", {"limit": jobs.COMPILERS})
        finally:
            goes_on.set()


class Socket:
    """One USB socket in which a kit comes up as its sketch or as its boot loader."""

    def __init__(self, board: GateEmulator) -> None:
        self.pid, self.looks = 0x8036, 0
        self.opened: list[int] = []
        self._board = board

    def recall(self, _places: Mapping[str, Place]) -> None:
        """Each of these knows its own identity."""

    async def find(self) -> tuple[Port, ...]:
        self.looks += 1
        path = f"/dev/tty{self.pid:04x}"
        return (Port(path, UsbPort(path, 0x2341, self.pid, location="1-3:1.0"), identity="1-3"),)

    def pipe(self, port: Port, _baud: int) -> MemoryPipe:
        assert port.usb is not None
        self.opened.append(port.usb.pid)
        return MemoryPipe(port.path, self._board, MonotonicClock())

    async def holders(self, _paths: Iterable[str]) -> dict[str, str]:
        return {}


async def test_nobody_opens_the_boot_loader_that_a_tool_is_writing_to(broker, tmp_path, monkeypatch):
    monkeypatch.setattr(lines, "FIND_S", 0.02)
    socket = Socket(GateEmulator())

    async def tool(program: bytes, _port: object, _notes: object) -> AsyncIterator[Progress]:
        socket.pid, looks = 0x0036, socket.looks
        yield Progress("writing")
        await until(lambda: socket.looks > looks + 3)
        assert socket.opened == [0x8036]
        socket.pid = 0x8036
        uploaded.append(program)

    known = tuple(UsbMatch(0x2341, pid, certain=True) for pid in (0x8036, 0x0036))
    kit = replace(KIT, usb=known, uploads=Uploads((".bin",), 100_000, prepare, tool=tool))
    uploaded.clear()
    async with listening(broker) as hub, agent_running(broker, tmp_path, ports=socket, kits=[kit]):
        await ready(hub, GATE)
        asking = Asking(hub)
        asking.order("j1", PROGRAM)
        assert await asking.end("j1") == ("succeeded", "", {})
        assert (uploaded, socket.opened) == ([PROGRAM], [0x8036])
        await ready(hub, GATE)
