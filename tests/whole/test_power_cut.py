"""A hundred times the hub is killed in a busy run; nothing acknowledged is lost or counted twice."""

import asyncio
from collections import Counter
from pathlib import Path
from random import Random

import httpx
import pytest
from sqlmodel import select

from competitions.contest import fold
from competitions.disciplines import iter_disciplines
from competitions.ranking import standings
from lab_controller.bus.changes import Changes
from lab_controller.championships.imports import TeamRow
from lab_controller.championships.log import verify_lines
from lab_controller.championships.service import ChampionshipService
from lab_controller.championships.setup import NewChampionship
from lab_controller.championships.tables import PassageRow, ReceiptRow
from lab_controller.clock import SteadyClock
from lab_controller.database import Database
from lab_controller.people import PeopleService
from lab_controller.settings import Settings
from tests.whole.drill import Hub, Passed, StubbornJudge, WitnessedGate, keep_passing
from web.auth import COOKIE

pytestmark = pytest.mark.slow

KILLS = 100
SLUG = "drill"
TEAMS = 120
SETTLE_S = 30.0


def set_up(settings: Settings, device: str) -> dict[str, str]:
    """A championship on one field, and a judge; returns the judge's cookies."""
    database = Database(settings.store_url)
    database.migrate()
    clock = SteadyClock()
    people = PeopleService(database, clock, settings)
    people.create_account(actor="drill", login="judge", password="drill-judge")
    people.grant(actor="drill", login="judge", role="judge", scope="city")
    token = people.sign_in("judge", "drill-judge", "127.0.0.1")
    service = ChampionshipService(database, clock, Changes())
    discipline = next(each for each in iter_disciplines() if each.id == "line_following_a")
    text = discipline.text.replace("attempts = 5", "attempts = 20", 1)
    service.create("drill", NewChampionship(SLUG, {"en": "Drill"}, text), key="create")
    rows = [TeamRow(n, f"Team {n}", "School", number=n) for n in range(1, TEAMS + 1)]
    service.add_entries("drill", SLUG, rows, key="teams")
    gates = [
        {"point": point, "lane": 1, "device": device, "input": number}
        for number, point in enumerate(("start", "finish"), 1)
    ]
    service.set_field("drill", SLUG, "1", gates, key="field")
    database.close()
    return {COOKIE: token}


async def until_stored(database: Database, wanted: set[Passed]) -> Counter[Passed]:
    """How often each passage is in the database, once all that are wanted are there."""
    async with asyncio.timeout(SETTLE_S):
        while True:
            with database.read() as session:
                rows = session.exec(select(PassageRow)).all()
                stored = Counter(Passed(row.boot, row.seq) for row in rows)
            if wanted <= stored.keys():
                return stored
            await asyncio.sleep(0.1)


async def test_a_hundred_power_cuts_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    chance = Random(100)
    settings = Settings(data_dir=tmp_path, argon2_time_cost=1, argon2_memory_kib=64)
    gate = WitnessedGate(id="d1a110")
    port = gate.serve(tmp_path / "gate")
    cookies = set_up(settings, gate.device)
    hub = Hub(tmp_path, port.path)
    judge = StubbornJudge(hub.site, SLUG, [str(n) for n in range(1, TEAMS + 1)], cookies, chance)
    busy = [asyncio.create_task(judge.work()), asyncio.create_task(keep_passing(gate))]
    try:
        for _ in range(KILLS):
            await hub.start()
            await asyncio.sleep(chance.uniform(0.0, 0.9))
            await hub.kill()
        await hub.start()
    finally:
        for task in busy:
            task.cancel()
        await asyncio.gather(*busy, return_exceptions=True)
    database = Database(settings.store_url)
    try:
        stored = await until_stored(database, gate.acknowledged)
        async with httpx.AsyncClient(base_url=hub.site) as client:
            live = (await client.get(f"/api/v1/championships/{SLUG}/standings")).json()
        await hub.stop()
        service = ChampionshipService(database, SteadyClock(), Changes())
        lines = list(service.export(SLUG))
        report = verify_lines(line.encode() for line in lines)
        records = [
            record for page in range(0, report.records, 1000) for record in service.log(SLUG, page, 1000)
        ]
        state = fold(records)
        with database.read() as session:
            receipts = {row.key: row.response["seqs"] for row in session.exec(select(ReceiptRow)).all()}
    finally:
        database.close()
        port.unplug()
    results = {run.run for run in state.runs.values() if run.result is not None}
    written = Counter((r["payload"].get("run"), r["kind"]) for r in records)
    print(
        f"{KILLS} kills: {len(judge.acknowledged)} writes and {len(gate.acknowledged)} passages "
        f"acknowledged, {report.records} records in the log"
    )
    assert len(judge.acknowledged) > KILLS
    assert len(gate.acknowledged) > KILLS
    assert report.ok, report.problem
    assert {key: receipts.get(key) for key in judge.acknowledged} == judge.acknowledged
    assert judge.accepted <= results
    assert max(count for (_, kind), count in written.items() if kind == "result_accepted") == 1
    assert max(stored.values()) == 1
    assert [(row["entry"], row["place"]) for row in live["items"]] == [
        (each.entry, each.place) for each in standings(state)
    ]
