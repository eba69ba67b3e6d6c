"""Commercial race timers: a kind of timer is a TOML file in `timers`."""

from pathlib import Path

from devices.kit import Capability, Command, Kit, Reading
from devices.kits.race_timer.driver import RaceTimerDriver
from devices.kits.race_timer.emulator import TimerEmulator

KIT = Kit(
    id="race_timer",
    type="race-timer",
    folder=Path(__file__).parent,
    baud=9600,
    driver=RaceTimerDriver,
    emulator=TimerEmulator,
    readings=(
        Reading("timer", "model", "string"),
        Reading("timer", "lanes", "integer", "#"),
        Reading("timer", "state", "string"),
        Reading("timer", "gate", "string"),
        Reading("timer", "result", "json", retained=False),
    ),
    commands=(Command("timer", "arm"), Command("timer", "end", "boolean")),
    capabilities=(Capability("timing"),),
)
