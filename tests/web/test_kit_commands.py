"""`lab devices`, `lab upload`, `lab console` against a lab that serves its pages."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from fastapi import FastAPI
from typer.testing import CliRunner

from lab_controller.cli import app as commands
from lab_controller.lab import Lab
from lab_controller.telemetry.tables import ConsoleChunk
from tests.peers.browser import serve
from tests.web.kits import ACCEPTS, AGENT, UNO, add_person, add_room, agent_of_room, say, set_latest

Run = Callable[..., Awaitable[tuple[int, str]]]


@pytest.fixture
async def run(lab: Lab, app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Run]:
    """Carries out a command on the hub's own machine; gives its status and what it printed.

    What the hub beside it logs to stderr at that moment is none of the command's, unless that has failed.
    """
    add_room(lab)
    monkeypatch.setenv("LAB_LOG_LEVEL", "error")
    monkeypatch.setenv("LAB_DATA_DIR", str(lab.settings.data_dir))
    monkeypatch.setenv("LAB_ARGON2_MEMORY_KIB", "64")
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    async with serve(app) as address:
        monkeypatch.setenv("LAB_PORT", address.rpartition(":")[2])

        async def run(*arguments: str, typed: str = "") -> tuple[int, str]:
            done = await asyncio.to_thread(CliRunner().invoke, commands, arguments, input=typed)
            return done.exit_code, done.output if done.exit_code else done.stdout

        yield run


async def test_devices_are_listed_with_what_is_wrong(run: Run) -> None:
    status, output = await run("devices", "--kind", "arduino-uno")
    head, row = (line.split() for line in output.splitlines()[-2:])
    assert (status, head, row) == (
        0,
        ["device", "kind", "name", "room", "owner", "battery", "port", "state"],
        [UNO, "arduino-uno", "Uno", "204", "-", "81", "%", "/dev/ttyACM0", "ready", "ok"],
    )
    _, output = await run("devices", "--json")
    assert [json.loads(line)["id"] for line in output.splitlines()] == [AGENT, UNO]


async def test_devices_are_listed_with_their_owner_and_a_battery_that_tells_volts(lab: Lab, run: Run) -> None:
    lab.assets.pair(actor="test", tag="A-07", device=UNO, title="Blue car")
    lab.assets.hold(actor="test", tag="A-07", login="teacher")
    set_latest(lab, UNO, {"battery/percent": "", "battery/voltage": "7.42"})
    _, output = await run("devices", "--kind", "arduino-uno")
    assert output.splitlines()[-1].split()[4:7] == ["teacher", "7.4", "V"]


async def test_no_token_of_the_command_line_is_left_behind(lab: Lab, run: Run) -> None:
    assert (await run("devices"))[0] == 0
    assert lab.tokens.list_tokens() == []
    assert [person.login for person in lab.people.list_accounts() if person.login == "console"] == ["console"]


async def test_an_upload_is_followed_to_its_end(lab: Lab, run: Run, tmp_path: Path) -> None:
    program = tmp_path / "blink.hex"
    program.write_bytes(b":00000001FF\n")
    async with agent_of_room(lab) as agent:
        running = asyncio.create_task(run("upload", UNO, str(program), "--slot", "1", "--no-run", "--follow"))
        order = await anext(agent.messages())
        told = json.loads(order.payload)
        word = {"job": told["job"], "attempt": 1}
        failed = {"n": 1, "state": "failed", "code": "board_silent", "params": {"port": "/dev/ttyACM0"}}
        say(agent, f"{AGENT}/jobs/event", word | failed)
        status, output = await running
    assert (told["slot"], told["run"], status) == (1, False, 1)
    lines = output.splitlines()
    assert (lines[0], lines[-2].split()[0]) == (f"job {told['job']}: queued", "failed")
    assert lines[-1].startswith("lab: ")
    assert lines[-1].endswith("[board_silent]")


VEX = {"first_slot": 1, "slots": 8}, {"1": 0, "3": 2, "8": 7}, {"0": "1 to 8", "9": "1 to 8"}
SPIKE = {"first_slot": 0, "slots": 20}, {"0": 0, "19": 19}, {"20": "0 to 19"}


@pytest.mark.parametrize("kit", [VEX, SPIKE], ids=["VEX", "SPIKE"])
async def test_a_place_is_counted_as_the_kits_own_screen_counts(
    lab: Lab, run: Run, tmp_path: Path, kit: tuple[dict[str, int], dict[str, int], dict[str, str]]
) -> None:
    counts, taken, refused = kit
    set_latest(lab, UNO, {"program/accepts": json.dumps(ACCEPTS | counts)})
    program = tmp_path / "blink.hex"
    program.write_bytes(b":00000001FF\n")
    for place, slot in taken.items():
        assert (await run("upload", UNO, str(program), "--slot", place))[0] == 0
        assert lab.programs.list_jobs()[0].slot == slot
    for place, places in refused.items():
        status, output = await run("upload", UNO, str(program), "--slot", place)
        told = f"lab: {UNO} has no place {place}: its places are {places} [no_such_slot]"
        assert (status, output.strip()) == (1, told)
    assert len(lab.programs.list_jobs()) == len(taken)


async def test_what_is_refused_is_told_in_words(run: Run, tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    photo.write_bytes(b"x")
    status, output = await run("upload", UNO, str(photo))
    assert (status, output.strip().endswith("[wrong_file_type]")) == (1, True)
    assert (await run("upload", "kit-9", str(photo)))[1].strip().endswith("[device_unknown]")
    assert (await run("upload", UNO, str(tmp_path / "none.hex")))[0] == 2


async def test_the_console_shows_what_was_printed(lab: Lab, run: Run) -> None:
    with lab.database.write() as session:
        for number, (text, skipped) in enumerate([("hello ", 0), ("world\n", 7)]):
            session.add(ConsoleChunk(device=UNO, at_us=1, us=number, text=text, skipped=skipped))
    status, output = await run("console", UNO, "--no-follow")
    assert status == 0
    assert output.endswith("hello world\n\n[7 characters were too many]\n")


async def test_another_machine_needs_a_token(lab: Lab, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_URL", f"http://127.0.0.1:{os.environ['LAB_PORT']}")
    assert (await run("devices"))[1].strip().endswith("[token_needed]")
    monkeypatch.setenv("LAB_TOKEN", "lab_wrong")
    assert (await run("devices"))[1].strip().endswith("[token_invalid]")
    add_person(lab, "robot", "instructor", "room:204")
    status, token = await run("user", "token", "robot", "--name", "report", "--days", "1")
    assert status == 0
    monkeypatch.setenv("LAB_TOKEN", token.strip())
    assert (await run("devices"))[0] == 0
    _, listed = await run("user", "tokens", "robot")
    number, login, name, *_ = listed.split("\t")
    assert (login, name) == ("robot", "report")
    assert (await run("user", "revoke-token", number))[0] == 0
    assert (await run("devices"))[0] == 1


async def test_a_lab_that_is_away_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("LAB_TOKEN", "lab_x")
    assert (await run("devices"))[1].strip().endswith("[lab_away]")
    monkeypatch.setenv("LAB_URL", "ftp://x")
    assert (await run("devices"))[1].strip().endswith("[url_invalid]")


async def test_typed_lines_go_to_the_program(lab: Lab, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []

    async def listen() -> None:
        async for message in agent.messages():
            heard.append(message.payload.decode())

    def look(_seconds: float) -> None:
        if heard:
            raise KeyboardInterrupt

    monkeypatch.setattr("lab_controller.cli.console.time", SimpleNamespace(sleep=look))
    async with agent_of_room(lab) as agent:
        listening = asyncio.create_task(listen())
        assert (await run("console", UNO, typed="go\n"))[0] == 0
        listening.cancel()
    assert heard == ["go\n"]
