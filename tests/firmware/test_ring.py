"""Passages stay on the board until the host has them on its disk."""

import pytest

from tests.firmware.gate import LANE_PINS, Gate, format_sentence, to_passage
from tests.peers.simboard import Stimulus

pytestmark = pytest.mark.peer

KEPT = 128


def drive_through(gate: Gate, count: int, gap_us: float = 25_000) -> list[list[str]]:
    """Make `count` passages on lane 1; what the gate said."""
    start_us = gate.sim.now().world_ns / 1000 + 1000
    level = 1 if gate.ask("STATUS?")[4] in ("1", "3") else 0
    gate.sim.schedule(
        Stimulus(0, LANE_PINS[1], level ^ number % 2, start_us + 30_000 + number * gap_us)
        for number in range(count)
    )
    gate.sim.run(100_000 + count * gap_us)
    return gate.heard()


def seqs(sentences: list[list[str]]) -> list[int]:
    return [to_passage(fields).seq for fields in sentences if fields[0] == "GATE"]


def test_acknowledged_passages_are_let_go(gate: Gate) -> None:
    boot = drive_through(gate, 5)[0][2]

    assert gate.ask("STATUS?")[5] == "5"
    assert gate.ask(f"ACK?,{boot},3") == ["ACK", boot, "3"]
    assert gate.ask("STATUS?")[5] == "2"
    assert gate.ask(f"ACK?,{boot},2") == ["ACK", boot, "2"]
    assert gate.ask("STATUS?")[5] == "2"


def test_resend_gives_the_same_sentences_from_a_seq_on(gate: Gate) -> None:
    first = drive_through(gate, 6)

    assert gate.tell(format_sentence("RESEND?,4"), 100_000) == first[3:]
    assert gate.tell(format_sentence("RESEND?,0"), 100_000) == first


def test_resend_after_acknowledgement_gives_only_the_rest(gate: Gate) -> None:
    first = drive_through(gate, 6)
    gate.ask(f"ACK?,{first[0][2]},4")

    assert gate.tell(format_sentence("RESEND?,1"), 100_000) == first[4:]
    assert gate.tell(format_sentence("RESEND?,7")) == []


def test_acknowledging_what_was_never_given_out_is_refused(gate: Gate) -> None:
    boot = drive_through(gate, 2)[0][2]

    assert gate.ask(f"ACK?,{boot},3") == ["ERR", "args"]
    assert gate.ask("STATUS?")[5] == "2"


def test_acknowledgement_of_an_earlier_boot_is_refused(gate: Gate) -> None:
    earlier = drive_through(gate, 2)[0][2]
    gate.sim.power(0)
    gate.sim.run(100_000)
    gate.heard()
    drive_through(gate, 2)

    assert gate.ask(f"ACK?,{earlier},2") == ["ERR", "args"]
    assert gate.ask("STATUS?")[5] == "2"


def test_overwritten_passages_are_named_gone_and_the_rest_is_resent(gate: Gate) -> None:
    said = drive_through(gate, KEPT + 12)
    boot = said[0][2]

    assert seqs(said) == list(range(1, KEPT + 13))
    status = gate.ask("STATUS?")
    assert (status[2], status[5], status[6]) == (str(KEPT + 12), str(KEPT), "12")
    again = gate.tell(format_sentence("RESEND?,1"), 1_000_000)
    assert again[0] == ["GONE", boot, "1", "12"]
    assert again[1:] == said[12:]
    assert gate.tell(format_sentence("RESEND?,5"), 1_000_000)[0] == ["GONE", boot, "5", "12"]
    assert gate.tell(format_sentence("RESEND?,13"), 1_000_000) == said[12:]


def test_acknowledged_ring_loses_nothing_when_it_goes_round(gate: Gate) -> None:
    seen = []
    for _ in range(4):
        said = drive_through(gate, 60)
        seen += seqs(said)
        gate.ask(f"ACK?,{said[0][2]},{seen[-1]}")

    assert seen == list(range(1, 241))
    assert gate.ask("STATUS?")[5:7] == ["0", "0"]


def test_passage_during_a_long_resend_comes_after_it(gate: Gate) -> None:
    said = drive_through(gate, 100)
    gate.sim.send(0, format_sentence("RESEND?,1"))
    gate.sim.run(20_000)
    gate.beam(2, broken=True)
    gate.sim.run(700_000)

    assert seqs(gate.heard()) == [*seqs(said), 101]


def test_requests_are_answered_during_a_long_resend(gate: Gate) -> None:
    drive_through(gate, 100)
    gate.sim.send(0, format_sentence("RESEND?,1"))
    gate.sim.run(20_000)
    gate.heard()

    words = [fields[0] for fields in gate.tell(format_sentence("SYNC?,now"))]

    assert "SYNC" in words
    assert "GATE" in words


def test_passages_survive_a_pulled_cable(gate: Gate) -> None:
    gate.sim.pull(0)
    said = drive_through(gate, 7)
    gate.sim.plug(0)
    gate.sim.run(10_000)

    assert gate.tell(format_sentence("RESEND?,1"), 100_000) == said


def test_passages_get_through_to_a_host_that_never_stops_asking(gate: Gate) -> None:
    gate.sim.send(0, format_sentence("STATUS?") * 400)
    start_us = gate.sim.now().world_ns / 1000
    gate.sim.schedule(Stimulus(0, LANE_PINS[1], at % 2, start_us + 30_000 * (at + 1)) for at in range(8))
    gate.sim.run(300_000)

    sentences = [line.text for line in gate.sim.heard(0)]

    assert sum(text.startswith("$GATE,") for text in sentences) == 8
    assert sum(text.startswith("$STATUS,") for text in sentences) > 20
