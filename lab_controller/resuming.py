"""Where the lab's clock begins: at the host's, or at the newest record where that is a little ahead."""

import json
from dataclasses import dataclass

from sqlmodel import Session, and_, col, select

from lab_controller.audit.tables import AuditRecord
from lab_controller.championships.tables import Championship, LogRecord
from lab_controller.clock import SteadyClock
from lab_controller.database import Database

RESUME_US = 12 * 3_600_000_000
"""More than a wrong hour or time zone makes: what is further ahead was written with a wrong date."""
STEP = "clock_stepped"


@dataclass(frozen=True)
class Ahead:
    """Ends of logs, such as `audit/17`, that are too far ahead of the host's clock to go on from; how far."""

    by_us: int
    ends: tuple[str, ...]


def resume_clock(clock: SteadyClock, database: Database) -> Ahead | None:
    """Never start a little behind what was recorded: what a run under way waits for would come an hour late.

    What is too far ahead is returned, to be audited: it is passed over at every later start.
    """
    now_us = clock.now_us()
    with database.read() as session:
        ends = _find_ends(session, now_us)
    far = {end: at_us for end, at_us in ends.items() if at_us > now_us + RESUME_US}
    clock.go_on_from(max((at_us for end, at_us in ends.items() if end not in far), default=0))
    return Ahead(max(far.values()) - now_us, tuple(sorted(far))) if far else None


def _find_ends(session: Session, now_us: int) -> dict[str, int]:
    """The last record of each log that is ahead of `now_us` and was not passed over before."""
    audited = select(AuditRecord.seq, AuditRecord.at_us).order_by(col(AuditRecord.seq).desc()).limit(1)
    ends = {f"audit/{seq}": at_us for seq, at_us in session.exec(audited) if at_us > now_us}
    heads = (
        select(Championship.slug, LogRecord.seq, LogRecord.at_us)
        .join(
            LogRecord,
            and_(
                col(Championship.id) == LogRecord.championship_id, col(Championship.head_seq) == LogRecord.seq
            ),
        )
        .where(col(LogRecord.at_us) > now_us)
    )
    ends |= {f"championship/{slug}/{seq}": at_us for slug, seq, at_us in session.exec(heads)}
    passed = _find_passed(session) if ends else set()
    return {end: at_us for end, at_us in ends.items() if end not in passed}


def _find_passed(session: Session) -> set[str]:
    steps = select(AuditRecord.payload).where(AuditRecord.subject == "clock", AuditRecord.action == STEP)
    return {end for payload in session.exec(steps) for end in json.loads(payload).get("ahead", [])}
