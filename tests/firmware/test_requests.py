"""What the gate answers on its serial line, to good requests and to bad ones."""

import random
from collections.abc import Callable

import pytest

from devices.protocols import gate as protocol
from tests.firmware.gate import Gate, format_sentence

pytestmark = pytest.mark.peer


def test_hello_names_kind_version_and_id(gate: Gate) -> None:
    word, kind, version, identity = gate.ask("HELLO?")

    assert (word, kind, version) == ("HELLO", "gate", "1.0")
    assert len(identity) == 6
    int(identity, 16)


def test_the_lab_s_codec_and_the_sketch_understand_each_other(gate: Gate) -> None:
    gate.beam(1, broken=True)
    gate.sim.run(2_000)
    gate.beam(1, broken=False)
    gate.sim.run(60_000)
    lines = gate.sim.heard(0)
    boot = gate.ask("STATUS?")[1]
    for request in (
        protocol.HelloRequest(),
        protocol.SyncRequest("abc"),
        protocol.ArmRequest(True, "0a1b2c3d"),
        protocol.AckRequest(boot, 1),
        protocol.ResendRequest(1),
        protocol.StatusRequest(),
    ):
        gate.sim.send(0, protocol.format_request(request))
        gate.sim.run(30_000)
        lines += gate.sim.heard(0)

    events = protocol.GateDecoder().feed("".join(line.text + "\r\n" for line in lines).encode())

    assert [type(event) for event in events] == [
        protocol.BoardPassage,
        protocol.RawEdge,
        protocol.BoardPassage,
        protocol.Hello,
        protocol.SyncReply,
        protocol.ArmReply,
        protocol.Acked,
        protocol.BoardPassage,
        protocol.Status,
    ]


def test_name_is_kept_through_a_power_cut(gate: Gate) -> None:
    assert gate.ask("NAME?,a1b2c3") == ["HELLO", "gate", "1.0", "a1b2c3"]

    gate.sim.power(0)
    gate.sim.run(100_000)

    assert gate.heard() == [["HELLO", "gate", "1.0", "a1b2c3"]]


def test_every_boot_has_its_own_id(gate: Gate) -> None:
    boots = []
    for _ in range(4):
        gate.sim.power(0)
        gate.sim.run(100_000)
        gate.heard()
        boots.append(gate.ask("STATUS?")[1])

    assert len(set(boots)) == 4
    assert all(len(boot) == 4 for boot in boots)


def test_boot_id_goes_on_from_a_full_low_byte(gate: Gate) -> None:
    boots = []
    for _ in range(260):
        gate.sim.power(0)
        gate.sim.run(40_000)
        gate.heard()
    for _ in range(3):
        gate.sim.power(0)
        gate.sim.run(40_000)
        gate.heard()
        boots.append(int(gate.ask("STATUS?")[1], 16))

    assert boots == [261, 262, 263]


def test_sync_time_lies_between_the_request_and_its_answer(gate: Gate) -> None:
    first = gate.sim.send(0, format_sentence("SYNC?,t1"))
    gate.sim.run(1_000_000)
    (answer,) = gate.sim.heard(0)
    second = gate.sim.send(0, format_sentence("SYNC?,t1"))
    gate.sim.run(30_000)
    (later,) = gate.sim.heard(0)

    elapsed_us = int(later.text.split(",")[2].split("*")[0]) - int(answer.text.split(",")[2].split("*")[0])
    assert abs(elapsed_us - (second - first) / 1000) < 20
    assert first < answer.world_ns < first + 5_000_000


def test_arming_tells_the_last_seq_given_out(gate: Gate) -> None:
    gate.beam(1, broken=True)
    gate.sim.run(30_000)
    (passage,) = gate.heard()

    word, flag, token, boot, seq, us = gate.ask("ARM?,1,a1b2c3d4")

    assert (word, flag, token, boot, seq) == ("ARM", "1", "a1b2c3d4", passage[2], "1")
    assert int(us) > int(passage[5])
    assert gate.ask("STATUS?")[3] == "1"
    assert gate.ask("ARM?,0,x")[:3] == ["ARM", "0", "x"]
    assert gate.ask("STATUS?")[3] == "0"


