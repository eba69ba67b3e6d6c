"""The timers that are known: TOML files of `timers`, and those that a school brings."""

import logging
from pathlib import Path

from devices.protocols.race_timer import Profile, ProfileError, parse_profile

FOLDER = Path(__file__).parent / "timers"

log = logging.getLogger(__name__)


class Timers:
    """The lab's timers and those of a `school`'s folder, read anew at each `load`.

    A school's file goes before one of the lab's that has its name.
    """

    def __init__(self, school: Path | None = None) -> None:
        self._school = school
        self._warned: list[str] = []

    def load(self) -> dict[str, Profile]:
        """By the name of their file. One that cannot be used is left out, and warned of once."""
        found = {file.stem: load_profile(file) for file in sorted(FOLDER.glob("*.toml"))}
        warnings: list[str] = []
        for file in self.files:
            try:
                found[file.stem] = load_profile(file)
            except ProfileError as error:
                warnings.append(f"{file}: {error}")
        for warning in warnings:
            if warning not in self._warned:
                log.warning("a race timer is left out: %s", warning)
        self._warned = warnings
        return found

    @property
    def files(self) -> tuple[Path, ...]:
        """What the school has brought."""
        return tuple(sorted(self._school.glob("*.toml"))) if self._school is not None else ()


def load_profile(file: Path) -> Profile:
    """One timer. Raises ProfileError, also for a file that cannot be read."""
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ProfileError("file", "is not UTF-8 text") from error
    except OSError as error:
        raise ProfileError("file", error.strerror or "cannot be read") from error
    return parse_profile(text)


def load_profiles() -> dict[str, Profile]:
    """Those that the lab brings."""
    return Timers().load()
