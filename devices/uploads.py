"""How a program gets onto a kit: checked and compiled first, then by a talk on its line or by a tool."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from devices.driver import Host
from devices.talk import Heard, Progress, Talk


@dataclass(frozen=True)
class Program:
    """A file as a person chose it; `slot` None where the kit has none, `run` to start it at once."""

    name: str
    data: bytes
    slot: int | None = None
    run: bool = True


class ToolPort(Protocol):
    """A port that the agent has closed for an external tool, for as long as that runs."""

    @property
    def path(self) -> str:
        """Where it is now."""
        ...

    async def touch(self, baud: int) -> None:
        """Open at this speed, let DTR fall and close: a Leonardo starts its boot loader at 1200."""
        ...

    async def moved(self, within_s: float) -> str:
        """The path at which the same kit came back after it vanished. Raises UploadError("port_gone")."""
        ...


@dataclass(frozen=True)
class Uploads:
    """What the kit takes. Exactly one of `talk` and `tool` is given.

    `prepare` may take seconds and runs in a thread: it checks the file, compiles it where that is needed,
    and returns whatever the other needs. It raises UploadError with a code that tells what is wrong.
    """

    suffixes: tuple[str, ...]
    max_bytes: int
    prepare: Callable[[Program], Any]
    talk: Callable[[Any, Heard, Host], Talk[None]] | None = None
    tool: Callable[[Any, ToolPort, Mapping[str, str]], AsyncIterator[Progress]] | None = None
    reopens: bool = True
    """Whether another kind of device may be there after it, so that the port must be asked anew."""
    slots: int = 0
    """How many places the kit has for programs; a `Program` counts them from 0."""
    first_slot: int = 0
    """What the kit itself calls the first of them: `program/run` and `program/slot` speak as the kit does."""
    can_run: bool = True
    """Whether a program may be uploaded without being started."""
    named: bool = False
    """Whether `program/run` takes the name of a program that is on the kit."""
