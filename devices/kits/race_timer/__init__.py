"""Commercial race timers: a kind of timer is a TOML file in `timers`."""

from dataclasses import replace
from functools import partial
from pathlib import Path

from devices.kit import Capability, Command, Kit, Reading
from devices.kits.race_timer.driver import BAUD, RaceTimerDriver
from devices.kits.race_timer.emulator import TimerEmulator
from devices.kits.race_timer.profiles import Timers

KIT = Kit(
    id="race_timer",
    type="race-timer",
    folder=Path(__file__).parent,
    baud=BAUD,
    driver=RaceTimerDriver,
    emulator=TimerEmulator,
    readings=(
        Reading("timer", "model", "string"),
        Reading("timer", "lanes", "integer", "#"),
        Reading("timer", "state", "string"),
        Reading("timer", "gate", "string"),
        Reading("timer", "result", "json", retained=False),
        Reading("timer", "race", "json"),
        Reading("timer", "takes", "json"),
    ),
    commands=(Command("timer", "arm"), Command("timer", "end", "boolean")),
    capabilities=(Capability("timing"),),
)


def bring_timers(folder: Path) -> Kit:
    """The kit that knows a school's timers as well: the TOML files of `folder`, which need not exist."""
    return replace(KIT, driver=partial(RaceTimerDriver, load=Timers(folder).load))
