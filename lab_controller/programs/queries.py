"""Jobs as pages and programs see them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, func, or_
from sqlmodel import Session, col, select

from lab_controller.equipment.tables import Device
from lab_controller.people.tables import Account
from lab_controller.programs.states import CANCELLED_FROM, State, may_retry
from lab_controller.programs.tables import Job, JobAttempt, Program


@dataclass(frozen=True, slots=True)
class ProgramView:
    id: str
    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class AttemptView:
    """`ended_us` None: under way, or nobody knows."""

    attempt: int
    state: str
    code: str
    params: dict[str, Any]
    begun_us: int
    ended_us: int | None


@dataclass(frozen=True, slots=True)
class PersonView:
    account: str
    name: str


@dataclass(frozen=True, slots=True)
class JobView:
    """`can_*` is what the job's state and its fault allow; who may do it is another question."""

    id: str
    device: str
    device_name: str
    program: ProgramView
    slot: int | None
    run: bool
    state: str
    stage: str
    done: int
    total: int
    code: str
    params: dict[str, Any]
    attempt: int
    attempts: tuple[AttemptView, ...]
    requested_by: PersonView
    created_us: int
    updated_us: int
    can_cancel: bool
    can_retry: bool
    can_approve: bool


def get_job(session: Session, job: str) -> JobView | None:
    found = _view_all(session, select(Job).where(Job.id == job))
    return found[0] if found else None


def list_jobs(
    session: Session,
    *,
    devices: Collection[str] | None = None,
    state: str | None = None,
    before: tuple[int, str] | None = None,
    limit: int = 100,
) -> list[JobView]:
    """The newest first; `before` is the (created_us, id) that the page before ended with."""
    query = select(Job).order_by(col(Job.created_us).desc(), col(Job.id).desc()).limit(limit)
    if devices is not None:
        query = query.where(col(Job.device).in_(devices))
    if state is not None:
        query = query.where(Job.state == state)
    if before is not None:
        at_us, job = before
        earlier = and_(col(Job.created_us) == at_us, col(Job.id) < job)
        query = query.where(or_(col(Job.created_us) < at_us, earlier))
    return _view_all(session, query)


def last_jobs(session: Session, devices: Collection[str]) -> dict[str, JobView]:
    """The newest job of each device that had one."""
    newest = (
        select(col(Job.id).label("job"))
        .add_columns(
            func.row_number()
            .over(partition_by=col(Job.device), order_by=(col(Job.created_us).desc(), col(Job.id).desc()))
            .label("place")
        )
        .where(col(Job.device).in_(devices))
        .subquery()
    )
    query = select(Job).where(col(Job.id).in_(select(newest.c.job).where(newest.c.place == 1)))
    return {view.device: view for view in _view_all(session, query)}


def _view_all(session: Session, query: Any) -> list[JobView]:
    jobs: Sequence[Job] = session.exec(query).all()
    if not jobs:
        return []
    programs = _programs(session, {job.program_id for job in jobs})
    wanted_devices = {job.device for job in jobs}
    named = select(Device.id, Device.name).where(col(Device.id).in_(wanted_devices))
    devices = dict(session.exec(named).all())
    wanted_people = {job.requested_by for job in jobs}
    known = select(Account.id, Account.name).where(col(Account.id).in_(wanted_people))
    people = dict(session.exec(known).all())
    attempts: dict[str, list[AttemptView]] = {}
    tried = select(JobAttempt).where(col(JobAttempt.job_id).in_([job.id for job in jobs]))
    for row in session.exec(tried.order_by(col(JobAttempt.job_id), col(JobAttempt.attempt))):
        view = AttemptView(row.attempt, row.state, row.code, row.params, row.begun_us, row.ended_us)
        attempts.setdefault(row.job_id, []).append(view)
    return [
        _view(
            job,
            programs[job.program_id],
            devices.get(job.device, job.device),
            people.get(job.requested_by, ""),
            tuple(attempts.get(job.id, ())),
        )
        for job in jobs
    ]


def _programs(session: Session, ids: Collection[str]) -> dict[str, ProgramView]:
    """Without their bytes, which may be megabytes."""
    query = select(Program.id, Program.name, Program.size_bytes, Program.sha256)
    return {row[0]: ProgramView(*row) for row in session.exec(query.where(col(Program.id).in_(ids)))}


def _view(
    job: Job, program: ProgramView, device: str, person: str, attempts: tuple[AttemptView, ...]
) -> JobView:
    state = State(job.state)
    return JobView(
        id=job.id,
        device=job.device,
        device_name=device,
        program=program,
        slot=job.slot,
        run=job.run,
        state=job.state,
        stage=job.stage,
        done=job.done,
        total=job.total,
        code=job.code,
        params=job.params,
        attempt=job.attempt,
        attempts=attempts,
        requested_by=PersonView(job.requested_by, person),
        created_us=job.created_us,
        updated_us=job.updated_us,
        can_cancel=state in CANCELLED_FROM and not job.cancel_asked,
        can_retry=may_retry(state, job.code),
        can_approve=state is State.AWAITING_APPROVAL,
    )
