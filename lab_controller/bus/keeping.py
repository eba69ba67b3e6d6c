"""How many of the messages that could not be stored are kept."""

from sqlalchemy import delete
from sqlmodel import Session, col, select

from lab_controller.bus.tables import DeadLetter

KEPT = 2000
"""The newest; a device whose program is wrong sends ten a second and they are all alike."""


def forget_dead_letters(session: Session, kept: int = KEPT, limit: int = 20_000) -> int:
    """Delete at most `limit` of those that came before the newest `kept`; gives how many."""
    ids = select(DeadLetter.id).order_by(col(DeadLetter.id).desc()).offset(kept).limit(limit)
    old = session.exec(ids).all()
    if old:
        session.exec(delete(DeadLetter).where(col(DeadLetter.id) <= old[0], col(DeadLetter.id) >= old[-1]))
    return len(old)
