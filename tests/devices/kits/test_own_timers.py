"""A school's own timer is a file in its folder: the lab asks for it, and minds no bad file beside it."""

import asyncio
import json
import logging
import shutil
from pathlib import Path

import pytest

from devices.clock import MonotonicClock
from devices.driver import Claimed, Host, Output, Say, Told
from devices.kits.race_timer import KIT, bring_timers, driver
from devices.kits.race_timer.profiles import Timers, load_profiles
from devices.session import Session
from devices.transports.memory import MemoryPipe
from tests.devices.kits.own_timer import BAUD, OWN, StrictTimer
from tests.devices.waiting import until

HOST = Host("room", "0badcafe", {})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(OWN, tmp_path)
    return tmp_path


async def test_a_timer_of_a_schools_file_is_claimed_at_its_own_speed_and_its_race_is_told(
    folder, monkeypatch
):
    monkeypatch.setattr(driver, "PROBE_US", 20_000)
    clock, timer, outputs = MonotonicClock(), StrictTimer(), []
    session = Session(
        MemoryPipe("timer", timer, clock, baud=KIT.baud),
        [bring_timers(folder).driver(HOST)],
        clock,
        on_output=lambda _, output: outputs.append(output),
        on_link=lambda _: None,
        bauds=[KIT.bauds],
    )
    running = asyncio.create_task(session.run())
    await until(lambda: session.linked)
    timer.race(("3.125", "2.5"))
    await until(lambda: Told("timer", "state", "finished") in outputs)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert (session.device, timer.baud) == ("timer-0badcafe", BAUD)
    assert Told("timer", "model", "My timer") in outputs
    assert [(each["lane"], each["us"]) for each in results(outputs)] == [
        (1, 3_125_000),
        (2, 2_500_000),
        (3, None),
        (4, None),
    ]


def results(outputs: list[Output]) -> list[dict]:
    return [json.loads(each.value) for each in outputs if isinstance(each, Told) and each.key == "result"]


def test_a_bad_file_is_warned_of_once_by_its_name_and_line_and_no_other_is_lost(folder, caplog):
    (folder / "worse.toml").write_bytes(b"\xff")
    (folder / "folder.toml").mkdir()
    (folder / "bad.toml").write_text('name = "X"\nlanes = 2\nprobe = 3\n')
    timers = Timers(folder)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert set(timers.load()) == {*load_profiles(), "own_timer"}
    assert [record.getMessage() for record in caplog.records] == [
        f"a race timer is left out: {folder / 'bad.toml'}: line 3, probe: is not what belongs here",
        f"a race timer is left out: {folder / 'folder.toml'}: file: Is a directory",
        f"a race timer is left out: {folder / 'worse.toml'}: file: is not UTF-8 text",
    ]


def test_a_file_that_is_put_right_counts_from_then_on_and_a_new_mistake_is_told_anew(tmp_path, caplog):
    timers, file = Timers(tmp_path), tmp_path / "own_timer.toml"
    for text in ("lanes = 0", OWN.read_text(), "lanes = 0"):
        file.write_text(text)
        timers.load()
    assert len(caplog.records) == 2
    file.write_text(OWN.read_text().replace("My timer", "Ours"))
    assert timers.load()["own_timer"].name == "Ours"


def test_a_schools_file_takes_the_place_of_ours(tmp_path):
    shutil.copy(OWN, tmp_path / "fasttrack.toml")
    assert Timers(tmp_path).load()["fasttrack"].name == "My timer"


def test_a_file_that_comes_while_nobody_answers_is_asked_for_in_the_next_round(tmp_path):
    made = bring_timers(tmp_path / "later").driver(HOST)
    asked = made.opened(0)
    for turn in range(1, len(load_profiles())):
        asked += made.tick(turn * driver.PROBE_US)
    (tmp_path / "later").mkdir()
    shutil.copy(OWN, tmp_path / "later" / "a_timer.toml")
    for turn in range(len(load_profiles()), 2 * len(load_profiles()) + 1):
        asked += made.tick(turn * driver.PROBE_US)
    assert [each.data for each in asked if isinstance(each, Say)].count(b"V\r\n") == 1


def test_a_port_that_is_opened_anew_while_nobody_answers_goes_on_with_the_kinds_that_are_left(folder):
    made = bring_timers(folder).driver(HOST)
    asked = [output for turn in range(len(load_profiles()) + 1) for output in made.opened(turn)]
    assert len({each.data for each in asked if isinstance(each, Say)}) == len(load_profiles()) + 1
    assert not any(isinstance(each, Claimed) for each in asked)
