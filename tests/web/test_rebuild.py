"""`POST /api/v1/championships/{slug}/rebuild` and `lab rebuild`: the state made anew from the log."""

import asyncio
from dataclasses import replace

import httpx
import pytest
from fastapi import FastAPI
from typer.testing import CliRunner

from lab_controller.bus.changes import championship_key
from lab_controller.championships.journal import load_championship
from lab_controller.championships.projection import Folded
from lab_controller.cli import app as commands
from lab_controller.lab import Lab
from tests.peers.browser import serve
from tests.web.conftest import SignIn
from tests.web.people import JUDGE
from tests.web.test_api import API, begin


def spoil(lab: Lab) -> None:
    """Let the lab show something that its log does not say."""
    with lab.database.read() as session:
        championship = load_championship(session, "cup")
        folded = lab.championships.projections.current(session, championship)
        state = replace(folded.state, entries={})
        lab.championships.projections.publish(championship, Folded(state, folded.seq, folded.hash))


async def count_teams(client: httpx.AsyncClient) -> int:
    return len((await client.get(f"{API}/cup/standings")).json()["items"])


async def test_what_is_shown_is_what_the_log_says(lab: Lab, admin: httpx.AsyncClient) -> None:
    await begin(admin)
    folded = lab.championships.folded("cup")
    answer = await admin.post(f"{API}/cup/rebuild", headers={"Accept": "application/json"})
    assert answer.json() == {"records": folded.seq, "hash": folded.hash, "equal": True}


async def test_what_was_shown_wrongly_is_told_and_mended(lab: Lab, admin: httpx.AsyncClient) -> None:
    await begin(admin)
    spoil(lab)
    assert await count_teams(admin) == 0
    with lab.changes.subscribe(championship_key("cup")) as changes:
        assert (await admin.post(f"{API}/cup/rebuild")).json()["equal"] is False
        assert await asyncio.wait_for(changes.next(), 5) == {championship_key("cup")}
    assert await count_teams(admin) == 3


async def test_only_who_may_change_a_championship_rebuilds_it(
    admin: httpx.AsyncClient, guest: httpx.AsyncClient, sign_in: SignIn
) -> None:
    await begin(admin)
    judge = await sign_in(JUDGE[0])
    asked = [await each.post(f"{API}/cup/rebuild") for each in (guest, judge)]
    assert [answer.status_code for answer in asked] == [401, 403]
    assert (await admin.post(f"{API}/none/rebuild")).status_code == 404


async def test_the_command_tells_both(
    lab: Lab, app: FastAPI, admin: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await begin(admin)
    folded = lab.championships.folded("cup")
    spoil(lab)
    monkeypatch.setenv("LAB_LOG_LEVEL", "error")
    monkeypatch.setenv("LAB_DATA_DIR", str(lab.settings.data_dir))
    monkeypatch.setenv("LAB_ARGON2_MEMORY_KIB", "64")
    async with serve(app) as address:
        monkeypatch.setenv("LAB_PORT", address.rpartition(":")[2])
        wrong, right = [
            await asyncio.to_thread(CliRunner().invoke, commands, ["rebuild", "cup"]) for _ in range(2)
        ]
    log = f"the log: {folded.seq} records up to the hash {folded.hash}"
    assert (wrong.exit_code, f"what was shown did not follow from {log}" in wrong.output) == (1, True)
    assert (right.exit_code, right.stdout) == (0, f"cup: what is shown follows from {log}\n")
