"""What people and the hub write: profiles of race timers, orders, and what a kit is told to do."""

import base64
import hashlib
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from devices.agent.desk import parse_committed
from devices.agent.orders import Order, Orders
from devices.errors import DeviceError, ProtocolError, UploadError
from devices.kits.race_timer.profiles import FOLDER, load_profiles
from devices.protocols.race_patterns import PatternError, compile_pattern
from devices.protocols.race_session import RaceSession
from devices.protocols.race_timer import LINE_MAX, Profile, ProfileError, parse_profile
from devices.uploads import Program
from tests.devices.fuzz.parsers import Reader, function, text
from tests.devices.fuzz.target import Target

SESSIONS = Path(__file__).parents[1] / "kits" / "sessions"
SAID = [b"A=1.2345! B=2.3456\r\n", b"1 3.1415\r\n", b"RACE\r\n", b"\r\nD"]
ORDERS_MAX = 5 * 1024 * 1024
HEAD = {
    "job": "0123456789abcdef",
    "attempt": 1,
    "device": "uno-1",
    "name": "a.hex",
    "slot": None,
    "run": True,
}
PIECES = (b"abc", b"def")
PATTERNS = (
    rb"^\s*(?P<lane>[1-4]|[A-D])=(?P<time>\d+(?:\.\d*)?)\b(?!x)",
    rb"(?i)((a+,?)+|.*\1)$",
    rb"[^a-c]{2,5}?(?=.)",
)


def iter_targets() -> Iterator[Target]:
    """All of them."""
    profiles = [path.read_bytes() for path in sorted(FOLDER.glob("*.toml"))]
    wrong = (ProfileError,)
    yield function("race_timer.parse_profile", text(parse_profile), profiles, wrong)
    compiled = text(partial(compile_pattern, line_max=LINE_MAX))
    yield function("race_patterns.compile_pattern", compiled, PATTERNS, (PatternError,))
    yield Target(
        "a timer by a profile that somebody wrote",
        _OwnTimer,
        [[profile, *SAID] for profile in profiles],
        wrong,
        ("race_timer.parse_profile", "race_session.RaceSession"),
    )
    for name, known in load_profiles().items():
        yield Target(
            f"race_session.RaceSession of {name}",
            lambda known=known: _timer(known),  # type: ignore[misc]
            [SAID, *_sessions(name)],
            covers=("race_session.RaceSession",),
        )
    committed = [b'{"boot": "5f3a", "seqs": [12, 13]}']
    yield function("desk.parse_committed", text(parse_committed), committed, (ProtocolError,))
    yield Target("agent.orders.Orders", _Orders, [list(_order())], state_max=ORDERS_MAX)


def _sessions(name: str) -> Iterator[list[bytes]]:
    """What such a timer was heard to say."""
    for path in SESSIONS.glob(f"{name}*.txt"):
        yield [line for line in path.read_bytes().splitlines(keepends=True) if not line.startswith(b">")]


def _timer(profile: Profile) -> Reader:
    session = RaceSession(profile)
    return Reader(session.feed, lambda: list(session.pending()))


class _OwnTimer:
    """The first piece is a profile, what follows is said by the timer."""

    def __init__(self) -> None:
        self._session: RaceSession | None = None

    def feed(self, data: bytes) -> None:
        if self._session is None:
            profile = parse_profile(data.decode("utf-8", "replace"))
            self._session = RaceSession(profile)
            said = (*profile.arming(self._session.lanes[:2]), *profile.says)
            assert all(isinstance(each, str) for each in said)
        else:
            list(self._session.feed(data))

    def close(self) -> None:
        if self._session is not None:
            list(self._session.pending())


class _Orders:
    """Heads and parts as they come over the bus; whoever sent nonsense is told, and the next is heard."""

    def __init__(self) -> None:
        self.orders = Orders()
        self._now_us = 0

    def feed(self, data: bytes) -> None:
        self._now_us += 1_000_000
        said = data.decode("utf-8", "replace")
        for take in (self.orders.head, self.orders.part):
            try:
                whole = take(said, self._now_us)
            except (ProtocolError, UploadError) as error:
                _check_words(error)
                continue
            if whole is not None:
                _check_order(*whole)

    def close(self) -> None:
        for order in self.orders.late(self._now_us + 1):
            order.key.encode()


def _check_order(order: Order, program: Program) -> None:
    """What is written to disk and onto the bus can be written there."""
    for word in (order.key, order.device, program.name):
        word.encode()
    assert len(program.data) == order.size
    assert order.key.rpartition("-")[::2] == (order.job, str(order.attempt))


def _check_words(error: DeviceError) -> None:
    json.dumps(dict(error.params)).encode()


def _order() -> Iterator[bytes]:
    data = b"".join(PIECES)
    yield json.dumps({**HEAD, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}).encode()
    for place, piece in enumerate(PIECES):
        told = {"job": HEAD["job"], "attempt": 1, "n": place, "data": base64.b64encode(piece).decode()}
        yield json.dumps(told).encode()
