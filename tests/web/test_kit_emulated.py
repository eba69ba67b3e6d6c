"""Pages of kits that are really there: emulated on pseudo-terminals, with an agent and a broker between."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from devices.agent import agent_id
from devices.clock import MonotonicClock
from devices.discovery import Port, SystemPorts
from devices.kits.ev3.emulator import Ev3Emulator
from devices.kits.race_timer import driver
from devices.kits.race_timer.emulator import TimerEmulator
from lab_controller.agent import make_agent
from lab_controller.lab import Lab
from tests.devices.waiting import until
from tests.web.conftest import SignIn
from tests.web.kits import add_person
from tests.web.test_kit_pages import text_of

pytestmark = [pytest.mark.peer, pytest.mark.slow]

ROOM = "204"


@asynccontextmanager
async def agent_with(lab: Lab, *ports: str) -> AsyncIterator[None]:
    clock = MonotonicClock()
    settings = lab.settings.model_copy(update={"room": ROOM})
    address = lab.address(agent_id(ROOM))
    agent = make_agent(settings, address, clock=clock, ports=SystemPorts(ports, clock, usb=False))
    running = asyncio.create_task(agent.run())
    try:
        yield
    finally:
        await agent.stop()
        await running


async def told(lab: Lab, device: str, name: str, value: str) -> None:
    """The kit has said so."""

    def latest() -> dict[str, str]:
        known = [each for each in lab.equipment.list_devices() if each.id == device]
        return known[0].latest if known else {}

    await until(lambda: value in latest().get(name, ""), 20)


async def test_a_race_is_made_ready_run_and_read_on_the_page(
    lab: Lab, sign_in: SignIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "PROBE_US", 200_000)
    monkeypatch.setattr(driver, "GATE_US", 50_000)
    add_person(lab, "pupil", "student", f"room:{ROOM}")
    pupil, timer = await sign_in("pupil"), TimerEmulator()
    server = timer.serve(tmp_path / "tty")
    device = f"timer-{Port(server.path).id}"
    page = f"/kits/{device}"
    async with agent_with(lab, f"{server.path}=race_timer"):
        await told(lab, device, "timer/gate", "closed")
        assert "Ready for a race · The start gate is closed" in text_of(await pupil.get(page))
        form = {"deed": "arm", "lanes": ["1", "2", "3"]}
        assert (await pupil.post(f"{page}/timer", data=form)).status_code == 303
        await until(lambda: timer.masked == {4, 5, 6})
        timer.race((3.412, 0.0, 2.95))
        await told(lab, device, "timer/race", '"lane": 3')
        await told(lab, device, "timer/gate", "open")
        assert "1 2 3.412 2 — did not finish 3 1 2.950" in text_of(await pupil.get(page))
    timer.vanish()


async def test_a_message_to_a_brick_and_its_answer_are_seen_on_the_page(
    lab: Lab, sign_in: SignIn, tmp_path: Path
) -> None:
    add_person(lab, "pupil", "student", f"room:{ROOM}")
    pupil, brick = await sign_in("pupil"), Ev3Emulator()
    server = brick.serve(tmp_path / "tty")
    async with agent_with(lab, f"{server.path}=ev3"):
        page = f"/kits/{brick.device}"
        await told(lab, brick.device, "program/accepts", "ev3")
        assert "The program has sent nothing yet." in text_of(await pupil.get(page))
        form = {"box": "go", "text": "left"}
        assert (await pupil.post(f"{page}/mailbox", data=form)).status_code == 303
        await until(lambda: brick.mailboxes == {"go": b"left\0"})
        brick.send_mail("light", 41.0)
        await told(lab, brick.device, "mailbox/received", "41")
        assert "in mailbox light: 41" in text_of(await pupil.get(page))
    brick.vanish()
