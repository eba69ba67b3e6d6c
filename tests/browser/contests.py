"""A lab with one championship under way, for pages to be tried on: four teams, one field, one judge."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Page

from competitions import commands as cmd
from lab_controller.championships.execution import carry_out
from lab_controller.championships.imports import TeamRow
from lab_controller.championships.setup import NewChampionship
from lab_controller.championships.writing import Request, locked
from lab_controller.lab import Lab
from lab_controller.settings import Settings
from tests.championships.contests import make_rules
from tests.peers.parts import free_port

SLUG = "cup"
NAMES = {"kk": "Алматы кубогы", "ru": "Кубок Алматы", "en": "Almaty cup"}
TEAMS = (("Арлан", "№ 28"), ("Қыран", "НЗМ"), ("Барыс", "№ 54"), ("Жұлдыз-81", "№ 81"))
LOGIN, PASSWORD = "judge", "judge-password"


class Contest:
    """The lab's side of the contest: what gates and other judges do, and what the log says of it."""

    def __init__(self, lab: Lab, login: str = LOGIN, lanes: int = 1) -> None:
        self.lab = lab
        self._given = 0
        service = lab.championships
        service.create(
            "admin",
            NewChampionship(SLUG, NAMES, make_rules(attempts=5, lanes=lanes, time_limit_s=None)),
            key="create",
        )
        rows = [TeamRow(number, team, school) for number, (team, school) in enumerate(TEAMS, 2)]
        service.add_entries("admin", SLUG, rows, key="entries")
        gates = [
            {"point": point, "lane": lane, "device": f"gate-{device}", "input": lane}
            for point, device in (("start", "a1b2c3"), ("finish", "d4e5f6"))
            for lane in range(1, lanes + 1)
        ]
        service.set_field("admin", SLUG, "3", gates, key="field")
        lab.people.create_account(actor="admin", login=login, password=PASSWORD, name="Aigul", language="en")
        lab.people.grant(actor="admin", login=login, role="judge", scope=f"championship:{SLUG}")

    def give(self, run: str, command: cmd.Command) -> None:
        """Carry out a command of the gates or of another judge."""
        self._given += 1
        request = Request("other", f"key-{self._given}", [run, self._given])
        self.lab.championships.write(
            request,
            lambda desk: carry_out(desk, run, command, actor="other", source="test"),
            locked(SLUG),
        )

    def accept(self, run: str, entry: str, value_us: int, *, attempt: int = 1, bound_us: int = 400) -> None:
        """A whole run by another judge, from opening to acceptance."""
        self.give(run, cmd.OpenRun(run, entry, attempt, "3"))
        self.give(run, cmd.ProposeManual(value_us, bound_us))
        self.give(run, cmd.Accept())

    def kinds(self, run: str) -> list[str]:
        """The kinds of all log records of a run, in order."""
        records = self.lab.championships.log(SLUG, limit=1000)
        return [record["kind"] for record in records if record["payload"].get("run") == run]


@asynccontextmanager
async def open_contest(folder: Path, lanes: int = 1) -> AsyncIterator[Contest]:
    """A real lab in `folder`, without room agent, with the contest in it."""
    settings = Settings(
        data_dir=folder,
        mqtt_host="127.0.0.1",
        mqtt_port=free_port(),
        argon2_time_cost=1,
        argon2_memory_kib=64,
    )
    async with Lab.open(settings, embedded_agent=False) as lab:
        yield Contest(lab, lanes=lanes)


async def sign_in(page: Page, path: str = f"/judge/{SLUG}", login: str = LOGIN) -> None:
    """Come to `path` by the sign-in page, as the judge, and wait until the tablet is ready."""
    await page.goto(path)
    await page.fill("#login", login)
    await page.fill("#password", PASSWORD)
    await page.press("#password", "Enter")
    await page.wait_for_url(f"**{path}")
    await page.wait_for_selector("judge-app[data-ready]")
    await page.wait_for_selector(".bar .tag.good")
