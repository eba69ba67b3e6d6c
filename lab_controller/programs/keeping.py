"""How long uploads are remembered."""

from sqlalchemy import delete, exists
from sqlmodel import Session, col, select

from lab_controller.programs.states import ENDS, State
from lab_controller.programs.tables import Job, Program

OVER = ENDS | {State.INVALID, State.RETURNED, State.UNKNOWN}


def forget_jobs(session: Session, before_us: int, limit: int = 500) -> int:
    """Delete at most `limit` jobs that were over before `before_us`, and programs that no job has any more.

    Gives how many.
    """
    old = select(Job.id).where(col(Job.updated_us) < before_us, col(Job.state).in_(OVER))
    jobs = session.exec(old.order_by(col(Job.updated_us)).limit(limit)).all()
    if jobs:
        session.exec(delete(Job).where(col(Job.id).in_(jobs)))
    unused = ~exists().where(col(Job.program_id) == col(Program.id))
    programs = session.exec(
        select(Program.id).where(unused, col(Program.created_us) < before_us).limit(limit)
    ).all()
    if programs:
        session.exec(delete(Program).where(col(Program.id).in_(programs)))
    return len(jobs) + len(programs)
