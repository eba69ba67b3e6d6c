"""The life of a job as a pure machine: which step may follow which, and what an executor's word changes."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from devices.errors import FAULTS_OF_THE_PROGRAM
from lab_controller.bus.payloads import parse_object
from lab_controller.errors import Conflict, Invalid

MOST = 2**31


class State(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    VALIDATING = "validating"
    INVALID = "invalid"
    AWAITING_APPROVAL = "awaiting_approval"
    RETURNED = "returned"
    APPROVED = "approved"
    QUEUED = "queued"
    PREPARING = "preparing"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


S = State
ENDS = frozenset({S.SUCCEEDED, S.FAILED, S.CANCELLED})
UNDERWAY = frozenset({S.PREPARING, S.RUNNING})
OPEN = frozenset({S.QUEUED, S.UNKNOWN}) | UNDERWAY
"""With the executor, as far as anybody knows."""
MOVES: Mapping[State, frozenset[State]] = {
    S.DRAFT: frozenset({S.SUBMITTED, S.CANCELLED}),
    S.SUBMITTED: frozenset({S.VALIDATING}),
    S.VALIDATING: frozenset({S.INVALID, S.AWAITING_APPROVAL, S.APPROVED}),
    S.INVALID: frozenset(),
    S.AWAITING_APPROVAL: frozenset({S.APPROVED, S.RETURNED, S.CANCELLED}),
    S.RETURNED: frozenset(),
    S.APPROVED: frozenset({S.QUEUED}),
    S.QUEUED: UNDERWAY | ENDS,
    S.PREPARING: UNDERWAY | ENDS | {S.UNKNOWN},
    S.RUNNING: UNDERWAY | ENDS | {S.UNKNOWN},
    S.UNKNOWN: UNDERWAY | ENDS | {S.QUEUED},
    S.SUCCEEDED: frozenset(),
    S.FAILED: frozenset({S.QUEUED}),
    S.CANCELLED: frozenset({S.QUEUED, S.AWAITING_APPROVAL}),
}
RETRIED = frozenset({S.FAILED, S.CANCELLED, S.UNKNOWN})
CANCELLED_FROM = frozenset({S.AWAITING_APPROVAL, S.QUEUED, S.UNKNOWN}) | UNDERWAY


@dataclass(frozen=True, slots=True)
class Progress:
    """Where an attempt is; `last_n` is the number of the last word about it, -1 before the first."""

    attempt: int
    state: State
    stage: str = ""
    done: int = 0
    total: int = 0
    code: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    last_n: int = -1


@dataclass(frozen=True, slots=True)
class Word:
    """One event of an executor about one attempt."""

    job: str
    attempt: int
    n: int
    state: State
    stage: str
    done: int
    total: int
    code: str
    params: Mapping[str, Any]

    @property
    def ends(self) -> bool:
        return self.state in ENDS


def move(now: State, to: State) -> State:
    """`to`, if it may follow `now`. Raises Conflict `job_moved_on`."""
    if to not in MOVES[now]:
        raise Conflict("job_moved_on", state=now.value)
    return to


def may_retry(now: State, code: str) -> bool:
    """Whether another attempt after `code` may end otherwise."""
    return now in RETRIED and code not in FAULTS_OF_THE_PROGRAM


def hear(progress: Progress, word: Word) -> Progress:
    """The attempt after an executor's word; the same object if the word says nothing new.

    Words come twice, late and out of order. An end is final; before it the highest number counts.
    """
    if word.attempt != progress.attempt or progress.state in ENDS:
        return progress
    if word.state not in MOVES[progress.state]:
        return progress
    if word.ends:
        return replace(
            progress,
            state=word.state,
            stage=word.stage or progress.stage,
            code=word.code,
            params=word.params,
            last_n=max(word.n, progress.last_n),
        )
    if word.n <= progress.last_n:
        return progress
    return replace(
        progress,
        state=word.state,
        stage=word.stage,
        done=word.done,
        total=word.total,
        code="",
        params={},
        last_n=word.n,
    )


def lose(progress: Progress, code: str, params: Mapping[str, Any]) -> Progress:
    """The executor is gone: how the attempt ends is not known until it comes back."""
    if progress.state not in UNDERWAY:
        return progress
    return replace(progress, state=State.UNKNOWN, code=code, params=params)


def give_up(progress: Progress, code: str) -> Progress:
    """Nobody began it for too long: it must not start by itself when nobody looks any more."""
    return replace(progress, state=move(progress.state, State.FAILED), code=code, params={})


def parse_word(payload: bytes) -> Word:
    """Raises Invalid."""
    match parse_object(payload):
        case {"job": str(job), "attempt": int(attempt), "n": int(n), "state": str(state), **more} if (
            state in UNDERWAY | ENDS and 0 < attempt < MOST and 0 <= n < MOST and len(job) <= 64
        ):
            params = more.get("params", {})
            if not isinstance(params, dict):
                raise Invalid("payload_invalid", problem="params")
            return Word(
                job=job,
                attempt=attempt,
                n=n,
                state=State(state),
                stage=_text(more.get("stage")),
                done=_count(more.get("done")),
                total=_count(more.get("total")),
                code=_text(more.get("code")),
                params=params,
            )
    raise Invalid("payload_invalid", problem="not an event of a job")


def _text(value: object) -> str:
    return value[:64] if isinstance(value, str) else ""


def _count(value: object) -> int:
    return min(value, MOST - 1) if type(value) is int and value > 0 else 0
