"""A room as `lab serve` has it, seen over HTTP: who signs in, which kits are there, the memory it takes."""

import asyncio

import httpx

from lab_controller.clock import SteadyClock
from lab_controller.database import Database
from lab_controller.people import PeopleService
from lab_controller.settings import Settings
from tests.whole.drill import Hub
from web.auth import COOKIE

READY_S = 90.0
SETTLE_S = 5.0


def sign_in(settings: Settings) -> dict[str, str]:
    """The cookies of a teacher who may do everything, in a database that is made for that."""
    database = Database(settings.store_url)
    database.migrate()
    people = PeopleService(database, SteadyClock(), settings)
    people.create_account(actor="bench", login="teacher", password="bench-teacher")
    people.grant(actor="bench", login="teacher", role="admin", scope="city")
    token = people.sign_in("teacher", "bench-teacher", "127.0.0.1")
    database.close()
    return {COOKIE: token}


async def wait_for_kits(client: httpx.AsyncClient, count: int) -> list[str]:
    """Their device ids, once that many are there."""
    async with asyncio.timeout(READY_S):
        while True:
            answer = (await client.get("/api/v1/devices")).raise_for_status().json()
            ready = [row["id"] for row in answer["items"] if row["state"] == "ready"]
            kits = [device for device in ready if not device.startswith("agent")]
            if len(kits) >= count:
                await asyncio.sleep(SETTLE_S)
                return kits
            await asyncio.sleep(0.2)


async def watch_memory(hub: Hub) -> float:
    """The most that it held, in 10^6 bytes, when it is cancelled."""
    peak_mb = 0.0
    try:
        while True:
            peak_mb = max(peak_mb, hub.resident_mb())
            await asyncio.sleep(0.5)
    except asyncio.CancelledError:
        return peak_mb
