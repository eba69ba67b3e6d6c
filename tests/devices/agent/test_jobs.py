"""Programs on their way to kits: told step by step, ended for certain, and nobody waits for anybody else."""

import base64
import contextlib
import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest

from devices.driver import Say
from devices.errors import UploadError
from devices.kits.timing_gate import KIT
from devices.kits.timing_gate.emulator import GateEmulator
from devices.talk import Heard, Progress, Talk, Until
from devices.uploads import Program, Uploads
from tests.devices.agent.room import agent_running, listening, ready
from tests.devices.waiting import until

pytestmark = pytest.mark.peer

GATE = "gate-a1b2c3"
PROGRAM = bytes(range(256)) * 300
uploaded: list[bytes] = []


def prepare(program: Program) -> bytes:
    if not program.data:
        raise UploadError("program_empty", name=program.name)
    return program.data


def talk(program: bytes, heard: Heard, _host: object) -> Talk[None]:
    """Everything but the wire: a program of one byte never ends."""
    yield Progress("writing", 0, len(program))
    if len(program) == 1:
        yield Until(lambda: None, 60_000_000)
    yield Say(b"\r\n")
    uploaded.append(program)
    yield Progress("writing", len(program), len(program))


def kits() -> list[Any]:
    return [replace(KIT, uploads=Uploads((".bin",), 100_000, prepare, talk=talk, slots=2))]


@pytest.fixture
async def board(link):
    uploaded.clear()
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
        asking.say("cancel", {"job": "slow", "attempt": 1})
        assert await asking.end("slow") == ("cancelled", "cancelled", {})
        await ready(asking.hub, GATE)
        asking.order("third", PROGRAM)
        assert (await asking.end("third"))[0] == "succeeded"


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
    async with listening(broker) as hub, agent_running(broker, copy.parent, link, kits=kits()):
        state, code, _ = await Asking(hub).end("slow")
        assert (state, code) == ("failed", "agent_restarted")


async def test_the_same_order_twice_is_one_upload(broker, tmp_path, link, board):
    async with room(broker, tmp_path, link) as asking:
        asking.order("j1", PROGRAM)
        asking.order("j1", PROGRAM)
        await asking.end("j1")
        asking.order("j2", PROGRAM)
        await asking.end("j2")
        assert uploaded == [PROGRAM, PROGRAM]
