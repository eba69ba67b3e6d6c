"""A city's championships on one afternoon: one under way, one under embargo, one not begun yet."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from competitions import commands as cmd
from competitions.disciplines import iter_disciplines
from competitions.statuses import Status
from lab_controller.championships.execution import carry_out
from lab_controller.championships.imports import TeamRow
from lab_controller.championships.setup import NewChampionship
from lab_controller.championships.writing import Request, locked
from lab_controller.clock import ManualClock
from lab_controller.demo.city import SCHOOLS, demo_teams
from lab_controller.demo.contests import DRAG, LINE
from lab_controller.demo.contests import NAMES as DEMO_NAMES
from lab_controller.equipment.tables import Device
from lab_controller.lab import Lab
from lab_controller.settings import Settings
from tests.peers.parts import free_port
from tests.web.gates import add_gate, self_test

ADMIN, JUDGE = "admin", "judge"
PASSWORD = "beam-and-board"
RACE = "techcup-race"
NAMES = DEMO_NAMES | {
    RACE: {"kk": "TechCup: робожарыс", "ru": "TechCup: робогонка", "en": "TechCup: robo-race"}
}
RULES = {LINE: "line_following_a", DRAG: "drag_race", RACE: "robo_race"}
SECOND_US = 1_000_000
TURN_US = 75 * SECOND_US
DRIVEN_US = 9 * SECOND_US
GATES = ("gate-3f10a2", "gate-7c41d8", "gate-a1b2c3", "gate-d4e5f6", "gate-e09b17", "gate-f2c770")
TROUBLED = GATES[3]
UNSURE = {("7", 1): (12_954_000, 3_000), ("12", 2): (12_957_000, 2_600)}
ENDED = {
    ("4", 1): Status.DNF,
    ("15", 1): Status.DNF,
    ("15", 2): Status.DNF,
    ("10", 2): Status.DSQ,
    ("14", 1): Status.DNS,
    ("14", 2): Status.DNS,
}


class Scene:
    """The lab and what its gates and other judges do; field 3 of LINE is free for a judge."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self._given = 0
        self._past = ManualClock(lab.clock.now_us() - 2 * 3_600 * SECOND_US)

    def build(self) -> None:
        """Play the afternoon up to now."""
        self._add_people()
        self._add_devices()
        now = self.lab.championships.clock
        self.lab.championships.clock = self._past
        self._add_race()
        self._add_drag()
        self._add_line()
        self._past.advance(us=now.now_us() - DRIVEN_US - self._past.now_us())
        self._drive("on-track", "11", 3, "1")
        self.lab.championships.clock = now
        self._drive("before-judge", "6", 3, "2")
        self.give(LINE, "before-judge", cmd.SeePassage("finish", "B", 12_731_000, 400))

    def give(self, slug: str, run: str, command: cmd.Command) -> None:
        """Carry out a command of the gates or of another judge."""
        self._given += 1
        request = Request("other", f"key-{self._given}", [run, self._given])
        self.lab.championships.write(
            request,
            lambda desk: carry_out(desk, run, command, actor="Айгүл Серікқызы", source="scene"),
            locked(slug),
        )

    def _drive(self, run: str, entry: str, attempt: int, field: str) -> None:
        """A run as far as its start beam."""
        self.give(LINE, run, cmd.OpenRun(run, entry, attempt, field))
        self.give(LINE, run, cmd.Arm(f"{self._given:08x}"))
        self.give(LINE, run, cmd.Armed())
        self.give(LINE, run, cmd.SeePassage("start", "B", 0, 0))

    def _begin(self, slug: str, teams: int, fields: dict[str, list[tuple[str, int, str, int]]]) -> None:
        service = self.lab.championships
        text = next(each.text for each in iter_disciplines() if each.id == RULES[slug])
        service.create("other", NewChampionship(slug, NAMES[slug], text), key=f"{slug}-create")
        rows = [
            TeamRow(n, team.name, team.school, number=n) for n, team in enumerate(demo_teams()[:teams], 1)
        ]
        if rows:
            service.add_entries("other", slug, rows, key=f"{slug}-teams")
        for field, places in fields.items():
            gates = [
                {"point": point, "lane": lane, "device": device, "input": number}
                for point, lane, device, number in places
            ]
            service.set_field("other", slug, field, gates, key=f"{slug}-{field}")

    def _add_line(self) -> None:
        fields = {
            name: [("start", 1, gate, 1), ("finish", 1, gate, 2)]
            for name, gate in zip("1234", GATES, strict=False)
        }
        self._begin(LINE, 16, fields)
        means = {str(number): team.mean_us for number, team in enumerate(demo_teams(), 1)}
        done = [(entry, attempt) for attempt in (1, 2) for entry in means]
        done += [(entry, 3) for entry in ("1", "2", "3", "4", "5")]
        for number, (entry, attempt) in enumerate(done):
            self._past.advance(us=TURN_US)
            wobble_us = (number * 617_317) % 1_400_000 - 500_000
            value_us, bound_us = UNSURE.get((entry, attempt), (means[entry] + wobble_us, 400))
            status = ENDED.get((entry, attempt))
            self._finish(
                LINE,
                cmd.OpenRun(f"{entry}-{attempt}", entry, attempt, "12"[number % 2]),
                cmd.ProposeStatus(status, "сошёл с линии")
                if status
                else cmd.ProposeManual(value_us, bound_us),
            )

    def _finish(self, slug: str, opening: cmd.OpenRun, proposal: cmd.Command) -> None:
        for command in (opening, proposal, cmd.Accept()):
            self.give(slug, opening.run, command)

    def _add_drag(self) -> None:
        places = [
            (point, lane, gate, number)
            for lane, gate in enumerate(GATES[4:], 1)
            for number, point in enumerate(("start", "finish"), 1)
        ]
        self._begin(DRAG, 6, {"5": places})
        for entry in range(1, 7):
            for attempt in (1, 2):
                value_us = 2_310_000 + entry * 61_000 + attempt * 17_000
                lane = 1 + (entry + attempt) % 2
                opening = cmd.OpenRun(f"{entry}-{attempt}", str(entry), attempt, "5", lane)
                self._finish(DRAG, opening, cmd.ProposeManual(value_us, 400))
        self.lab.championships.set_embargo("other", DRAG, True, key="embargo")

    def _add_race(self) -> None:
        self._begin(RACE, 8, {})

    def _add_people(self) -> None:
        people = self.lab.people
        for login, name, role, scope in (
            (ADMIN, "Айгүл Серікқызы", "admin", "city"),
            (JUDGE, "Данияр Ахметов", "judge", f"championship:{LINE}"),
            ("judge-2", "Марат Оспанов", "judge", f"championship:{LINE}"),
            ("hall", "Экран в зале", "display", f"championship:{LINE}"),
        ):
            people.create_account(actor="other", login=login, password=PASSWORD, name=name, language="ru")
            people.grant(actor="other", login=login, role=role, scope=scope)

    def _add_devices(self) -> None:
        for number, gate in enumerate(GATES, 1):
            troubled = gate == TROUBLED
            alert = {"code": "beam_blocked", "params": {"lane": 2}}
            add_gate(
                self.lab,
                gate,
                f"Ворота {number}",
                blocked=[2] if troubled else [],
                alerts={"blocked-2": alert} if troubled else {},
                latest=self_test(blocked=[2], problems=["beam_blocked"])
                if troubled
                else self_test() | {"gate/armed": "false", "gate/last-seq": str(80 + 7 * number)},
                fit={"boot": f"5f{number}a", "ppm_lo": 9.0 * number, "ppm_hi": 9.0 * number + 1.8},
            )
        ports = [
            {"port": f"/dev/ttyUSB{number}", "usb": "1a86:7523", "kit": "timing_gate", "device": gate}
            for number, gate in enumerate(GATES)
        ]
        now_us = self.lab.clock.now_us()
        with self.lab.database.write() as session:
            session.add(
                Device(
                    id="agent-204",
                    kind="agent",
                    name="Кабинет 204",
                    state="ready",
                    description={},
                    alerts={},
                    latest={"agent/ports": json.dumps(ports), "agent/version": "0.1.0"},
                    blocked=[],
                    first_seen_us=now_us,
                    last_seen_us=now_us,
                )
            )


SHEET = (
    "№;Команда;Школа;Город;Тренер\n"
    f"21;Самұрық;{SCHOOLS[0]};Алматы;Нұрлан Ә.\n"
    f"22;Робокөл;{SCHOOLS[3]};Алматы;Сауле Т.\n"
    "23;Шағала;;Алматы;Олег П.\n"
    "двадцать;Тарпан;№ 12 гимназия;Алматы;\n"
    "25;=2+3;№ 12 гимназия;Алматы;\n"
    f"1;Ақсұңқар;{SCHOOLS[1]};Алматы;\n"
)
"""A table of teams with one mistake of each kind that people make."""


@asynccontextmanager
async def open_scene(folder: Path) -> AsyncIterator[Scene]:
    """A real lab in `folder`, without room agent, with the scene in it."""
    settings = Settings(
        data_dir=folder,
        public_url="https://lab.school.kz",
        mqtt_host="127.0.0.1",
        mqtt_port=free_port(),
        argon2_time_cost=1,
        argon2_memory_kib=64,
    )
    async with Lab.open(settings, embedded_agent=False) as lab:
        scene = Scene(lab)
        scene.build()
        yield scene
