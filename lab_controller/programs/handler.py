"""What executors say of their jobs, into the tables; what they need to hear again, back to them."""

from collections.abc import Callable, Sequence
from functools import partial

from sqlmodel import Session, col, select

from lab_controller import metrics
from lab_controller.bus.handler import Effects, Inbound
from lab_controller.bus.payloads import parse_text
from lab_controller.bus.topics import Topic
from lab_controller.errors import Invalid
from lab_controller.programs.changing import changed_keys, progress_of, put
from lab_controller.programs.orders import NODE, cancel_order, confirm_end
from lab_controller.programs.states import OPEN, UNDERWAY, State, Word, give_up, hear, lose, parse_word
from lab_controller.programs.tables import Job, JobAttempt
from lab_controller.programs.taking import order_of

GONE = frozenset({"lost", "disconnected"})
WAITS_US = 600_000_000
"""For the room's computer, with a program that starts a motor as soon as it is there."""


class JobHandler:
    def wants(self, topic: Topic) -> bool:
        if topic.kind == "value":
            return (topic.node, topic.prop) == (NODE, "event")
        return topic.kind == "state"

    def store(self, session: Session, messages: Sequence[Inbound]) -> Effects:
        effects = Effects()
        for message in messages:
            if message.topic.kind == "state":
                effects.extend(_take_state(session, message))
            elif message.payload:
                effects.extend(_take_word(session, message))
        return effects


def _take_word(session: Session, message: Inbound) -> Effects:
    word, executor = parse_word(message.payload), message.topic.device
    effects = Effects()
    job = session.exec(select(Job).where(Job.id == word.job).with_for_update()).first()
    if job is not None:
        if job.executor != executor:
            raise Invalid("job_foreign", job=word.job, device=executor)
        before = progress_of(job)
        after = hear(before, word)
        if after is not before:
            put(session, job, after, message.received_us)
            session.add(job)
            effects.changed += changed_keys(job)
            if word.ends:
                effects.committed += _count_end(session, job, message.received_us)
        elif word.ends and word.attempt < job.attempt:
            _end_earlier(session, word, message.received_us)
            effects.changed += changed_keys(job)
    if word.ends:
        # Also of a job that nobody knows any more, or the executor would tell it for ever.
        effects.publish.append(confirm_end(executor, word.job, word.attempt, word.n))
    return effects


def _count_end(session: Session, job: Job, now_us: int) -> list[Callable[[], None]]:
    calls: list[Callable[[], None]] = [metrics.JOBS.labels(job.state).inc]
    attempt = session.get(JobAttempt, (job.id, job.attempt))
    if attempt is not None:
        calls.append(partial(metrics.JOB_SECONDS.observe, (now_us - attempt.begun_us) / 1_000_000))
    return calls


def _end_earlier(session: Session, word: Word, now_us: int) -> None:
    """How an attempt ended that was given up before anybody knew."""
    attempt = session.get(JobAttempt, (word.job, word.attempt))
    if attempt is not None and attempt.ended_us is None:
        attempt.state, attempt.code, attempt.params = word.state.value, word.code, dict(word.params)
        attempt.ended_us = now_us


def _take_state(session: Session, message: Inbound) -> Effects:
    """An executor that comes back gets its orders again; one that is gone leaves its jobs in the dark."""
    state, executor = parse_text(message.payload), message.topic.device
    effects = Effects()
    if state not in GONE and state != "ready":
        return effects
    open_jobs = select(Job).where(
        Job.executor == executor, col(Job.state).in_(UNDERWAY if state in GONE else OPEN)
    )
    for job in session.exec(open_jobs.order_by(col(Job.created_us)).with_for_update()):
        if state in GONE:
            put(session, job, lose(progress_of(job), "job_out_of_sight", {}), message.received_us)
            effects.changed += changed_keys(job)
        elif job.cancel_asked:
            effects.publish.append(cancel_order(job))
        elif job.state == State.QUEUED and message.received_us - job.updated_us > WAITS_US:
            put(session, job, give_up(progress_of(job), "waited_too_long"), message.received_us)
            effects.publish.append(cancel_order(job))
            effects.changed += changed_keys(job)
        elif job.state == State.QUEUED:
            effects.publish += order_of(session, job)
    return effects
