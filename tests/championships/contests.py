"""A small contest to try things on: line following, three attempts, one gate with two inputs."""

from dataclasses import dataclass, field
from typing import Any

from competitions import commands as cmd
from lab_controller.championships.imports import TeamRow
from lab_controller.championships.service import ChampionshipService
from lab_controller.championships.setup import NewChampionship
from lab_controller.championships.writing import Receipt

SLUG = "almaty-2026"
GATE = "gate-a1b2c3"


def make_rules(*, attempts: int = 3, lanes: int = 2, time_limit_s: int | None = 120) -> str:
    """Line following by time, the best attempt counts; a touch costs five seconds."""
    limit = "" if time_limit_s is None else f"time_limit_s = {time_limit_s}"
    return f"""
id = "test_line"
version = 1
source = "a test"
attempts = {attempts}
lanes = {lanes}
{limit}
tie = "share"

[name]
kk = "Сызық"
ru = "Линия"
en = "Line"

[start]
kind = "gate"
point = "start"
edge = "broken"

[finish]
point = "finish"
edge = "broken"

[[penalties]]
code = "touch"
seconds = 5

[penalties.name]
kk = "Қол тигізу"
ru = "Касание"
en = "Touch"

[aggregate]
method = "best"

[[ranking]]
key = "time_us"
direction = "asc"
unit = "us"
quantum = 1000

[ranking.name]
kk = "Уақыт"
ru = "Время"
en = "Time"
"""


RULES = make_rules()


def gate(point: str, number: int, *, lane: int = 1, device: str = GATE) -> dict[str, Any]:
    return {"point": point, "lane": lane, "device": device, "input": number}


def set_up(service: ChampionshipService, slug: str, rules: str = RULES) -> None:
    names = {"kk": "Кубок", "ru": "Кубок", "en": "Cup"}
    service.create("admin", NewChampionship(slug, names, rules), key=f"{slug}-create")
    rows = [TeamRow(2, "Alpha", "School 1"), TeamRow(3, "Beta", "School 2"), TeamRow(4, "Gamma", "School 1")]
    service.add_entries("admin", slug, rows, key=f"{slug}-entries")
    service.set_field("admin", slug, "1", [gate("start", 1), gate("finish", 2)], key=f"{slug}-field")


@dataclass
class Judge:
    """Gives commands as a tablet does: each with a key of its own."""

    service: ChampionshipService
    slug: str = SLUG
    name: str = "judge-1"
    given: int = field(default=0)

    def order(self, run: str, command: cmd.Command) -> Receipt:
        self.given += 1
        key = f"{self.name}-{self.given}"
        return self.service.execute(self.slug, run, command, actor=self.name, source="tablet", key=key)

    def open_run(self, run: str, entry: str = "1", attempt: int = 1, lane: int = 1) -> Receipt:
        return self.order(run, cmd.OpenRun(run, entry, attempt, "1", lane))

    def time_by_hand(self, run: str, value_us: int, entry: str = "1", attempt: int = 1) -> None:
        """Open a run, enter a stopwatch's time and accept it."""
        self.open_run(run, entry, attempt)
        self.order(run, cmd.ProposeManual(value_us, 200_000))
        self.order(run, cmd.Accept())