@pytest.mark.parametrize(("broken", "mask"), [((), "0"), ((1,), "1"), ((2,), "2"), ((1, 2), "3")])
def test_status_tells_which_beams_are_blocked(gate: Gate, broken: tuple[int, ...], mask: str) -> None:
    for lane in broken:
        gate.beam(lane, broken=True)
    gate.sim.run(60_000)
    gate.heard()

    word, _, seq, armed, blocked, unacknowledged, lost, bounces, _ = gate.ask("STATUS?")

    assert (word, seq, armed, blocked) == ("STATUS", str(len(broken)), "0", mask)
    assert (unacknowledged, lost, bounces) == (str(len(broken)), "0", "0")


def test_beam_blocked_since_before_the_start_is_no_passage(gate: Gate) -> None:
    gate.beam(2, broken=True)
    gate.sim.power(0)
    gate.sim.run(100_000)
    gate.heard()

    assert gate.ask("STATUS?")[2:5] == ["0", "0", "2"]
    gate.beam(2, broken=False)
    gate.sim.run(10_000)
    assert [fields[3:5] for fields in gate.heard()] == [["2", "C"]]


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"$HELLO?*00\r\n", "checksum"),
        (b"$HELLO?\r\n", "checksum"),
        (b"$*\r\n", "checksum"),
        (b"$\r\n", "checksum"),
        (b"$HELLO?*5G\r\n", "checksum"),
        (format_sentence("HELLO"), "unknown"),
        (format_sentence("DANCE?,1"), "unknown"),
        (format_sentence(""), "unknown"),
        (format_sentence("GATE,1,0001,1,B,5"), "unknown"),
        (format_sentence("HELLO?,1"), "args"),
        (format_sentence("SYNC?"), "args"),
        (format_sentence("SYNC?,"), "args"),
        (format_sentence("SYNC?,123456789"), "args"),
        (format_sentence("SYNC?,a b"), "args"),
        (format_sentence("ARM?,2,abc"), "args"),
        (format_sentence("ARM?,1"), "args"),
        (format_sentence("STATUS?,1"), "args"),
        (format_sentence("ACK?,zzzz,1"), "args"),
        (format_sentence("ACK?,ffff,0"), "args"),
        (format_sentence("RESEND?,4294967296"), "args"),
        (format_sentence("RESEND?,-1"), "args"),
        (format_sentence("RESEND?,1,2"), "args"),
        (format_sentence("NAME?,A1B2C3"), "args"),
        (format_sentence("NAME?,a1b2c"), "args"),
        (format_sentence("SYNC?,1,2,3,4,5,6"), "args"),
        (b"$" + b"x" * 94, "long"),
        (format_sentence("SYNC?," + "x" * 200), "long"),
    ],
)
def test_bad_sentence_gets_its_error(gate: Gate, raw: bytes, code: str) -> None:
    assert gate.tell(raw) == [["ERR", code]]
    assert gate.ask("HELLO?")[0] == "HELLO"


@pytest.mark.parametrize(
    "noise",
    [b"AT\r\n", b"0 0 0 ", b"hello\r\n*5F\r\n", bytes(range(1, 36)), b"$SYNC?,ab", b"$$$$", b"\xff\x00\xfe"],
)
def test_noise_and_torn_sentences_do_not_spoil_the_next_request(gate: Gate, noise: bytes) -> None:
    assert gate.tell(noise + format_sentence("SYNC?,ok1"))[-1][:2] == ["SYNC", "ok1"]


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_any_line_end_will_do(gate: Gate, end: bytes) -> None:
    assert gate.tell(b"$HELLO?*5f".replace(b"5f", format_sentence("HELLO?")[-4:-2].lower()) + end) == [
        gate.ask("HELLO?")
    ]


def test_requests_without_a_pause_are_all_answered(gate: Gate) -> None:
    tokens = [f"t{number}" for number in range(20)]

    answers = gate.tell(b"".join(format_sentence(f"SYNC?,{token}") for token in tokens), 200_000)

    assert [fields[1] for fields in answers] == tokens


def test_random_bytes_are_survived(gates: Callable[..., list[Gate]]) -> None:
    (gate,) = gates()
    chance = random.Random(20181)
    for _ in range(20):
        gate.tell(chance.randbytes(1000))
        gate.tell(bytes(chance.choices(b"$*,?\r\n0123456789ABCDEFSYNCGATHLO", k=1000)))
    gate.tell(b"\r\n", 100_000)

    assert gate.ask("HELLO?")[0] == "HELLO"
    assert gate.ask("STATUS?")[2] == "0"
