"""What people do with an upload on its kit's page: stop it, try again, let a student's pass."""

from typing import Annotated, Literal

from fastapi import APIRouter, Form
from fastapi.responses import Response

from lab_controller.errors import LabError, NotFound
from web.kit_section import KitLook

router = APIRouter()
Deed = Literal["cancel", "retry", "approve", "return"]


@router.post("/kits/{device}/jobs/{job}")
def act(
    section: KitLook,
    job: str,
    deed: Annotated[Deed, Form()],
    reason: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Whoever may use the kit may stop and repeat; only who looks after it lets programs pass."""
    visitor, programs, actor = section.visitor, section.lab.programs, section.actor
    if programs.get_job(job).device != section.device:
        raise NotFound("job_unknown", job=job)
    (visitor.use if deed in ("cancel", "retry") else visitor.manage)(section.device)
    try:
        match deed:
            case "cancel":
                programs.cancel(actor, job)
            case "retry":
                programs.retry(actor, job, needs_approval=visitor.needs_approval(section.device))
            case "approve":
                programs.approve(actor, job)
            case "return":
                programs.give_back(actor, job, reason)
    except LabError as error:
        return section.answer(error)
    return section.go(deed, "program")
