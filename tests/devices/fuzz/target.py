"""What is fuzzed, and what must hold whatever it is fed: declared errors only, bounded state and time."""

import gc
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Protocol

REPOSITORY = Path(__file__).parents[3]
CHUNK_MAX = 0xFFF
STATE_MAX = 64 * 1024
"""Bytes that a parser or a driver may have gathered."""
START_S, BYTE_S = 0.25, 20e-6
"""CPU time of one input; a full-speed serial line gives 87 us a byte."""


class Machine(Protocol):
    """Takes pieces of input; whatever it has gathered hangs on it."""

    def feed(self, data: bytes) -> None:
        """The next piece."""
        ...

    def close(self) -> None:
        """Nothing more will come."""
        ...


@dataclass(frozen=True)
class Target:
    """`covers` names the parsers that are run, as `module.name`; each seed is a valid input in pieces."""

    name: str
    begin: Callable[[], Machine]
    seeds: Sequence[Sequence[bytes]]
    errors: tuple[type[Exception], ...] = ()
    covers: tuple[str, ...] = ()
    state_max: int = STATE_MAX


@dataclass(frozen=True)
class Trial:
    """What one input has cost: bytes of input, of state, and CPU seconds."""

    fed: int
    state: int
    cpu_s: float


class Broken(AssertionError):
    """A claim does not hold; `kind` and `place` tell one failure from another."""

    def __init__(self, target: str, kind: str, place: str) -> None:
        super().__init__(f"{target}: {kind} at {place}")
        self.identity = (target, kind, place)


def run(target: Target, pieces: Sequence[bytes], *, timed: bool = True) -> Trial:
    """Feed one input to the end. Raises Broken; slow is what is slow twice."""
    trial = _try(target, pieces)
    if timed and trial.cpu_s > START_S + trial.fed * BYTE_S:
        trial = _try(target, pieces)
        if trial.cpu_s > START_S + trial.fed * BYTE_S:
            raise Broken(target.name, "time", f"more than {BYTE_S * 1e6:.0f} us a byte")
    return trial


def _try(target: Target, pieces: Sequence[bytes]) -> Trial:
    machine = target.begin()
    empty = state_size(machine)
    begun = time.thread_time()
    try:
        for piece in pieces:
            machine.feed(piece)
        cpu_s = time.thread_time() - begun
        state = state_size(machine) - empty
        machine.close()
    except target.errors:
        cpu_s = time.thread_time() - begun
        state = state_size(machine) - empty
    except Broken:
        raise
    except Exception as error:
        raise Broken(target.name, type(error).__name__, _place(error)) from error
    fed = sum(map(len, pieces))
    if state > target.state_max:
        raise Broken(target.name, "state", f"more than {target.state_max} bytes kept")
    return Trial(fed, state, cpu_s)


def state_size(root: object) -> int:
    """Bytes of everything that hangs on `root`, without code."""
    size = 0
    seen: set[int] = set()
    ahead = [root]
    while ahead:
        one = ahead.pop()
        if id(one) in seen or isinstance(one, (type, ModuleType, BuiltinFunctionType)):
            continue
        seen.add(id(one))
        size += sys.getsizeof(one)
        if isinstance(one, FunctionType):
            ahead += one.__closure__ or ()
        else:
            ahead += gc.get_referents(one)
    return size


def join(pieces: Sequence[bytes]) -> bytes:
    """Pieces as one input; each of at most `CHUNK_MAX` bytes."""
    cut = [piece[at : at + CHUNK_MAX] for piece in pieces for at in range(0, max(1, len(piece)), CHUNK_MAX)]
    return b"".join(len(piece).to_bytes(2, "little") + piece for piece in cut)


def cut(data: bytes) -> list[bytes]:
    """The other way, for any bytes."""
    pieces = []
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 2], "little") & CHUNK_MAX
        pieces.append(data[at + 2 : at + 2 + size])
        at += 2 + size
    return pieces


def _place(error: BaseException) -> str:
    """Where in our own code it was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/devices/" in frame.filename and "/tests/" not in frame.filename]
    frame = (ours or list(frames))[-1]
    path = Path(frame.filename)
    name = path.relative_to(REPOSITORY) if path.is_relative_to(REPOSITORY) else path.name
    return f"{name}:{frame.lineno}: {error}"[:160]
