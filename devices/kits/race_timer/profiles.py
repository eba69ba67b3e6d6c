"""The timers that are known: TOML files of `timers`, and those that a school brings."""

from functools import cache
from pathlib import Path

from devices.protocols.race_timer import Profile, parse_profile

FOLDER = Path(__file__).parent / "timers"


@cache
def load_profiles() -> dict[str, Profile]:
    """By the name of their file."""
    files = sorted(FOLDER.glob("*.toml"))
    return {file.stem: parse_profile(file.read_text(encoding="utf-8")) for file in files}
