"""What `lab demo` shows has really happened: beams, sentences, agent, broker, log."""

import asyncio
import os
import re
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import httpx
import pytest
from sqlmodel import select

from competitions.contest import ContestState
from competitions.run_states import RunState
from competitions.statuses import Status
from lab_controller.bus.changes import championship_key
from lab_controller.championships.log import verify_lines
from lab_controller.championships.tables import PassageRow
from lab_controller.demo.accounts import ACCOUNTS
from lab_controller.demo.city import demo_teams
from lab_controller.demo.contests import LINE
from lab_controller.demo.line_field import CHANGE_US, REVIEW_US
from lab_controller.demo.robots import Drive, Outcome, plan_drive
from lab_controller.demo.show import LINE_FIELDS, SEED, Show
from lab_controller.lab import Lab
from lab_controller.settings import Settings

pytestmark = pytest.mark.slow

TEAMS = len(demo_teams())
ROUND_S = 120.0
START_S = 60.0
NEWS_US = 1_000_000
"""How much later than the finish the start may have been heard of."""


@asynccontextmanager
async def open_show(folder: Path) -> AsyncIterator[Lab]:
    settings = Settings(data_dir=folder, room="204", mqtt_host="127.0.0.1", mqtt_port=0, log_level="error")
    async with Lab.open(settings, embedded_agent=False) as lab, Show(lab, folder).open():
        yield lab


async def until(lab: Lab, holds: Callable[[ContestState], bool]) -> ContestState:
    """The state of the line-following championship once `holds`."""
    with lab.changes.subscribe(championship_key(LINE)) as changes:
        async with asyncio.timeout(ROUND_S):
            while not holds(state := await asyncio.to_thread(lab.championships.state, LINE)):
                await changes.next()
    return state


def judged(state: ContestState) -> Counter[tuple[str, int]]:
    """How often each team's attempt has a result that counts."""
    return Counter((run.entry, run.attempt) for run in state.runs.values() if run.result is not None)


def signed(state: ContestState) -> int:
    return sum(bool(run.signatures) for run in state.runs.values())


def plan_round() -> dict[str, Drive]:
    """The first round as the show draws it, by entry."""
    chance, teams = Random(SEED), dict(enumerate(demo_teams(), start=1))
    plans = {}
    for place in range(len(LINE_FIELDS)):
        for entry in list(teams)[place :: len(LINE_FIELDS)]:
            plans[str(entry)] = plan_drive(teams[entry], chance)
            chance.randint(*REVIEW_US)
            chance.randint(*CHANGE_US)
    return plans


def moments(run: RunState) -> Mapping[str, int]:
    """When each kind of record was last written."""
    return {record.kind: record.at_us for record in run.timeline}


async def test_the_first_round_is_played_through_the_real_path_and_a_second_start_goes_on(
    tmp_path: Path,
) -> None:
    first_round = {(str(entry), 1) for entry in range(1, TEAMS + 1)}
    async with open_show(tmp_path) as lab:
        state = await until(lab, lambda state: signed(state) >= TEAMS)
        assert set(judged(state)) == first_round
        report = verify_lines(line.encode() for line in lab.championships.export(LINE))
        assert report.ok, report.problem
        assert report.records > 10 * TEAMS
        with lab.database.read() as session:
            credited = {row.run for row in session.exec(select(PassageRow))}
    for run in [run for run in state.runs.values() if run.attempt == 1]:
        plan, result = plan_round()[run.entry], run.result
        assert result is not None
        assert run.run in credited
        if plan.outcome is Outcome.STUCK:
            assert result.status is Status.DNF
            continue
        told = moments(run)
        passed_us = told["result_proposed"] - told["run_started"]
        assert result.value_us is not None
        assert result.bound_us is not None
        most_us = plan.elapsed_us + passed_us + NEWS_US
        assert plan.elapsed_us - result.bound_us <= result.value_us <= most_us
    async with open_show(tmp_path) as lab:
        state = await until(
            lab, lambda state: any(run.attempt == 2 and run.phase == "running" for run in state.runs.values())
        )
        assert judged(state) == Counter(first_round)


async def test_a_round_that_was_interrupted_is_played_to_its_end_without_a_double_attempt(
    tmp_path: Path,
) -> None:
    async with open_show(tmp_path) as lab:
        before = await until(lab, lambda state: signed(state) == 3)
    async with open_show(tmp_path) as lab:
        after = await until(lab, lambda state: signed(state) >= 6)
        assert judged(before).keys() < judged(after).keys()
        assert set(judged(after).values()) == {1}
        assert verify_lines(line.encode() for line in lab.championships.export(LINE)).ok


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
async def test_the_command_prints_where_and_who_and_ends_at_ctrl_c(tmp_path: Path, end: int) -> None:
    program = Path(sys.executable).with_name("lab")
    process = await asyncio.create_subprocess_exec(
        program, "demo", "--no-open", "--port", "0", "--data-dir", str(tmp_path),
        env=os.environ | {"PYTHONUNBUFFERED": "1", "COLUMNS": "200"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    told = ""
    async with asyncio.timeout(START_S):
        while "Ctrl+C" not in told:
            line = await process.stdout.readline()
            assert line, told
            told += line.decode()
    places = re.findall(r"http://127\.0\.0\.1:(\d+)(/\S*)", told)
    assert len({port for port, _ in places}) == 1
    for account in ACCOUNTS:
        assert re.search(rf"{account.login}\s+{account.password}\s+{account.role}", told)
    site = f"http://127.0.0.1:{places[0][0]}"
    who = {"login": ACCOUNTS[0].login, "password": ACCOUNTS[0].password}
    async with httpx.AsyncClient(base_url=site, headers={"Origin": site}) as client:
        assert (await client.post("/sign-in", data=who)).status_code == 303
        assert {path: (await client.get(path)).status_code for _, path in places} == {
            path: 200 for _, path in places
        }
    process.send_signal(end)
    async with asyncio.timeout(START_S):
        rest, complaints = await process.communicate()
    assert (process.returncode, complaints.decode()) == (0, "")
    assert "The demo is over." in rest.decode()
