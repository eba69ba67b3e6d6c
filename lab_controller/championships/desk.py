"""A championship that a transaction has in hand: its locked row, its state, its log."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from competitions.contest import ContestState, Record
from competitions.events import Event
from lab_controller.championships.journal import append
from lab_controller.championships.projection import Folded, Projections
from lab_controller.championships.tables import Championship


@dataclass(frozen=True, slots=True)
class Desk:
    """`now_us` is the moment of everything that is done at it."""

    session: Session
    projections: Projections
    championship: Championship
    now_us: int

    @property
    def folded(self) -> Folded:
        return self.projections.current(self.session, self.championship)

    @property
    def state(self) -> ContestState:
        return self.folded.state

    @property
    def championship_id(self) -> int:
        assert self.championship.id is not None
        return self.championship.id

    def append(
        self, events: Sequence[Event], *, actor: str, source: str, voids: int | None = None
    ) -> tuple[Record, ...]:
        """Log events and take them into the state; `voids` is what the first of them takes back."""
        if not events:
            return ()
        before = self.folded
        records = append(
            self.session,
            self.championship,
            events,
            at_us=self.now_us,
            actor=actor,
            source=source,
            voids=voids,
        )
        self.projections.extend(self.session, self.championship, before, records)
        return tuple(records)

    def committed(self) -> Callable[[], None]:
        """What makes the state as it is now the one that everybody sees; to be called after the commit."""
        return self.projections.publishing(self.championship, self.folded)
