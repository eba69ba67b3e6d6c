"""Standings computed once for each change that can move them: most records of a log cannot."""

import threading
from dataclasses import dataclass
from typing import Any

from competitions.contest import ContestState
from competitions.ranking import Standing, standings


@dataclass(frozen=True, slots=True)
class _Known:
    state: ContestState
    accepted: tuple[tuple[str, int | None], ...]
    table: tuple[Standing, ...]

    def holds(self, state: ContestState, accepted: Any) -> bool:
        before = self.state
        return (
            self.accepted == accepted
            and before.discipline is state.discipline
            and before.settlements == state.settlements
            and before.entries == state.entries
        )


class StandingCache:
    """The last table of each championship; safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, _Known] = {}

    def of(self, state: ContestState) -> tuple[Standing, ...]:
        accepted = tuple((run.run, run.accepted_seq) for run in state.runs.values() if run.result is not None)
        with self._lock:
            known = self._known.get(state.slug)
        if known is None or not known.holds(state, accepted):
            known = _Known(state, accepted, standings(state))
            with self._lock:
                self._known[state.slug] = known
        return known.table
