"""Writes that are done once: the same key of the same actor gives the receipt of the first time."""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from sqlalchemy import bindparam
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, insert, select

from competitions.contest import ContestState, Record
from lab_controller.bus.changes import Changes
from lab_controller.bus.handler import Effects, Outbound
from lab_controller.canonical import canonical_json
from lab_controller.championships.desk import Desk
from lab_controller.championships.journal import load_championship
from lab_controller.championships.projection import Projections
from lab_controller.championships.tables import Championship, ReceiptRow
from lab_controller.clock import Clock
from lab_controller.database import Database
from lab_controller.errors import Conflict, Invalid, Unavailable

log = structlog.get_logger(__name__)

LONGEST_KEY = 200
_DONE = select(ReceiptRow.request_hash, ReceiptRow.response).where(
    ReceiptRow.actor == bindparam("actor"), ReceiptRow.key == bindparam("key")
)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a write came to: the log records it made and the log's end after it.

    `after` is the contest as this write left it; of a write that was done before, as it is now.
    """

    seqs: tuple[int, ...]
    rev: int
    after: ContestState = field(compare=False, repr=False)
    again: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Records that were appended, and what follows after the commit."""

    records: tuple[Record, ...] = ()
    effects: Effects = field(default_factory=Effects)


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks for what under which key; `content` tells two requests with one key apart."""

    actor: str
    key: str
    content: Sequence[Any]

    def digest(self) -> str:
        """Raises Invalid `bad_key` or `not_loggable`."""
        if not re.fullmatch(rf"[\x21-\x7e]{{1,{LONGEST_KEY}}}", self.key):
            raise Invalid("bad_key", longest=LONGEST_KEY)
        try:
            return hashlib.sha256(canonical_json(self.content).encode()).hexdigest()
        except (ValueError, TypeError):
            raise Invalid("not_loggable") from None


class Writer:
    """`publish` is set by whoever owns the bus; until then nothing reaches the gates."""

    def __init__(self, database: Database, clock: Clock, changes: Changes) -> None:
        self.database = database
        self.clock = clock
        self.changes = changes
        self.projections = Projections()
        self.publish: Callable[[Sequence[Outbound]], None] = lambda messages: None

    def write(
        self,
        request: Request,
        act: Callable[[Desk], Outcome],
        begin: Callable[[Session], Championship],
    ) -> Receipt:
        """Do `act` and keep its receipt in one transaction, unless the receipt is there already.

        Raises Conflict `key_reused` when the key came with another request.
        """
        try:
            return self._write(request, act, begin)
        except IntegrityError:
            # On PostgreSQL another worker may add the same slug, school or receipt in the same moment.
            return self._write(request, act, begin)

    def _write(
        self, request: Request, act: Callable[[Desk], Outcome], begin: Callable[[Session], Championship]
    ) -> Receipt:
        digest = request.digest()
        with self.database.write() as session:
            championship = begin(session)
            desk = Desk(session, self.projections, championship, self.clock.now_us())
            name = {"actor": request.actor, "key": request.key}
            known = session.connection().execute(_DONE, name).first()
            if known is not None:
                if known.request_hash != digest:
                    raise Conflict("key_reused", key=request.key)
                seqs = tuple(known.response["seqs"])
                return Receipt(seqs, known.response["rev"], desk.state, again=True)
            outcome = act(desk)
            folded = desk.folded
            seqs = tuple(record.seq for record in outcome.records)
            receipt = Receipt(seqs, championship.head_seq, folded.state)
            done = {"response": {"seqs": list(seqs), "rev": receipt.rev}, "at_us": desk.now_us}
            session.connection().execute(insert(ReceiptRow), {**name, "request_hash": digest, **done})
        self.projections.publish(championship, folded)
        self.follow(outcome.effects)
        return receipt

    def follow(self, effects: Effects) -> None:
        """Do what comes after a commit; what is on disk does not fail because the bus is away."""
        if effects.publish:
            try:
                self.publish(effects.publish)
            except Unavailable as error:
                log.warning("the gates were not told", code=error.code)
        self.changes.announce(effects.changed)


def locked(slug: str) -> Callable[[Session], Championship]:
    """How most writes begin: hold the championship's row."""
    return lambda session: load_championship(session, slug, lock=True)
