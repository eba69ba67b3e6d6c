"""A judge's press, given once: the tablet may send it again and gets the same receipt."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel, ConfigDict, Field

from competitions.commands import parse_command
from competitions.errors import RecordError
from lab_controller.errors import Invalid, NotSignedIn
from web.auth import TheLab
from web.live.judging import Judge, draw_run

router = APIRouter()
LATE_US = 10_000_000


class Seen(BaseModel):
    """The proposal on the tablet's screen, as far as the tablet knew it: what is left out is not compared.

    `penalties` are counts by code, `params` the entries on the sheet, null where unset.
    """

    model_config = ConfigDict(extra="forbid")
    status: str | None = None
    value_us: int | None = None
    counted_us: int | None = None
    score: float | None = None
    points: float | None = None
    laps: int | None = None
    best_lap_us: int | None = None
    penalties: dict[str, int] = Field(default_factory=dict)
    params: dict[str, int | float | bool | str | None] = Field(default_factory=dict)


class Press(BaseModel):
    """`made_at_us` is the tablet's clock; `seen` is the proposal that was on its screen.

    `by` is the account of the judge who pressed; a tablet may by now be signed in as another.
    """

    kind: str
    payload: dict[str, Any] = Field(default_factory=dict)
    made_at_us: int | None = None
    seen: Seen | None = None
    by: str | None = Field(None, max_length=64)


class Pressed(BaseModel):
    """`seqs` are the log records that the press made, `rev` the log's end, `run` the run after it."""

    seqs: list[int]
    rev: int
    run: dict[str, Any] | None


@router.post("/api/v1/championships/{slug}/runs/{run}/commands", tags=["championships"])
def give_command(
    *,
    request: Request,
    lab: TheLab,
    judge: Judge,
    slug: str,
    run: str,
    press: Press,
    idempotency_key: Annotated[str, Header(min_length=1, max_length=200)],
) -> Pressed:
    """Carry out one command of a run's judge, once for each Idempotency-Key."""
    if press.by is not None and press.by != judge.account:
        raise NotSignedIn("judge_differs")
    try:
        command = parse_command(press.kind, press.payload)
    except RecordError as error:
        raise Invalid(error.code, **error.params) from None
    receipt = lab.championships.execute(
        slug,
        run,
        command,
        actor=judge.account,
        source=name_source(press.made_at_us, lab.clock.now_us()),
        key=idempotency_key,
        seen=press.seen.model_dump(exclude_unset=True) if press.seen else None,
    )
    after = draw_run(lab, receipt.after, run, request.state.language)
    return Pressed(seqs=list(receipt.seqs), rev=receipt.rev, run=after)


def name_source(made_at_us: int | None, now_us: int) -> str:
    """`tablet`; a press that waited for the network also says when its tablet took it."""
    if made_at_us is None or abs(now_us - made_at_us) <= LATE_US:
        return "tablet"
    return f"tablet, pressed at {made_at_us} us by its clock"
