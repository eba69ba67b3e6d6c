"""Simulated Arduinos: the wrapper of simboard, a C program over libsimavr (see README.md)."""

import fcntl
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from tests.peers.parts import missing, require_program

HERE = Path(__file__).parent
BUILD = HERE / "build"
C_FLAGS = ("-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror")
CONTROL_TIMEOUT_S = 300.0
SEND_BYTES = 2000


@dataclass(frozen=True)
class Stimulus:
    """A level on a board's pin ("D8", "A0", "PB0") at a world time."""

    board: int
    pin: str
    level: int
    world_us: float


@dataclass(frozen=True)
class Applied:
    """A level as it was really applied: the board's cycle and the two clocks at that moment."""

    board: int
    pin: str
    level: int
    cycle: int
    world_ns: int
    mono_ns: int


@dataclass(frozen=True)
class Now:
    """World time, the host's CLOCK_MONOTONIC, what the host could not keep up with, each board's cycle."""

    world_ns: int
    mono_ns: int
    lag_ns: int
    cycles: tuple[int, ...]


@dataclass(frozen=True)
class Heard:
    """A line that left a board; `world_ns` is when its last byte was on the wire."""

    world_ns: int
    text: str


class ControlError(RuntimeError):
    """simboard refused a command, or is gone."""


def build() -> Path:
    """Compile simboard if its sources are newer than the program."""
    gcc = require_program("gcc", "gcc")
    pkg_config = require_program("pkg-config", "pkg-config")
    asked = subprocess.run(
        [pkg_config, "--cflags", "--libs", "simavr"], capture_output=True, text=True, check=False
    )
    if asked.returncode:
        missing("libsimavr", "apt-get install libsimavr-dev")
    BUILD.mkdir(exist_ok=True)
    program, sources = BUILD / "simboard", sorted(HERE.glob("*.[ch]"))
    with (BUILD / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if program.exists() and program.stat().st_mtime >= max(s.stat().st_mtime for s in sources):
            return program
        made = BUILD / "simboard.new"
        subprocess.run(
            [gcc, *C_FLAGS, *HERE.glob("*.c"), "-o", made, *asked.stdout.split()],
            check=True,
        )
        made.replace(program)
    return program


class SimBoard:
    """One simboard process with `boards` Arduinos on one world clock; a context manager.

    `ports` are the PTYs, by board. In real pace the world follows CLOCK_MONOTONIC; in free pace it stands
    still except while `run` moves it, so that a test is exact and repeatable.
    """

    def __init__(
        self,
        *,
        bootloader: Path | None = None,
        sketch: Path | None = None,
        boards: int = 1,
        ppm: Sequence[float] = (),
        free: bool = False,
    ) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="simboard-"))
        self.ports = tuple(self._folder / f"tty{index}" for index in range(boards))
        control = self._folder / "control"
        command = [build(), "--control", control, "--follow", "--pty", ",".join(map(str, self.ports))]
        command += ["--boards", str(boards), "--ppm", ",".join(map(str, ppm)) or "0"]
        command += ["--bootloader", bootloader] if bootloader else []
        command += ["--sketch", sketch] if sketch else []
        command += ["--free"] if free else []
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        if self._process.stdout.readline() != "ready\n":
            raise ControlError(f"simboard did not start: exit code {self._process.wait()}")
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(CONTROL_TIMEOUT_S)
        self._socket.connect(str(control))
        self._answers = self._socket.makefile("r")

    def __enter__(self) -> "SimBoard":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def port(self) -> Path:
        """The PTY of the first board."""
        return self.ports[0]

    def stop(self) -> None:
        """End the process and remove its PTY links."""
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait(10)
        if self._process.stdout:
            self._process.stdout.close()
        self._answers.close()
        self._socket.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def now(self) -> Now:
        world_ns, mono_ns, lag_ns, *cycles = self._ask("now")
        return Now(world_ns, mono_ns, lag_ns, tuple(cycles))

    def set(self, board: int, pin: str, level: int) -> Applied:
        """Put a level on a pin at once."""
        cycle, world_ns, mono_ns = self._ask(f"set {board} {pin} {level}")
        return Applied(board, pin, level, cycle, world_ns, mono_ns)

    def schedule(self, stimuli: Iterable[Stimulus]) -> None:
        """Queue levels at world times; `applied` tells later when each came."""
        wanted = list(stimuli)
        lines = [f"{s.board} {s.pin} {s.level} {s.world_us:.3f}" for s in wanted]
        (taken,) = self._ask("\n".join([f"schedule {len(lines)}", *lines]))
        if taken != len(lines):
            raise ControlError(f"{len(lines) - taken} stimuli were refused")

    def applied(self) -> list[Applied]:
        """The scheduled levels applied since the last call. Pins have the chip's names, as in "PB0"."""
        entries = [line.split() for line in self._ask_list("applied")]
        return [Applied(int(b), pin, *map(int, rest)) for b, pin, *rest in entries]

    def run(self, us: float) -> int:
        """Move the world by `us` (free pace only); the world's time in ns."""
        return self._ask(f"run {us:.3f}")[0]

    def set_pace(self, *, real: bool) -> None:
        self._ask(f"pace {'real' if real else 'free'}")

    def send(self, board: int, data: bytes) -> int:
        """Put bytes on the wire to a board, past its PTY; the world time in ns when the first one starts."""
        chunks = [data[at : at + SEND_BYTES] for at in range(0, len(data), SEND_BYTES)]
        starts = [self._ask(f"send {board} {chunk.hex()}")[0] for chunk in chunks]
        return starts[0]

    def heard(self, board: int) -> list[Heard]:
        """The lines that left a board since the last call, whether or not a host had its port open."""
        lines = (line.split(" ", 1) for line in self._ask_list(f"heard {board}"))
        return [Heard(int(world_ns), text) for world_ns, text in lines]

    def flash(self, board: int) -> bytes:
        """What is in the chip's program memory."""
        (digits,) = self._ask_list(f"flash {board}")
        return bytes.fromhex(digits)

    def reset(self, board: int) -> None:
        """Press the reset button: the boot loader runs."""
        self._ask(f"reset {board}")

    def power(self, board: int) -> None:
        """Cut the power for a moment: the sketch starts at once."""
        self._ask(f"power {board}")

    def pull(self, board: int) -> int:
        """Pull the cable; the board keeps running on its own supply. The world time in ns."""
        return self._ask(f"pull {board}")[0]

    def plug(self, board: int) -> None:
        """Put the cable back: the same port path, a new terminal."""
        self._ask(f"plug {board}")

    def set_auto_reset(self, board: int, on: bool) -> None:
        """Whether opening the port resets the board, as the capacitor at DTR does."""
        self._ask(f"autoreset {board} {'on' if on else 'off'}")

    def _say(self, line: str) -> list[str]:
        self._socket.sendall(line.encode() + b"\n")
        answer = self._answers.readline().split()
        if not answer or answer[0] != "ok":
            raise ControlError(f"{line.splitlines()[0][:60]}: {' '.join(answer) or 'no answer'}")
        return answer[1:]

    def _ask(self, line: str) -> list[int]:
        return [int(word) for word in self._say(line) if word.isdigit()]

    def _ask_list(self, line: str) -> list[str]:
        (count,) = self._ask(line)
        return [self._answers.readline().rstrip("\n") for _ in range(count)]
