"""The contest's state as a fold of its log: kept in memory, caught up by seq, thrown away at will."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from sqlmodel import Session

from competitions.contest import ContestState, Record, apply_record, fold, parse_record
from lab_controller.championships.journal import iter_rows
from lab_controller.championships.tables import Championship

_OWN = "championships.folded"
_APPENDED = "championships.appended"


@dataclass(frozen=True, slots=True)
class Folded:
    """A state with the end of the log that it was folded from."""

    state: ContestState
    seq: int
    hash: str

    def fits(self, championship: Championship) -> bool:
        return self.seq < championship.head_seq or self.ends(championship)

    def ends(self, championship: Championship) -> bool:
        return (self.seq, self.hash) == (championship.head_seq, championship.head_hash)


class Projections:
    """The newest committed state of every championship that was asked for; safe from any thread.

    What a transaction has appended itself is seen by that transaction only, until `publish`.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._folded: dict[int, Folded] = {}

    def current(self, session: Session, championship: Championship) -> Folded:
        """The state at the end of the log as `session` sees it."""
        key = _key(championship)
        own: dict[int, Folded] = session.info.setdefault(_OWN, {})
        # A savepoint that was rolled back leaves a state here that its log no longer ends in.
        if (folded := own.get(key)) is not None and folded.ends(championship):
            return folded
        own.pop(key, None)
        with self._lock:
            known = self._folded.get(key)
        if known is not None and known.ends(championship):
            return known
        folded = _catch_up(session, championship, known if known and known.fits(championship) else None)
        if _APPENDED not in session.info:
            self.publish(championship, folded)
        return folded

    def extend(
        self, session: Session, championship: Championship, before: Folded, records: Sequence[Record]
    ) -> Folded:
        """The state after `records`, which `session` has just appended to what `before` ends in."""
        state = before.state
        for record in records:
            state = apply_record(state, record)
        folded = Folded(state, championship.head_seq, championship.head_hash)
        session.info.setdefault(_OWN, {})[_key(championship)] = folded
        session.info[_APPENDED] = True
        return folded

    def publish(self, championship: Championship, folded: Folded) -> None:
        """Make a committed state the newest one, unless a newer one is known."""
        self._show(_key(championship), folded)

    def publishing(self, championship: Championship, folded: Folded) -> Callable[[], None]:
        """`publish` for after the commit, when the row itself can no longer be asked."""
        return partial(self._show, _key(championship), folded)

    def forget(self, championship: Championship) -> None:
        with self._lock:
            self._folded.pop(_key(championship), None)

    def _show(self, key: int, folded: Folded) -> None:
        with self._lock:
            known = self._folded.get(key)
            if known is None or known.seq <= folded.seq:
                self._folded[key] = folded


def _catch_up(session: Session, championship: Championship, base: Folded | None) -> Folded:
    rows = list(iter_rows(session, championship, after=base.seq if base else 0))
    if base is not None and (not rows or rows[0]["prev_hash"] != base.hash):
        # Another database under the same name: what is known is not the beginning of this log.
        return _catch_up(session, championship, None)
    records = [parse_record(row) for row in rows]
    if base is None:
        return Folded(fold(records), championship.head_seq, championship.head_hash)
    state = base.state
    for record in records:
        state = apply_record(state, record)
    return Folded(state, championship.head_seq, championship.head_hash)


def _key(championship: Championship) -> int:
    assert championship.id is not None
    return championship.id
