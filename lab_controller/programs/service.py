"""What people do with programs: send one to a kit, cancel it, try again, let a student's pass."""

import hashlib
import secrets
from collections.abc import Callable, Collection, Sequence
from typing import Any

import structlog
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from lab_controller import audit, metrics
from lab_controller.bus.changes import Changes
from lab_controller.bus.handler import Outbound
from lab_controller.canonical import canonical_json
from lab_controller.clock import Clock
from lab_controller.database import Database
from lab_controller.equipment.tables import Device
from lab_controller.errors import Conflict, NotFound, Unavailable
from lab_controller.programs.changing import begin_attempt, changed_keys, progress_of, put
from lab_controller.programs.handler import GONE
from lab_controller.programs.orders import cancel_order
from lab_controller.programs.queries import JobView, get_job, list_jobs
from lab_controller.programs.states import CANCELLED_FROM, Progress, State, may_retry, move
from lab_controller.programs.tables import Job, Program
from lab_controller.programs.taking import check_program, clean_name, executor_of, order_of

log = structlog.get_logger(__name__)

MOST_BYTES = 4 * 1024 * 1024
"""What an executor takes, whatever its kit says."""


class ProgramsService:
    """`publish` sends to the bus from any thread."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        changes: Changes,
        publish: Callable[[Sequence[Outbound]], None],
        *,
        max_bytes: int = MOST_BYTES,
    ) -> None:
        self._database = database
        self._clock = clock
        self._changes = changes
        self._publish = publish
        self.max_bytes = min(max_bytes, MOST_BYTES)

    def submit(
        self,
        actor: str,
        device: str,
        name: str,
        data: bytes,
        *,
        slot: int | None,
        run: bool,
        key: str,
        needs_approval: bool = False,
    ) -> JobView:
        """Make the job of an upload, once for each key of an actor.

        Raises NotFound, Conflict `key_reused`, and Invalid with the code of what is wrong with the program.
        """
        name = clean_name(name)
        sha256 = hashlib.sha256(data).hexdigest()
        asked = canonical_json([device, name, sha256, slot, run])
        digest = hashlib.sha256(asked.encode()).hexdigest()

        def make(session: Session) -> tuple[Job, list[Outbound]]:
            known = session.exec(select(Job).where(Job.requested_by == actor, Job.key == key)).first()
            if known is not None:
                if known.request_hash != digest:
                    raise Conflict("key_reused", key=key)
                return known, []
            row = _known_device(session, device)
            check_program(row, name, len(data), slot, self.max_bytes)
            now_us = self._clock.now_us()
            program = _keep_program(session, name, data, sha256, now_us)
            job = Job(
                id=secrets.token_hex(8),
                device=device,
                executor=executor_of(row),
                program_id=program.id,
                slot=slot,
                run=run,
                state=(State.AWAITING_APPROVAL if needs_approval else State.QUEUED).value,
                stage="",
                done=0,
                total=0,
                code="",
                params={},
                attempt=1,
                last_n=-1,
                cancel_asked=False,
                requested_by=actor,
                key=key,
                request_hash=digest,
                created_us=now_us,
                updated_us=now_us,
            )
            session.add(job)
            session.flush()
            begin_attempt(session, job, now_us)
            self._audit(session, actor, "program_submitted", job, device=device, program=name, sha256=sha256)
            return job, [] if needs_approval else order_of(session, job)

        try:
            return self._do(make)
        except IntegrityError:
            # On PostgreSQL the same request may come to another worker in the same moment.
            return self._do(make)

    def cancel(self, actor: str, job: str) -> JobView:
        """Ask the executor to stop; where there is none to ask, the job ends here."""

        def act(session: Session) -> tuple[Job, list[Outbound]]:
            row = _locked(session, job)
            state = State(row.state)
            if state not in CANCELLED_FROM:
                raise Conflict("job_moved_on", state=row.state)
            self._audit(session, actor, "job_cancelled", row)
            executor = session.get(Device, row.executor)
            away = executor is None or executor.state in GONE
            if state is State.AWAITING_APPROVAL or (state is State.QUEUED and away):
                self._put(session, row, State.CANCELLED, "cancelled", {})
                # An order may still wait at the broker: it must not be carried out later.
                return row, [] if state is State.AWAITING_APPROVAL else [cancel_order(row)]
            row.cancel_asked = True
            row.updated_us = self._clock.now_us()
            return row, [cancel_order(row)]

        return self._do(act)

    def retry(self, actor: str, job: str, *, needs_approval: bool = False) -> JobView:
        """A new attempt of a job that did not succeed. Raises Conflict `job_moved_on`, or `retry_in_vain`.

        What no executor has begun may never have been let pass: it waits for that where it `needs_approval`.
        """

        def act(session: Session) -> tuple[Job, list[Outbound]]:
            row = _locked(session, job)
            waits = needs_approval and row.last_n < 0
            now = State(row.state)
            state = move(now, State.AWAITING_APPROVAL if waits else State.QUEUED)
            if not may_retry(now, row.code):
                raise Conflict("retry_in_vain", fault=row.code)
            row.executor = executor_of(_known_device(session, row.device))
            row.attempt, row.cancel_asked = row.attempt + 1, False
            self._audit(session, actor, "job_retried", row, attempt=row.attempt)
            begin_attempt(session, row, self._clock.now_us())
            session.flush()
            put(session, row, Progress(row.attempt, state), self._clock.now_us())
            return row, [] if waits else order_of(session, row)

        return self._do(act)

    def approve(self, actor: str, job: str) -> JobView:
        """Let a student's program pass."""

        def act(session: Session) -> tuple[Job, list[Outbound]]:
            row = _locked(session, job)
            state = move(move(State(row.state), State.APPROVED), State.QUEUED)
            self._put(session, row, state, "", {})
            self._audit(session, actor, "job_approved", row)
            return row, order_of(session, row)

        return self._do(act)

    def give_back(self, actor: str, job: str, reason: str) -> JobView:
        """Return a student's program with the reason why."""

        def act(session: Session) -> tuple[Job, list[Outbound]]:
            row = _locked(session, job)
            state = move(State(row.state), State.RETURNED)
            self._put(session, row, state, "program_returned", {"reason": reason[:500]})
            self._audit(session, actor, "job_returned", row)
            return row, []

        return self._do(act)

    def get_job(self, job: str) -> JobView:
        """Raises NotFound."""
        with self._database.read() as session:
            view = get_job(session, job)
        if view is None:
            raise NotFound("job_unknown", job=job)
        return view

    def list_jobs(
        self,
        *,
        devices: Collection[str] | None = None,
        state: str | None = None,
        before: tuple[int, str] | None = None,
        limit: int = 100,
    ) -> list[JobView]:
        """The newest first; of all devices if `devices` is None."""
        with self._database.read() as session:
            return list_jobs(session, devices=devices, state=state, before=before, limit=limit)

    def _do(self, act: Callable[[Session], tuple[Job, list[Outbound]]]) -> JobView:
        with self._database.write() as session:
            row, messages = act(session)
            session.flush()
            view = get_job(session, row.id)
            keys = changed_keys(row)
        assert view is not None
        self._changes.announce(keys)
        if messages:
            try:
                self._publish(messages)
            except Unavailable as error:
                # The job is on disk; its executor hears of it when it is there again.
                log.warning("the executor was not told", code=error.code, job=view.id)
        return view

    def _put(self, session: Session, job: Job, state: State, code: str, params: dict[str, Any]) -> None:
        before = progress_of(job)
        after = Progress(before.attempt, state, code=code, params=params, last_n=before.last_n)
        put(session, job, after, self._clock.now_us())
        if state is State.CANCELLED:
            metrics.JOBS.labels(state.value).inc()

    def _audit(self, session: Session, actor: str, action: str, job: Job, **payload: object) -> None:
        audit.append(
            session,
            at_us=self._clock.now_us(),
            actor=actor,
            action=action,
            subject=f"job:{job.id}",
            payload=payload,
        )


def _known_device(session: Session, device: str) -> Device:
    row = session.get(Device, device)
    if row is None:
        raise NotFound("device_unknown", device=device)
    return row


def _locked(session: Session, job: str) -> Job:
    row = session.exec(select(Job).where(col(Job.id) == job).with_for_update()).first()
    if row is None:
        raise NotFound("job_unknown", job=job)
    return row


def _keep_program(session: Session, name: str, data: bytes, sha256: str, now_us: int) -> Program:
    known = session.exec(select(Program).where(Program.sha256 == sha256, Program.name == name)).first()
    if known is not None:
        return known
    program = Program(
        id=secrets.token_hex(8), name=name, sha256=sha256, size_bytes=len(data), data=data, created_us=now_us
    )
    session.add(program)
    session.flush()
    return program
