"""A program onto each of sixteen kits of seven kinds at once through the whole lab, and with one dead."""

import asyncio
import secrets
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from lab_controller.settings import Settings
from tests.bench.figures import Figure
from tests.bench.room_programs import KITS, NAMES, PROGRAMS, path_of
from tests.bench.served_room import sign_in, wait_for_kits, watch_memory
from tests.devices.waiting import until
from tests.whole.drill import Hub

LIMIT = 1.5
HEALTHY_MB = 300
ENDS_S = 120.0
LOOK_S = 0.25
PORT = "port"
ENDED = ("succeeded", "failed", "cancelled", "invalid", "unknown")


@dataclass(frozen=True)
class Ended:
    """How a job ended, and how long after it was asked for."""

    device: str
    code: str
    params: Mapping[str, Any]
    seconds: float


def measure() -> list[Figure]:
    """Each kit alone, all together, all together with one that has gone dumb; the memory of it all."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_room(Path(folder)))


async def _room(folder: Path) -> list[Figure]:
    cookies = sign_in(Settings(data_dir=folder, argon2_time_cost=1, argon2_memory_kib=64))
    player = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.room_programs", str(folder)
    )
    ports = [f"{path_of(folder, number)}={kind}" for number, kind in enumerate(KITS)]
    hub = Hub(folder, ",".join(ports))
    await hub.start()
    async with httpx.AsyncClient(base_url=hub.site, cookies=cookies, timeout=30) as client:
        devices = await wait_for_kits(client, len(KITS))
        memory = asyncio.create_task(watch_memory(hub))
        alone = [one for device in devices for one in await _upload(client, [device])]
        together = await _upload(client, devices)
        (folder / "mute").touch()
        await until((folder / "muted").exists)
        with_a_dead_one = await _upload(client, devices)
        memory.cancel()
        peak_mb = await memory
    (folder / "over").touch()
    await player.wait()
    await hub.stop()
    dead_port = str(path_of(folder, 0))
    return _tell(alone, together, with_a_dead_one, dead_port, peak_mb)


async def _upload(client: httpx.AsyncClient, devices: Sequence[str]) -> list[Ended]:
    """One look for all of them, so that the looks of sixteen pages are not measured too."""
    asked = set(await asyncio.gather(*(_ask(client, device) for device in devices)))
    async with asyncio.timeout(ENDS_S):
        while True:
            await asyncio.sleep(LOOK_S)
            jobs = (await client.get("/api/v1/jobs")).raise_for_status().json()["items"]
            ended = [job for job in jobs if job["id"] in asked and job["state"] in ENDED]
            if len(ended) == len(asked):
                return [_read(job) for job in ended]


async def _ask(client: httpx.AsyncClient, device: str) -> str:
    """The job that puts its program onto a kit."""
    program = PROGRAMS[NAMES[device.partition("-")[0]]]
    answer = await client.post(
        f"/api/v1/devices/{device}/uploads",
        files={"file": (program.name, program.data)},
        headers={"Idempotency-Key": secrets.token_hex(8)},
    )
    job: str = answer.raise_for_status().json()["id"]
    return job


def _read(job: Mapping[str, Any]) -> Ended:
    attempt = job["attempts"][-1]
    code = "" if job["state"] == "succeeded" else job["code"] or job["state"]
    return Ended(job["device"], code, attempt["params"], (attempt["ended_us"] - job["created_us"]) / 1e6)


def _tell(
    alone: Sequence[Ended],
    together: Sequence[Ended],
    with_a_dead_one: Sequence[Ended],
    dead_port: str,
    peak_mb: float,
) -> list[Figure]:
    others = [one for one in with_a_dead_one if one.params.get(PORT) != dead_port]
    dead = [one for one in with_a_dead_one if one not in others]
    all_alone, all_together, all_others = _slowest(alone), _slowest(together), _slowest(others)
    words = "; ".join(f"{one.code} after {one.seconds:.1f} s" for one in dead) or "no failure"
    return [
        Figure(
            f"{len(KITS)} kits of {len(set(KITS))} kinds, a program onto each at once: succeeded",
            _succeeded(together),
            f"{len(KITS)}",
            not _failed(alone) and not _failed(together),
        ),
        Figure(
            "the slowest of them",
            f"{all_together.seconds:.2f} s, {all_together.seconds / all_alone.seconds:.2f} times alone",
            f"{LIMIT} times the slowest alone, {all_alone.seconds:.2f} s",
            all_together.seconds <= LIMIT * all_alone.seconds,
        ),
        Figure(
            "the same with one dead kit: the others succeeded",
            f"{_succeeded(others)}, the slowest in {all_others.seconds:.2f} s",
            f"{len(KITS) - 1} within {LIMIT} times {all_together.seconds:.2f} s",
            len(others) == len(KITS) - 1
            and not _failed(others)
            and all_others.seconds <= LIMIT * all_together.seconds,
        ),
        Figure(
            "what the dead one said",
            words,
            "board_silent",
            [one.code for one in dead] == ["board_silent"],
        ),
        Figure(
            "memory of lab serve with sixteen uploads",
            f"{peak_mb:.0f} MB",
            f"{HEALTHY_MB} MB",
            peak_mb < HEALTHY_MB,
        ),
    ]


def _slowest(ended: Sequence[Ended]) -> Ended:
    return max(ended, key=lambda one: one.seconds)


def _failed(ended: Sequence[Ended]) -> list[Ended]:
    return [one for one in ended if one.code]


def _succeeded(ended: Sequence[Ended]) -> str:
    failed = "".join(f", {one.device}: {one.code}" for one in _failed(ended))
    return f"{len(ended) - len(_failed(ended))}{failed}"
