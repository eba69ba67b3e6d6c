"""A job's row and its attempt, moved together."""

from sqlmodel import Session

from lab_controller.bus.changes import JOBS, job_key
from lab_controller.programs.states import ENDS, Progress, State
from lab_controller.programs.tables import Job, JobAttempt


def progress_of(job: Job) -> Progress:
    return Progress(
        attempt=job.attempt,
        state=State(job.state),
        stage=job.stage,
        done=job.done,
        total=job.total,
        code=job.code,
        params=job.params,
        last_n=job.last_n,
    )


def put(session: Session, job: Job, progress: Progress, now_us: int) -> None:
    """Store what has become of the job's attempt."""
    job.state, job.stage = progress.state.value, progress.stage
    job.done, job.total = progress.done, progress.total
    job.code, job.params = progress.code, dict(progress.params)
    job.last_n, job.updated_us = progress.last_n, now_us
    attempt = session.get(JobAttempt, (job.id, job.attempt))
    if attempt is not None:
        attempt.state, attempt.code, attempt.params = job.state, job.code, job.params
        attempt.ended_us = now_us if progress.state in ENDS else None


def begin_attempt(session: Session, job: Job, now_us: int) -> None:
    """The job is in the queue, as attempt number `job.attempt`."""
    session.add(
        JobAttempt(job_id=job.id, attempt=job.attempt, state=job.state, code="", params={}, begun_us=now_us)
    )


def changed_keys(job: Job) -> list[str]:
    """Whom a change of the job concerns."""
    return [job_key(job.device), JOBS]
