"""The schools and teams of an invented city."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DemoTeam:
    """A team, its school and how good its robot is: mean time and spread of a clean run."""

    name: str
    school: str
    mean_us: int
    spread_us: int


SCHOOLS = (
    "№ 28 мектеп-лицей",
    "№ 54 гимназия",
    "№ 81 мектеп-гимназия",
    "№ 105 гимназия",
    "№ 171 мектеп",
    "Физика-математика лицейі",
    "Химия-биология мектебі",
    "MakerLab технопаркі",
)

NAMES = (
    "Арлан",
    "Қыран",
    "Барыс Robotics",
    "Жұлдыз-81",
    "Тұлпар",
    "Алатау",
    "Сұңқар",
    "Ақбөкен",
    "Көкжал",
    "Түлкібот",
    "Медеу",
    "Шымбұлақ Tech",
    "Іле",
    "Болат қанат",
    "Робостарт",
    "Нұр",
)

BEST_MEAN_US = 12_100_000
STEP_US = 290_000
SPREAD_US = 350_000


def demo_teams() -> tuple[DemoTeam, ...]:
    """Every team of the demo, in the order of their start numbers; skill does not follow the order."""
    return tuple(
        DemoTeam(
            name=name,
            school=SCHOOLS[index % len(SCHOOLS)],
            mean_us=BEST_MEAN_US + (index * 7 % len(NAMES)) * STEP_US,
            spread_us=SPREAD_US,
        )
        for index, name in enumerate(NAMES)
    )
