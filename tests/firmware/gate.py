"""A gate on a simulated board as a test sees it: sentences in, sentences out, beams to break."""

from dataclasses import dataclass

from tests.peers.simboard import Applied, SimBoard

LANE_PINS = {1: "D8", 2: "D2"}
ANSWER_US = 25_000


def format_sentence(body: str) -> bytes:
    """`$body*HH` and the line's end, as the host sends it."""
    return f"${body}*{_sum(body):02X}\r\n".encode()


def parse_sentence(text: str) -> list[str]:
    """The fields of one sentence. Raises ValueError if its form or its checksum is wrong."""
    body, star, checksum = text.removeprefix("$").rpartition("*")
    if not text.startswith("$") or not star or checksum != f"{_sum(body):02X}":
        raise ValueError(text)
    return body.split(",")


def _sum(body: str) -> int:
    total = 0
    for byte in body.encode():
        total ^= byte
    return total


@dataclass(frozen=True)
class Passage:
    """A GATE sentence's fields."""

    seq: int
    boot: str
    lane: int
    edge: str
    us: int


def to_passage(fields: list[str]) -> Passage:
    word, seq, boot, lane, edge, us = fields
    assert word == "GATE", fields
    return Passage(int(seq), boot, int(lane), edge, int(us))


class Gate:
    """One board of a SimBoard in free pace."""

    def __init__(self, sim: SimBoard, board: int) -> None:
        self.sim, self.board = sim, board

    def clear_beams(self) -> None:
        for pin in LANE_PINS.values():
            self.sim.set(self.board, pin, 1)

    def beam(self, lane: int, *, broken: bool) -> Applied:
        return self.sim.set(self.board, LANE_PINS[lane], 0 if broken else 1)

    def heard(self) -> list[list[str]]:
        """The sentences since the last look."""
        return [parse_sentence(line.text) for line in self.sim.heard(self.board)]

    def tell(self, raw: bytes, wait_us: float = ANSWER_US) -> list[list[str]]:
        """Send raw bytes; the sentences that come within `wait_us` of the last byte."""
        self.sim.send(self.board, raw)
        self.sim.run(len(raw) * 87 + wait_us)
        return self.heard()

    def ask(self, body: str) -> list[str]:
        """Send one request; its one answer."""
        (answer,) = self.tell(format_sentence(body))
        return answer

    def boot_us(self) -> int:
        """The board's own time now, roughly."""
        return int(self.ask("SYNC?,now")[2])
