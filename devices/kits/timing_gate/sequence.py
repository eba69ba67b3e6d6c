"""Which passages of one boot have come, which are on disk, and which are missing."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice

SPAN = 4096
"""Far more than any board keeps."""

MISSING_MAX = 256


@dataclass
class PassageRun:
    """Passages of one boot by `seq`; all up to `floor` are settled, None until the board told."""

    boot: str
    floor: int | None = None
    top: int = 0
    come: set[int] = field(default_factory=set)
    stored: set[int] = field(default_factory=set)

    def see(self, seq: int) -> bool:
        """True if this passage is new."""
        self.top = max(self.top, seq)
        if seq in self.come or (self.floor is not None and seq <= self.floor):
            return False
        self.come.add(seq)
        return True

    def know(self, settled: int, top: int) -> None:
        """The board says that it has given out `top` and was freed of all up to `settled`."""
        self.top = max(self.top, top)
        if self.floor is None:
            self.floor = settled
            self._settle()

    def store(self, seqs: Sequence[int]) -> None:
        """These are on disk."""
        self.stored.update(seqs)
        self._settle()

    def give_up(self, first: int, last: int) -> tuple[int, int] | None:
        """The board no longer has these; the first and last that had never come, or None."""
        lost = [seq for seq in self.missing() if first <= seq <= last]
        self.come.update(lost)
        self.stored.update(lost)
        self._settle()
        return (lost[0], lost[-1]) if lost else None

    def is_far(self, seq: int) -> bool:
        """Whether no board could have come so far since it last told: the line has lied."""
        return self.floor is not None and seq > self.top + SPAN

    def missing(self) -> list[int]:
        """Passages that were made and have not come, the oldest of them."""
        if self.floor is None:
            return []
        absent = (seq for seq in range(self.floor + 1, self.top + 1) if seq not in self.come)
        return list(islice(absent, MISSING_MAX))

    def _settle(self) -> None:
        if self.floor is None:
            return
        while self.floor + 1 in self.stored:
            self.floor += 1
        self.come = {seq for seq in self.come if seq > self.floor}
        self.stored = {seq for seq in self.stored if seq > self.floor}
