"""Whatever comes over a line, the bus or from a file: declared errors only, bounded state and time."""

import hashlib
import json
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings

from devices.registry import iter_kits
from tests.devices import fuzz
from tests.devices.fuzz import parsers
from tests.devices.fuzz.inputs import floods, garbled
from tests.devices.fuzz.search import minimise
from tests.devices.fuzz.target import STATE_MAX, Broken, Target, cut, join, run

TARGETS = fuzz.iter_targets()
NAMES = {target.name for target in TARGETS}
EXAMPLES = 25
FLOOD_BYTES = 4096
PROFILE = b'name="a"\nlanes=2\nresults=["%b"]\n[probe]\nsay="a"\nhear="b"\n'
OWN = "a timer by a profile that somebody wrote"
HEAD = json.dumps(
    {
        "job": "JOB",
        "attempt": 1,
        "device": "a",
        "name": "b",
        "size": 0,
        "sha256": hashlib.sha256().hexdigest(),
    }
).encode()
ONCE_BROKEN = [
    ("ev3 commands", [rb'mailbox/send {"box": "\ud800", "value": 1}']),
    ("spike commands", [b"program/run 00010000"]),
    ("race_timer.parse_profile", [b"a=" + b"[" * 30_000]),
    ("race_timer.parse_profile", [b"lanes=" + b"9" * 5000]),
    (OWN, [PROFILE % b"(?P<lane>[a-z]+)=(?P<time>.*)", b"abc=1\n"]),
    (OWN, [PROFILE % b"(?P<lane>(a+)+)=(?P<time>.*)", b"a" * 40 + b"\n"]),
    (OWN, [PROFILE % b"(?P<lane>.)(?P<time>.)" + b'[mask]\nbits="{bits}"\nbase=9999999\n']),
    ("ev3 .lms file", [b"vmthread MAIN\n{\n MOVE16_16(" + b"9" * 5000 + b",Left)\n}\n"]),
    ("ev3 .lms file", [b"vmthread MAIN\n{\n MOVEF_F(" + b"9" * 50 + b".0F,Left)\n}\n"]),
    (OWN, [PROFILE % rb"(?P<lane>.)\\d{9999999999}(?P<time>.)"]),
    ("plotter.parse_plotter", [b"9" * 20_000 + b"x"]),
    ("desk.parse_committed", [rb'{"boot": "\ud800", "seqs": [1]}']),
    ("agent.orders.Orders", [HEAD.replace(b"JOB", rb"\ud800")]),
    ("agent.orders.Orders", [HEAD.replace(b'"attempt": 1', b'"attempt": true')]),
    ("agent.orders.Orders", [HEAD.replace(b'"attempt": 1', b'"attempt": -1')]),
]

every_target = pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)


class Careless:
    """Keeps all that it hears, fails at `!` and is slow at `?`."""

    def __init__(self) -> None:
        self.kept = bytearray()

    def feed(self, data: bytes) -> None:
        self.kept += data
        if b"!" in data:
            raise ZeroDivisionError
        for _ in range(data.count(b"?")):
            sum(range(1_000_000))

    def close(self) -> None:
        pass


CARELESS = Target("careless", Careless, [[b"abc", b"def"]])


def test_every_protocol_and_each_of_its_parsers_is_fuzzed():
    covered = [name for target in TARGETS for name in target.covers]
    assert parsers.modules_without(covered) == set()
    assert set(parsers.iter_parsers()) - set(covered) == set()


def test_the_driver_and_the_commands_of_every_kit_are_fuzzed():
    kits = list(iter_kits())
    assert {f"{kit.id} driver" for kit in kits} - NAMES == set()
    assert {f"{kit.id} commands" for kit in kits if kit.commands} - NAMES == set()
    talks = {kit.uploads.talk for kit in kits if kit.uploads and kit.uploads.talk}
    assert len([name for name in NAMES if name.endswith(" upload")]) == len(talks)


@pytest.mark.parametrize(
    ("pieces", "kind"),
    [([b"a!"], "ZeroDivisionError"), ([bytes(STATE_MAX + 1)], "state"), ([b"a?"], "time")],
)
def test_a_parser_that_is_careless_would_be_found(monkeypatch, pieces: Sequence[bytes], kind: str):
    monkeypatch.setattr(fuzz.target, "START_S", 0.001)
    with pytest.raises(Broken) as broken:
        run(CARELESS, pieces)
    assert broken.value.identity[:2] == ("careless", kind)


def test_an_input_that_breaks_something_is_made_small():
    pieces = [b"abc", b"de!f" * 100, b"ghi"]
    with pytest.raises(Broken) as broken:
        run(CARELESS, pieces)
    assert minimise(CARELESS, pieces, broken.value.identity) == [b"!"]


def test_pieces_are_one_input_and_any_input_is_pieces():
    pieces = [b"", b"abc", b"d" * 5000]
    assert cut(join(pieces)) == [b"", b"abc", b"d" * 4095, b"d" * 905]
    assert cut(b"\xff\xff") == [b""]


@pytest.mark.parametrize(("name", "pieces"), ONCE_BROKEN, ids=range(len(ONCE_BROKEN)))
def test_what_once_broke_is_whole(name: str, pieces: Sequence[bytes]):
    run(next(target for target in TARGETS if target.name == name), pieces)


@pytest.mark.slow
@every_target
def test_a_garbled_input_does_no_harm(target: Target):
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(garbled(target))
    def check(pieces: list[bytes]) -> None:
        run(target, pieces)

    for seed in target.seeds:
        run(target, seed)
    check()


@pytest.mark.slow
@every_target
def test_a_flood_is_neither_kept_nor_slow(target: Target):
    for pieces in floods(target, FLOOD_BYTES):
        run(target, pieces)
