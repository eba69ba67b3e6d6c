"""Uploads: a file for a kit becomes a job, which may be watched, cancelled, tried again, let pass."""

from typing import Annotated

from fastapi import APIRouter, File, Form, Path, Query, Request, UploadFile
from pydantic import BaseModel, Field

from lab_controller.errors import NotFound
from lab_controller.programs.queries import JobView
from lab_controller.programs.states import State
from web.api.devices import DeviceId
from web.api.job_shapes import Job
from web.api.pagination import Cursor, Limit, Page, cut, decode_cursor, encode_cursor
from web.api.shapes import IdempotencyKey
from web.auth import TheLab
from web.kit_access import Kits, Visitor
from web.kit_views import hide_people, view_job

router = APIRouter(prefix="/api/v1", tags=["jobs"])
JobId = Annotated[str, Path(max_length=64)]


@router.post("/devices/{dev}/uploads", status_code=201, summary="Put a program onto a kit")
def upload(
    *,
    request: Request,
    lab: TheLab,
    visitor: Visitor,
    dev: DeviceId,
    file: Annotated[UploadFile, File(description="The program, with the name that its kind is known by")],
    slot: Annotated[int | None, Form(ge=0, le=1000)] = None,
    run: Annotated[bool, Form(description="Start it at once")] = True,
    idempotency_key: IdempotencyKey,
) -> Job:
    device = visitor.use(dev)
    job = lab.programs.submit(
        visitor.actor,
        device.id,
        file.filename or "",
        file.file.read(lab.programs.max_bytes + 1),
        slot=slot,
        run=run,
        key=idempotency_key,
        needs_approval=visitor.needs_approval(device.id),
    )
    return told(request, visitor, job)


@router.get("/jobs", summary="Jobs, the newest first")
def list_all(
    *,
    request: Request,
    lab: TheLab,
    visitor: Visitor,
    device: Annotated[str | None, Query(max_length=64)] = None,
    state: Annotated[State | None, Query()] = None,
    limit: Limit = 100,
    cursor: Cursor = "",
) -> Page[Job]:
    visitor.see_anything()
    devices = None if device is None else [visitor.see(device).id]
    if devices is None and not visitor.sees_all:
        devices = visitor.visible()
    before = decode_cursor(cursor, int, str)
    jobs = lab.programs.list_jobs(devices=devices, state=state, before=before, limit=limit + 1)
    found, more = cut(jobs, limit)
    following = encode_cursor(found[-1].created_us, found[-1].id) if more else None
    return Page(items=[told(request, visitor, job) for job in found], next=following)


@router.get("/jobs/{job}", summary="One job with all its attempts")
def show(request: Request, lab: TheLab, visitor: Visitor, job: JobId) -> Job:
    return told(request, visitor, see(lab, visitor, job))


@router.post("/jobs/{job}/cancel", summary="Stop a job; the kit stays usable")
def cancel(request: Request, lab: TheLab, visitor: Visitor, job: JobId) -> Job:
    """Where an executor is at work the job goes on until that has stopped it."""
    visitor.use(see(lab, visitor, job).device)
    return told(request, visitor, lab.programs.cancel(visitor.actor, job))


@router.post("/jobs/{job}/retry", summary="Try again: a new attempt")
def retry(request: Request, lab: TheLab, visitor: Visitor, job: JobId) -> Job:
    device = visitor.use(see(lab, visitor, job).device)
    again = lab.programs.retry(visitor.actor, job, needs_approval=visitor.needs_approval(device.id))
    return told(request, visitor, again)


@router.post("/jobs/{job}/approve", summary="Let a student's program pass")
def approve(request: Request, lab: TheLab, visitor: Visitor, job: JobId) -> Job:
    visitor.manage(see(lab, visitor, job).device)
    return told(request, visitor, lab.programs.approve(visitor.actor, job))


class Reason(BaseModel):
    reason: Annotated[str, Field(max_length=500)] = ""


@router.post("/jobs/{job}/return", summary="Give a student's program back")
def give_back(request: Request, lab: TheLab, visitor: Visitor, job: JobId, why: Reason) -> Job:
    visitor.manage(see(lab, visitor, job).device)
    return told(request, visitor, lab.programs.give_back(visitor.actor, job, why.reason))


def see(lab: TheLab, visitor: Kits, job: str) -> JobView:
    """A job of a kit that the visitor may see; any other is as unknown as one that is not there."""
    view = lab.programs.get_job(job)
    if not visitor.sees_all and view.device not in visitor.visible():
        raise NotFound("job_unknown", job=job)
    return view


def told(request: Request, visitor: Kits, job: JobView) -> Job:
    """Students see no other person's name."""
    view = view_job(job, request.state.language)
    own = visitor.sees_all or job.requested_by.account == visitor.actor
    return Job(**(view if own else hide_people(view)))
