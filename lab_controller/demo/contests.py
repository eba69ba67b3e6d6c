"""The two championships of the demo."""

from collections.abc import Mapping, Sequence

from competitions.disciplines import iter_disciplines
from devices.kits.timing_gate.emulator import GateEmulator
from lab_controller.championships.imports import TeamRow
from lab_controller.championships.service import ChampionshipService
from lab_controller.championships.setup import NewChampionship
from lab_controller.demo.accounts import ACTOR
from lab_controller.demo.city import DemoTeam
from lab_controller.demo.track import FINISH, START

LINE, DRAG = "techcup-line", "techcup-drag"
NAMES = {
    LINE: {
        "kk": "TechCup: сызық бойымен қозғалу",
        "ru": "TechCup: следование по линии",
        "en": "TechCup: line following",
    },
    DRAG: {"kk": "TechCup: драг-рейсинг", "ru": "TechCup: драг-рейсинг", "en": "TechCup: drag race"},
}
DISCIPLINES = {LINE: "line_following_a", DRAG: "drag_race"}


def begin(
    service: ChampionshipService,
    slug: str,
    teams: Sequence[DemoTeam],
    fields: Mapping[str, Sequence[GateEmulator]],
) -> dict[str, DemoTeam]:
    """Create a championship with its teams and fields, one gate a lane. Returns the teams by entry."""
    discipline = next(each for each in iter_disciplines() if each.id == DISCIPLINES[slug])
    service.create(ACTOR, NewChampionship(slug, NAMES[slug], discipline.text), key=f"{slug}-create")
    rows = [
        TeamRow(row=number, team=team.name, school=team.school, number=number)
        for number, team in enumerate(teams, start=1)
    ]
    service.add_entries(ACTOR, slug, rows, key=f"{slug}-teams")
    for name, gates in fields.items():
        placed = [
            {"point": point, "lane": lane, "device": gate.device, "input": beam}
            for lane, gate in enumerate(gates, start=1)
            for point, beam in (("start", START), ("finish", FINISH))
        ]
        service.set_field(ACTOR, slug, name, placed, key=f"{slug}-field-{name}")
    return {str(number): team for number, team in enumerate(teams, start=1)}
